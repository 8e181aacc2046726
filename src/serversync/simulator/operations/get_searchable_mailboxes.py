"""GetSearchableMailboxes (2013 and later): whose mail may be searched in a lawsuit, for accounts with that role."""

from serversync.simulator.call import Call
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, single
from serversync.simulator.xmltext import text

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return the mailboxes whose name or address begins with the filter; ``ErrorAccessDenied`` without the role."""
    try:
        call.check()
    except EwsError as error:
        return single("GetSearchableMailboxesResponse", "<m:SearchableMailboxes/>", error)
    if not call.account.may_search:
        denied = EwsError("ErrorAccessDenied")
        return single("GetSearchableMailboxesResponse", "<m:SearchableMailboxes/>", denied)
    wanted = (call.request.findtext(f"{M}SearchFilter") or "").strip().rstrip("*").casefold()
    found = [one for one in call.exchange.mailboxes if _is_meant(one, wanted)]
    rows = "".join(map(_row, sorted(found, key=lambda one: one.display_name.casefold())))
    return single("GetSearchableMailboxesResponse", f"<m:SearchableMailboxes>{rows}</m:SearchableMailboxes>")


def _is_meant(mailbox: Mailbox, wanted: str) -> bool:
    names = (mailbox.display_name.casefold(), *mailbox.addresses())
    return any(name.startswith(wanted) for name in names)


def _row(mailbox: Mailbox) -> str:
    return (
        f"<t:SearchableMailbox><t:Guid>{mailbox.guid}</t:Guid>"
        f"<t:PrimarySmtpAddress>{text(mailbox.primary_smtp_address)}</t:PrimarySmtpAddress>"
        "<t:IsExternalMailbox>false</t:IsExternalMailbox><t:ExternalEmailAddress/>"
        f"<t:DisplayName>{text(mailbox.display_name)}</t:DisplayName><t:IsMembershipGroup>false</t:IsMembershipGroup>"
        f"<t:ReferenceId>{text(mailbox.legacy_dn)}</t:ReferenceId></t:SearchableMailbox>"
    )
