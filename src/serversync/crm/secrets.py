"""Keeps stored passwords unreadable without the key, which is not in the database.

The key is ``SERVERSYNC_SECRET_KEY`` (any text of 16 characters or more) or the file ``secret.key`` in the data
folder, made at the first use; a file that others may read is refused. Passwords are sealed with AES-256-GCM under a
key derived from it; the place of a password (table, row, column) is authenticated along, so that a sealed value that
is copied to another row does not open there.

While the key is changed there are two: the next one is ``SERVERSYNC_SECRET_KEY_NEXT`` or the file ``secret.key.next``.
From the moment it exists everything is sealed with it, and both open. So whatever stops the change in between, every
password can be opened, and the change is taken up again by asking for it again.

A sealed value: one byte format (1), 12 bytes nonce, ciphertext, 16 bytes tag.
"""

import hashlib
import hmac
import os
import secrets as randomness
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from serversync.core.errors import InputInvalid, SecretKeyExposed, SecretKeyUnusable
from serversync.database.address import data_folder

VARIABLE: Final = "SERVERSYNC_SECRET_KEY"
NEXT_VARIABLE: Final = "SERVERSYNC_SECRET_KEY_NEXT"
_OTHERS: Final = 0o077
_FORMAT = b"\x01"
_NONCE = 12
_SHORTEST_KEY = 16


def key_file() -> Path:
    """Return where the key is kept unless ``SERVERSYNC_SECRET_KEY`` gives it."""
    return data_folder() / "secret.key"


def next_key_file() -> Path:
    """Return where the next key is kept while the key is changed."""
    return data_folder() / "secret.key.next"


def is_from_environment() -> bool:
    """Tell whether the key is given by ``SERVERSYNC_SECRET_KEY``."""
    return bool(os.environ.get(VARIABLE))


def exists() -> bool:
    """Tell whether there is a key already; asking makes none."""
    return bool(os.environ.get(VARIABLE)) or key_file().exists()


def ensure() -> None:
    """Make the key unless there is one.

    Raises:
        SecretKeyUnusable: there is none and none can be made, or it is too short.
    """
    _key()


def purpose(table: str, key: UUID | str, column: str) -> str:
    """Return the name of the place of a secret, to which it is bound."""
    return f"{table}/{key}/{column}"


def seal(secret: str, place: str) -> bytes:
    """Return the secret in a form that only the key opens, and only for this place.

    Raises:
        SecretKeyUnusable: there is no usable key and none can be made.
        SecretKeyExposed: others may read its file.
    """
    nonce = os.urandom(_NONCE)
    key = _derived("passwords", _next_key() or _key())
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, secret.encode(), place.encode())


def unseal(sealed: bytes | memoryview, place: str) -> str:
    """Return the secret again; for the adapter that is about to use it, and for nobody else.

    Raises:
        SecretKeyUnusable: another key sealed it, it belongs to another place, or it is damaged.
        SecretKeyExposed: others may read the file of the key.
    """
    data = bytes(sealed)
    if data[:1] != _FORMAT:
        raise SecretKeyUnusable(source=_source(), reason="unknown format")
    if (opened := _open(data, place, _key())) is not None:
        return opened
    # The next key may become the key between the two looks, hence the third.
    for look in (_next_key, _key):
        key = look()
        if key is not None and (opened := _open(data, place, key)) is not None:
            return opened
    raise SecretKeyUnusable(source=_source(), reason="another key")


def is_under_newest(sealed: bytes | memoryview, place: str) -> bool:
    """Tell whether the key with which secrets are sealed now opens this one."""
    return _open(bytes(sealed), place, _next_key() or _key()) is not None


def has_next() -> bool:
    """Tell whether there is a next key, so that a change is under way."""
    return _next_key() is not None


def begin_change() -> None:
    """See that there is a next key; from now on secrets are sealed with it. One that is there already stays.

    Raises:
        InputInvalid: the key comes from the environment, and the next one was not given there.
        SecretKeyUnusable: none can be made.
    """
    if is_from_environment():
        if not os.environ.get(NEXT_VARIABLE):
            raise InputInvalid(
                field=NEXT_VARIABLE,
                reason=f"the key comes from {VARIABLE}, so give the next one there to every process, then start them again",
            )
        return
    ensure()
    try:
        if not next_key_file().exists():
            _make(next_key_file())
    except OSError as reason:
        raise SecretKeyUnusable(source=str(next_key_file()), reason=str(reason)) from reason


def end_change() -> bool:
    """Put the next key in the place of the key; nothing may be sealed with the old one any more.

    Returns:
        Whether it is done; a key of the environment is put in its place by whoever gives it.
    """
    if is_from_environment():
        return False
    next_key_file().replace(key_file())
    _flush(key_file().parent)
    return True


def session_key() -> str:
    """Return the key under which log-ins and forms of the pages are signed; differs from that of the passwords.

    Raises:
        SecretKeyUnusable: there is no usable key and none can be made.
    """
    return _derived("sessions", _key()).hex()


def _open(data: bytes, place: str, key: bytes) -> str | None:
    nonce, ciphertext = data[1 : 1 + _NONCE], data[1 + _NONCE :]
    try:
        return AESGCM(_derived("passwords", key)).decrypt(nonce, ciphertext, place.encode()).decode()
    except (InvalidTag, ValueError):
        return None


def _derived(use: str, key: bytes) -> bytes:
    return hmac.digest(key, f"serversync {use}".encode(), hashlib.sha256)


def _source() -> str:
    return VARIABLE if os.environ.get(VARIABLE) else str(key_file())


def _key() -> bytes:
    given = os.environ.get(VARIABLE)
    if given:
        return _long_enough(given.strip().encode())
    path = key_file()
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as reason:
        raise SecretKeyUnusable(source=str(path), reason=str(reason)) from reason


def _next_key() -> bytes | None:
    if is_from_environment():
        given = os.environ.get(NEXT_VARIABLE)
        return _long_enough(given.strip().encode()) if given else None
    try:
        return _read(next_key_file())
    except FileNotFoundError:
        return None
    except OSError as reason:
        raise SecretKeyUnusable(source=str(next_key_file()), reason=str(reason)) from reason


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if os.name == "posix" and mode & _OTHERS:
            raise SecretKeyExposed(path=str(path), mode=f"{mode:03o}")
        return _long_enough(file.read().strip())


def _long_enough(key: bytes) -> bytes:
    if len(key) < _SHORTEST_KEY:
        raise SecretKeyUnusable(source=_source(), reason="too short")
    return key


def _make(path: Path) -> None:
    """Make the key file, complete from its first moment; where two processes try, one key stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.{randomness.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(randomness.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()
    _flush(path.parent)


def _flush(folder: Path) -> None:
    """See that the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
