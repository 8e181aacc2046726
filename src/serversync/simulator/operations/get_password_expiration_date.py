"""GetPasswordExpirationDate: when the password of a mailbox's owner expires (2010 SP2 and later)."""

from datetime import UTC, datetime

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, EwsError, single

M = f"{{{MESSAGES_NS}}}"
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def answer(call: Call) -> str:
    """Return the date; the last one of the calendar for a password that never expires."""
    try:
        call.check()
        when = _expires(call)
    except EwsError as error:
        return single("GetPasswordExpirationDateResponse", _date(_NEVER), error)
    return single("GetPasswordExpirationDateResponse", _date(when))


def _expires(call: Call) -> datetime:
    asked = (call.request.findtext(f"{M}MailboxSmtpAddress") or "").strip()
    address = asked or (call.mailbox.primary_smtp_address if call.mailbox else call.account.address)
    account = call.exchange.directory.find(address)
    if account is None:
        raise EwsError("ErrorNonExistentMailbox")
    return account.password_expires or _NEVER


def _date(when: datetime) -> str:
    stamp = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"<m:PasswordExpirationDate>{stamp}</m:PasswordExpirationDate>"
