"""Get-, Add-, Update- and RemoveDelegate: who acts for the owner of a mailbox (2007 SP1 and later)."""

from collections.abc import Callable, Iterable
from functools import partial

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.delegate import DELEGATE_FOLDERS, Delegate
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError
from serversync.simulator.shape import is_true
from serversync.simulator.xmltext import boolean, text

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"


def get(call: Call) -> str:
    """Return the delegates of a mailbox, or those of them that are asked for."""

    def tell(mailbox: Mailbox) -> list[str]:
        asked = [_address(call, one) for one in call.request.iterfind(f"{M}UserIds/{T}UserId")]
        full = is_true(call.request.get("IncludePermissions", "false"))
        return [
            _tried(partial(_told, call, mailbox, one, full=full))
            for one in asked or sorted(mailbox.delegates)
        ]

    return _answer(call, "GetDelegate", tell)


def add(call: Call) -> str:
    """Let further people act; one who does so already is ``ErrorDelegateAlreadyExists``."""
    return _answer(call, "AddDelegate", lambda mailbox: _put(call, mailbox, is_new=True))


def update(call: Call) -> str:
    """Change what people may do; one who may not act is ``ErrorNotDelegate``."""
    return _answer(call, "UpdateDelegate", lambda mailbox: _put(call, mailbox, is_new=False))


def remove(call: Call) -> str:
    """Let people not act any longer."""

    def take(mailbox: Mailbox) -> list[str]:
        asked = [_address(call, one) for one in call.request.iterfind(f"{M}UserIds/{T}UserId")]
        return [_tried(partial(_removed, mailbox, one)) for one in asked]

    return _answer(call, "RemoveDelegate", take)


def _answer(call: Call, operation: str, act: Callable[[Mailbox], list[str]]) -> str:
    try:
        call.check()
        mailbox = _mailbox(call)
        messages = act(mailbox)
    except EwsError as error:
        told = f"<m:MessageText>{text(error.message)}</m:MessageText>"
        return _response(operation, "Error", f"{told}<m:ResponseCode>{error.response_code}</m:ResponseCode>")
    element = call.request.find(f"{M}DeliverMeetingRequests")
    if operation in {"AddDelegate", "UpdateDelegate"} and element is not None:
        mailbox.meeting_requests_to = (element.text or "").strip()
    listed = f"<m:ResponseMessages>{''.join(messages)}</m:ResponseMessages>" if messages else ""
    where = f"<m:DeliverMeetingRequests>{mailbox.meeting_requests_to}</m:DeliverMeetingRequests>"
    tail = where if operation == "GetDelegate" else ""
    return _response(operation, "Success", f"<m:ResponseCode>NoError</m:ResponseCode>{listed}{tail}")


def _response(operation: str, kind: str, inner: str) -> str:
    return (
        f'<m:{operation}Response ResponseClass="{kind}" xmlns:m="{MESSAGES_NS}" xmlns:t="{TYPES_NS}">'
        f"{inner}</m:{operation}Response>"
    )


def _mailbox(call: Call) -> Mailbox:
    mailbox = call.exchange.find_mailbox(call.request.findtext(f"{M}Mailbox/{T}EmailAddress") or "")
    if mailbox is None:
        raise EwsError("ErrorNonExistentMailbox")
    if not call.owns(mailbox):
        raise EwsError("ErrorAccessDenied")
    return mailbox


def _address(call: Call, user: etree._Element | None) -> str:
    """Return the address that a ``UserId`` names; empty for somebody without a mailbox."""
    if user is None:
        return ""
    sid, address = user.findtext(f"{T}SID"), user.findtext(f"{T}PrimarySmtpAddress") or ""
    found = call.exchange.find_mailbox_by_sid(sid) if sid else call.exchange.find_mailbox(address)
    return "" if found is None else found.primary_smtp_address.lower()


