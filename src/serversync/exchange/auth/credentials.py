"""The account that logs on."""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Scheme(StrEnum):
    """How to log on. ``AUTO`` takes NTLM or Negotiate, and never Basic by itself; ``KERBEROS`` needs an extra."""

    AUTO = "auto"
    NTLM = "ntlm"
    NEGOTIATE = "negotiate"
    BASIC = "basic"
    KERBEROS = "kerberos"


class Credentials(Struct, frozen=True, gc=False, kw_only=True):
    r"""User name (``user@domain`` or ``DOMAIN\user``) and password; never shows the password."""

    username: str
    password: str
    scheme: Scheme = Scheme.AUTO

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, scheme={self.scheme.value!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("username", self.username), ("scheme", self.scheme.value)]
