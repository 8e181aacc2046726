"""Entries of the profile form about who is reached and how: kind of server, credentials, proxy, allowed mailboxes."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from serversync.administration import entries
from serversync.core.errors import InputInvalid
from serversync.crm.models import EmailServerProfile
from serversync.crm.models.emailserverprofile import CredentialRetrieval, ServerType

SERVER_TYPES: Final = {
    "exchange": ServerType.EXCHANGE_SERVER,
    "hybrid": ServerType.EXCHANGE_SERVER_HYBRID,
}
"""The two kinds of server this product speaks to, by the word for it."""
_OTHER_SERVERS: Final = {
    "pop3": "POP3 and SMTP know neither folders nor appointments; give the mailbox to Exchange",
    "imap": "IMAP knows no appointments, contacts or tasks; give the mailbox to Exchange",
    "online": "Exchange Web Services are being switched off in Exchange Online; this product is for servers on-premises",
}
CREDENTIALS: Final = {
    "profile": CredentialRetrieval.EMAIL_SERVER_PROFILE,
    "mailbox": CredentialRetrieval.USER_OR_QUEUE,
}
"""Authenticate Using, by the word for it: one account for all, or each mailbox's own."""
_OTHER_CREDENTIALS: Final = {
    "server-to-server": "this is for CRM and Exchange in the same cloud",
    "windows": "an account has to be named: this program runs on machines without one of Windows",
    "anonymous": "Exchange lets nobody in without credentials",
    "oauth": "modern authentication (HMA, OAuth) is not supported; use an account of the directory",
}
_MOST_ALLOWED: Final = 10_000


def server_type(word: str) -> ServerType:
    """Return the kind of server.

    Raises:
        InputInvalid: this product does not speak to it; the reason says why.
    """
    return ServerType(_choice(word, SERVER_TYPES, _OTHER_SERVERS, "Email Server Type"))


def enter_credentials(profile: EmailServerProfile, word: str) -> None:
    """Enter whose credentials are used; the account of a mailbox acts as nobody else.

    Raises:
        InputInvalid: there is no such way, or Exchange does not know it.
    """
    retrieval = CredentialRetrieval(_choice(word, CREDENTIALS, _OTHER_CREDENTIALS, "Authenticate Using"))
    profile.incomingcredentialretrieval = profile.outgoingcredentialretrieval = retrieval


def enter_proxy(profile: EmailServerProfile, text: str) -> None:
    """Enter the outgoing proxy; a user name and password in its address are kept apart from it, the password sealed.

    Raises:
        InputInvalid: it is no address of a proxy.
    """
    url = text.strip()
    profile.proxyurl = profile.proxyusername = None
    profile.set_proxypassword(None)
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > 2084 or not url.isprintable():
        raise InputInvalid(field="Proxy", reason="it is not an address like http://proxy.example.org:3128")
    profile.proxyurl = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
    if parts.username:
        profile.proxyusername = entries.text(unquote(parts.username), "User name of the proxy", longest=250)
    if parts.password:
        profile.set_proxypassword(unquote(parts.password))


def enter_proxy_password(profile: EmailServerProfile, password: str) -> None:
    """Enter the password of the proxy.

    Raises:
        InputInvalid: there is no proxy, or no user name of it.
    """
    if not profile.proxyurl or not profile.proxyusername:
        raise InputInvalid(
            field="Password of the proxy",
            reason="give the proxy with a user name first: http://USER@PROXY:PORT",
        )
    profile.set_proxypassword(password)


def allowed(profile: EmailServerProfile) -> tuple[str, ...]:
    """Return the allow-list of a profile; empty allows every mailbox."""
    return tuple((profile.allowedmailboxes or "").split())


def enter_allowed(profile: EmailServerProfile, more: Iterable[str], fewer: Iterable[str] = ()) -> None:
    """Add addresses and domains to the allow-list, and take some from it; ``-`` among the added empties it first.

    Raises:
        InputInvalid: one is neither an address nor a domain, or there are too many.
    """
    added = list(more)
    known = set() if "-" in added else set(allowed(profile))
    known |= {_mailboxes(entry) for entry in added if entry != "-"}
    known -= {_mailboxes(entry) for entry in fewer}
    if len(known) > _MOST_ALLOWED:
        raise InputInvalid(field="Allowed mailboxes", reason=f"there are more than {_MOST_ALLOWED}")
    profile.allowedmailboxes = "\n".join(sorted(known)) or None


def enter_outside(profile: EmailServerProfile, address: str) -> None:
    """Enter the mailbox that Exchange has to deny; empty for none.

    Raises:
        InputInvalid: it is no address.
    """
    profile.outsidemailbox = entries.address(address, "Mailbox to be denied") if address.strip() else None


def _mailboxes(entry: str) -> str:
    """Return an address or a domain as it stands in the list."""
    text = entries.text(entry, "Allowed mailboxes", longest=250).lower()
    if "@" in text.removeprefix("@"):
        return entries.address(text, "Allowed mailboxes")
    domain = text.removeprefix("@")
    labels = domain.split(".")
    if len(labels) < 2 or not all(label.replace("-", "").isalnum() for label in labels):
        raise InputInvalid(
            field="Allowed mailboxes", reason=f"{entry} is neither an address nor a domain like example.org"
        )
    return domain


def _choice(word: str, options: Mapping[str, int], refused: Mapping[str, str], field: str) -> int:
    wanted = word.strip().lower()
    if (reason := refused.get(wanted)) is not None:
        raise InputInvalid(field=field, reason=f"{wanted} cannot be used: {reason}")
    if wanted not in options:
        raise InputInvalid(field=field, reason=f"{word!r} is not one of {', '.join(options)}")
    return int(options[wanted])
