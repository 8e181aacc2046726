"""Who may log in, by which name, and as whom they may act."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from spnego._ntlm_raw.crypto import ntowfv1


@dataclass(slots=True)
class Account:
    r"""A log-in of the directory.

    Attributes:
        address: Its address and user principal name.
        password: Its password.
        domain_login: ``DOMAIN\user``.
        impersonation: ``True`` for any mailbox, or the addresses of its management scope; empty for none.
        may_search: Whether it is in the role that searches everybody's mail (Discovery Management).
        is_enabled: A disabled account is refused like a wrong password.
        bad_passwords: Consecutive wrong passwords.
        is_locked: Whether it is locked out.
        password_expires: When its password expires; ``None`` for never.
        must_change_password: Whether it must be changed at the next log-on.
    """

    address: str
    password: str = field(repr=False)
    domain_login: str
    impersonation: bool | frozenset[str] = False
    may_search: bool = False
    is_enabled: bool = True
    bad_passwords: int = 0
    is_locked: bool = False
    password_expires: datetime | None = None
    must_change_password: bool = False

    def is_expired(self, now: datetime) -> bool:
        """Whether the password must be changed before anybody gets in; Windows answers as to a wrong one."""
        return self.must_change_password or (
            self.password_expires is not None and now >= self.password_expires
        )

    def unlock(self) -> None:
        """Let it in again after a lock-out."""
        self.is_locked, self.bad_passwords = False, 0

    @property
    def nt_hash(self) -> bytes:
        """The NT hash of the password, from which NTLM derives everything."""
        return bytes(ntowfv1(self.password))

    def may_impersonate(self, address: str) -> bool:
        """Whether it has the impersonation right for a mailbox."""
        if isinstance(self.impersonation, bool):
            return self.impersonation
        return address.lower() in self.impersonation


class Directory:
    """All accounts, found by every name they may log in with.

    Attributes:
        lockout_threshold: Wrong passwords in a row that lock an account; ``None`` for never.

    Args:
        now: The clock, for passwords that expire.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.lockout_threshold: int | None = None
        self._by_name: dict[str, Account] = {}

    @property
    def accounts(self) -> list[Account]:
        """All accounts, each once."""
        return list({id(one): one for one in self._by_name.values()}.values())

    def add(self, account: Account) -> None:
        r"""Make an account known under its address and its ``DOMAIN\user``."""
        self._by_name[account.address.lower()] = account
        self._by_name[account.domain_login.lower()] = account
        self._by_name.setdefault(account.domain_login.partition("\\")[2].lower(), account)

    def find(self, name: str, domain: str = "") -> Account | None:
        """Return the account with a log-in name, with or without its domain."""
        if domain and (found := self._by_name.get(f"{domain}\\{name}".lower())):
            return found
        if domain and "@" not in name and (found := self._by_name.get(f"{name}@{domain}".lower())):
            return found
        return self._by_name.get(name.lower()) if not domain or "@" in name else None

    def check_password(self, name: str, password: str) -> Account | None:
        """Return the account if name and password are right."""
        domain, separator, user = name.partition("\\")
        account = self.find(user, domain) if separator else self.find(name)
        if account is None:
            return None
        return account if self.record(account, is_right=account.password == password) else None

    def record(self, account: Account, *, is_right: bool) -> bool:
        """Count a log-in attempt and return whether it may go on."""
        if account.is_locked or not account.is_enabled:
            return False
        if is_right and account.is_expired(self.now()):
            return False
        account.bad_passwords = 0 if is_right else account.bad_passwords + 1
        if self.lockout_threshold is not None and account.bad_passwords >= self.lockout_threshold:
            account.is_locked = True
        return is_right