def _tried(act: Callable[[], str]) -> str:
    try:
        inner, kind = f"<m:ResponseCode>NoError</m:ResponseCode>{act()}", "Success"
    except EwsError as error:
        told = f"<m:MessageText>{text(error.message)}</m:MessageText>"
        inner, kind = f"{told}<m:ResponseCode>{error.response_code}</m:ResponseCode>", "Error"
    return f'<m:DelegateUserResponseMessageType ResponseClass="{kind}">{inner}</m:DelegateUserResponseMessageType>'


def _known(address: str) -> str:
    if not address:
        raise EwsError("ErrorDelegateNoUser")
    return address


def _told(call: Call, mailbox: Mailbox, address: str, *, full: bool) -> str:
    if _known(address) not in mailbox.delegates:
        raise EwsError("ErrorNotDelegate")
    return _element(call, mailbox, address, full=full)


def _element(call: Call, mailbox: Mailbox, address: str, *, full: bool = True) -> str:
    delegate = mailbox.delegate_rights.get(address, Delegate())
    other = call.exchange.find_mailbox(address)
    name = address if other is None else other.display_name
    sid = "" if other is None else f"<t:SID>{other.sid}</t:SID>"
    levels = "".join(
        f"<t:{folder}FolderPermissionLevel>{delegate.levels.get(folder, 'None')}</t:{folder}FolderPermissionLevel>"
        for folder in DELEGATE_FOLDERS
    )
    permissions = f"<t:DelegatePermissions>{levels}</t:DelegatePermissions>" if full else ""
    return (
        f"<m:DelegateUser><t:UserId>{sid}<t:PrimarySmtpAddress>{text(address)}</t:PrimarySmtpAddress>"
        f"<t:DisplayName>{text(name)}</t:DisplayName></t:UserId>{permissions}"
        f"<t:ReceiveCopiesOfMeetingMessages>{boolean(delegate.receives_copies)}</t:ReceiveCopiesOfMeetingMessages>"
        f"<t:ViewPrivateItems>{boolean(delegate.sees_private)}</t:ViewPrivateItems></m:DelegateUser>"
    )


def _put(call: Call, mailbox: Mailbox, *, is_new: bool) -> list[str]:
    users: Iterable[etree._Element] = call.request.iterfind(f"{M}DelegateUsers/{T}DelegateUser")
    return [_tried(partial(_written, call, mailbox, user, is_new=is_new)) for user in users]


def _written(call: Call, mailbox: Mailbox, user: etree._Element, *, is_new: bool) -> str:
    address = _known(_address(call, user.find(f"{T}UserId")))
    if address in mailbox.addresses():
        raise EwsError("ErrorDelegateCannotAddOwner")
    if is_new and address in mailbox.delegates:
        raise EwsError("ErrorDelegateAlreadyExists")
    if not is_new and address not in mailbox.delegates:
        raise EwsError("ErrorNotDelegate")
    before = mailbox.delegate_rights.get(address, Delegate())
    levels = dict(before.levels)
    for folder in DELEGATE_FOLDERS:
        level = user.findtext(f"{T}DelegatePermissions/{T}{folder}FolderPermissionLevel")
        if level:
            levels[folder] = level

    def flag(name: str, old: bool) -> bool:  # noqa: FBT001 - an inner function
        given = user.findtext(f"{T}{name}")
        return old if given is None else is_true(given.strip())

    mailbox.delegate_rights[address] = Delegate(
        levels,
        flag("ReceiveCopiesOfMeetingMessages", before.receives_copies),
        flag("ViewPrivateItems", before.sees_private),
    )
    mailbox.delegates.add(address)
    return _element(call, mailbox, address)


def _removed(mailbox: Mailbox, address: str) -> str:
    if _known(address) not in mailbox.delegates:
        raise EwsError("ErrorNotDelegate")
    mailbox.delegates.discard(address)
    mailbox.delegate_rights.pop(address, None)
    return ""
