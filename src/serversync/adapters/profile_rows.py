"""What a connection has to know of a profile and its mailboxes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from serversync.core.errors import InputInvalid
from serversync.crm import secrets
from serversync.rules.allow_list import allows

_OF_USER_OR_QUEUE: Final = 0

_PROFILE: Final = """
    select p.emailserverprofileid as profileid, p.modifiedon, p.name, p.useautodiscover,
        p.incomingserverlocation as location, p.incomingusername as username, p.incomingpassword as password,
        p.incomingauthenticationprotocol as protocol, p.incomingcredentialretrieval as retrieval,
        p.incominguseimpersonation as impersonate, p.maxconcurrentconnections as connections, p.cafile,
        p.proxyurl as proxyaddress, p.proxyusername, p.proxypassword, p.allowedmailboxes,
        p.timeoutmailboxconnectionafteramount as timeout_ms, p.autodiscoverurl, p.autodiscoverhosts,
        case when not p.usesamesettingsforoutgoingconnections and not p.useautodiscover
            then p.outgoingserverlocation end as outgoing
    from emailserverprofile p where p.emailserverprofileid = %s
"""
_MAILBOXES: Final = """
    select m.mailboxid, m.emailaddress as address, m.modifiedon as mailbox_modifiedon, m.ewsurl,
        m.lastautodiscoveredon, m.allowemailconnectortousecredentials as own_allowed, m.username as own_username,
        m.password as own_password
    from mailbox m
    where m.emailserverprofile = %(profile)s
        and (m.mailboxid = any(%(mailboxids)s) or lower(m.emailaddress) = lower(%(address)s))
"""


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox that a connection is for; without an id it is only an address, or nobody.

    ``ewsurl`` is where autodiscover found it last, at ``lastautodiscoveredon``. Credentials are there only where they may be used.
    """

    mailboxid: UUID | None
    address: str | None
    modifiedon: datetime | None = None
    ewsurl: str | None = None
    lastautodiscoveredon: datetime | None = None
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """An email server profile, its password still sealed."""

    profileid: UUID
    modifiedon: datetime
    name: str
    useautodiscover: bool
    location: str | None
    username: str | None
    password: bytes | None = field(repr=False)
    protocol: int | None
    retrieval: int | None
    impersonate: bool
    connections: int
    cafile: str | None
    proxyaddress: str | None = field(repr=False)
    proxyusername: str | None
    proxypassword: bytes | None = field(repr=False)
    allowedmailboxes: str | None
    timeout_ms: int | None
    autodiscoverurl: str | None
    autodiscoverhosts: str | None
    outgoing: str | None = None
    """Where e-mail is sent, if not at ``location``."""

    @property
    def proxyurl(self) -> str | None:
        """The proxy with the credentials that it needs; for the connection that is about to be made.

        Raises:
            SecretKeyUnusable: its password cannot be opened.
        """
        return proxy_with_credentials(
            self.proxyaddress, self.proxyusername, self.proxypassword, profileid=self.profileid
        )

    def allows(self, mailbox: MailboxRow) -> bool:
        """Whether the mailbox is among those that the profile may touch."""
        return mailbox.address is None or allows((self.allowedmailboxes or "").split(), mailbox.address)

    def uses_credentials_of(self, mailbox: MailboxRow) -> bool:
        """Whether the mailbox is reached with its own credentials instead of the profile's."""
        return self.retrieval == _OF_USER_OR_QUEUE and mailbox.mailboxid is not None


def proxy_with_credentials(
    address: str | None, username: str | None, sealed: bytes | memoryview | None, *, profileid: UUID
) -> str | None:
    """Return the URL of a proxy, with user name and password in it where it needs them.

    Raises:
        SecretKeyUnusable: the password cannot be opened.
    """
    if not address or not username:
        return address
    place = secrets.purpose("emailserverprofile", profileid, "proxypassword")
    password = f":{quote(secrets.unseal(sealed, place), safe='')}" if sealed is not None else ""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"{quote(username, safe='')}{password}@{parts.netloc}"))


async def read_rows(
    pool: AsyncConnectionPool, profileid: UUID, *, mailboxids: Sequence[UUID] = (), address: str | None = None
) -> tuple[ProfileRow, dict[UUID, MailboxRow]]:
    """Return a profile, and those of the mailboxes that have it, by id.

    Args:
        pool: Connections to the database.
        profileid: The profile.
        mailboxids: Mailboxes by id.
        address: A mailbox by its address.

    Raises:
        InputInvalid: the profile was deleted.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PROFILE, (profileid,))
        if (row := await cursor.fetchone()) is None:
            raise InputInvalid(field="Server Profile", reason="the profile was deleted")
        profile = ProfileRow(**row)
        if not mailboxids and address is None:
            return profile, {}
        await cursor.execute(
            _MAILBOXES, {"profile": profileid, "mailboxids": list(mailboxids), "address": address}
        )
        return profile, {row["mailboxid"]: _mailbox(row) for row in await cursor.fetchall()}


def _mailbox(row: dict[str, Any]) -> MailboxRow:
    may_use = row["own_allowed"]
    return MailboxRow(
        mailboxid=row["mailboxid"],
        address=row["address"],
        modifiedon=row["mailbox_modifiedon"],
        ewsurl=row["ewsurl"],
        lastautodiscoveredon=row["lastautodiscoveredon"],
        username=row["own_username"] if may_use else None,
        password=row["own_password"] if may_use else None,
    )
