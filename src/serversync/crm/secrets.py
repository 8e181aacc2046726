"""Keeps stored passwords unreadable without the key, which is not in the database.

The key is ``SERVERSYNC_SECRET_KEY`` (any text of 16 characters or more) or the file ``secret.key`` in the data
folder, made at the first use, readable by its owner only. Passwords are sealed with AES-256-GCM under a key derived
from it; the place of a password (table, row, column) is authenticated along, so that a sealed value that is copied
to another row does not open there.

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

from serversync.core.errors import SecretKeyUnusable
from serversync.database.address import data_folder

VARIABLE: Final = "SERVERSYNC_SECRET_KEY"
_FORMAT = b"\x01"
_NONCE = 12
_SHORTEST_KEY = 16


def key_file() -> Path:
    """Return where the key is kept unless ``SERVERSYNC_SECRET_KEY`` gives it."""
    return data_folder() / "secret.key"


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
    """
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + AESGCM(_derived("passwords")).encrypt(nonce, secret.encode(), place.encode())


def unseal(sealed: bytes | memoryview, place: str) -> str:
    """Return the secret again; for the adapter that is about to use it, and for nobody else.

    Raises:
        SecretKeyUnusable: another key sealed it, it belongs to another place, or it is damaged.
    """
    data = bytes(sealed)
    if data[:1] != _FORMAT:
        raise SecretKeyUnusable(source=_source(), reason="unknown format")
    nonce, ciphertext = data[1 : 1 + _NONCE], data[1 + _NONCE :]
    try:
        return AESGCM(_derived("passwords")).decrypt(nonce, ciphertext, place.encode()).decode()
    except (InvalidTag, ValueError) as reason:
        raise SecretKeyUnusable(source=_source(), reason="another key") from reason


def session_key() -> str:
    """Return the key under which log-ins and forms of the pages are signed; differs from that of the passwords.

    Raises:
        SecretKeyUnusable: there is no usable key and none can be made.
    """
    return _derived("sessions").hex()


def _derived(use: str) -> bytes:
    return hmac.digest(_key(), f"serversync {use}".encode(), hashlib.sha256)


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
        return _long_enough(path.read_bytes().strip())
    except OSError as reason:
        raise SecretKeyUnusable(source=str(path), reason=str(reason)) from reason


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
