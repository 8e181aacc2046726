"""One request on its way through the server: who asks, as whom, in which version, and for what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from http.cookies import SimpleCookie

from lxml import etree

from serversync.simulator.accounts import Account
from serversync.simulator.calendar.series import occurrence, series_of
from serversync.simulator.exchange import Exchange
from serversync.simulator.foldertree import Folder
from serversync.simulator.identifiers import change_of, decode
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.subscriptions import OpenStream
from serversync.simulator.versions import Schema

T = f"{{{TYPES_NS}}}"


@dataclass(slots=True)
class Call:
    """A request that was authenticated and understood.

    Attributes:
        exchange: The server's state.
        operation: Element name of the operation.
        request: The operation's element.
        account: Who logged in.
        mailbox: The mailbox acted on: the impersonated one, else the account's own; ``None`` if it has none.
        schema: The schema step that the client speaks.
        error: What every response message shall answer, because a fault was planned.
        headers: The HTTP headers of the request.
        cookies: Cookies that the answer sets.
        zone: The zone of ``TimeZoneContext``; ``None`` without one.
        stream: The stream that the answer opens, if it opens one.
    """

    exchange: Exchange
    operation: str
    request: etree._Element
    account: Account
    mailbox: Mailbox | None
    schema: Schema
    error: EwsError | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    stream: OpenStream | None = None
    zone: tzinfo | None = None

    def backend(self) -> str:
        """Return the server that answers, by the affinity cookie; a request that prefers affinity gets the cookie."""
        jar = SimpleCookie(self.headers.get("Cookie", ""))
        cookie = jar["X-BackEndOverrideCookie"].value if "X-BackEndOverrideCookie" in jar else ""
        name = self.exchange.subscriptions.backend(cookie)
        prefers = self.headers.get("X-PreferServerAffinity", "").lower() == "true"
        if prefers and self.exchange.version.schema >= Schema.EXCHANGE2013:
            self.cookies["X-BackEndOverrideCookie"] = f"{name}~1941997017"
        return name

    def check(self, item_id: str | None = None) -> None:
        """Raise what was planned to go wrong with this request or with one item of it.

        Raises:
            EwsError: for this response message.
            SoapFault: for the whole request.
        """
        if self.error is not None:
            raise self.error
        if item_id is not None:
            self.exchange.faults.for_item(self.operation, self.own_mailbox.primary_smtp_address, item_id)

    @property
    def own_mailbox(self) -> Mailbox:
        """The mailbox acted on.

        Raises:
            EwsError: ``ErrorNonExistentMailbox``: the account has no mailbox and acts as nobody.
        """
        if self.mailbox is None:
            raise EwsError("ErrorNonExistentMailbox")
        return self.mailbox

    @property
    def modifier(self) -> str:
        """Name of who changes items: the owner of the mailbox acted on."""
        return "" if self.mailbox is None else self.mailbox.display_name

    def may_open(self, mailbox: Mailbox) -> bool:
        """Whether the caller has access to a mailbox: its own, the impersonated one, or one that delegates."""
        if mailbox is self.mailbox or self.account.address.lower() in mailbox.delegates:
            return True
        return self.mailbox is not None and self.mailbox.primary_smtp_address.lower() in mailbox.delegates

    def folder(self, element: etree._Element) -> tuple[Mailbox, Folder]:
        """Return the folder that a ``FolderId`` or ``DistinguishedFolderId`` element names.

        Raises:
            EwsError: no such folder or mailbox, or no right to open it.
        """
        if element.tag == f"{T}DistinguishedFolderId":
            address = (element.findtext(f"{T}Mailbox/{T}EmailAddress") or "").strip()
            mailbox = self.exchange.find_mailbox(address) if address else self.own_mailbox
            if mailbox is None:
                raise EwsError("ErrorNonExistentMailbox")
            if not self.may_open(mailbox):
                raise EwsError("ErrorAccessDenied")
            return mailbox, mailbox.distinguished_folder(element.get("Id", ""))
        found = decode(element.get("Id", ""))
        if found.item:
            raise EwsError("ErrorCannotUseItemIdForFolderId")
        mailbox = self.exchange.mailbox_by_guid(found.mailbox)
        if not self.may_open(mailbox):
            raise EwsError("ErrorItemNotFound")
        return mailbox, mailbox.folder(found.folder)

    def target(self, name: str) -> tuple[Mailbox, Folder] | None:
        """Return the folder inside an element of the request such as ``ToFolderId``; ``None`` where it is absent.

        Raises:
            EwsError: ``ErrorToFolderNotFound`` or ``ErrorParentFolderNotFound``, or what ``folder`` raises.
        """
        element = self.request.find(f"{{{MESSAGES_NS}}}{name}")
        if element is None or not len(element):
            return None
        try:
            return self.folder(element[0])
        except EwsError as error:
            code = _NOT_FOUND.get(name)
            if code and error.response_code in {"ErrorItemNotFound", "ErrorFolderNotFound"}:
                raise EwsError(code) from error
            raise

    def needed_target(self, name: str) -> tuple[Mailbox, Folder]:
        """Return what ``target`` returns, for an element that has to be there.

        Raises:
            EwsError: as ``target``, also where the element is absent.
        """
        found = self.target(name)
        if found is None:
            raise EwsError(_NOT_FOUND[name])
        return found

    def item(self, item_id: str) -> tuple[Mailbox, StoredItem]:
        """Return the item with an id.

        Raises:
            EwsError: malformed, gone, in a mailbox that may not be opened, or planned to fail.
        """
        self.check(item_id)
        found = decode(item_id)
        if not found.item:
            raise EwsError("ErrorCannotUseFolderIdForItemId")
        if found.attachment:
            raise EwsError("ErrorInvalidIdMalformed")
        mailbox, item = self.exchange.find_item(item_id)
        if not self.may_open(mailbox):
            raise EwsError("ErrorItemNotFound")
        return mailbox, item

    def item_of(self, element: etree._Element, *, for_writing: bool = False) -> tuple[Mailbox, StoredItem]:
        """Return the item that an ``ItemId``, ``OccurrenceItemId`` or ``RecurringMasterItemId`` element names.

        Args:
            element: The element.
            for_writing: Whether a change key has to be given, and to be that of the item as it is now.

        Raises:
            EwsError: as ``item``, and ``ErrorChangeKeyRequired``, ``ErrorInvalidChangeKey``, ``ErrorStaleObject``,
                or there is no such occurrence.
        """
        mailbox, item = self._named(element)
        change_key = element.get("ChangeKey")
        if change_key:
            _, change = change_of(change_key)
            if for_writing and change != item.change:
                raise EwsError("ErrorStaleObject")
        elif for_writing:
            raise EwsError("ErrorChangeKeyRequired")
        return mailbox, item

    def _named(self, element: etree._Element) -> tuple[Mailbox, StoredItem]:
        name = etree.QName(element).localname
        if name == "OccurrenceItemId":
            mailbox, master = self.item(element.get("RecurringMasterId", ""))
            series = series_of(master)
            if series is None:
                raise EwsError("ErrorCalendarCannotUseIdForRecurringMasterId")
            index = element.get("InstanceIndex", "")
            day = series.day_of(int(index) if index.lstrip("-").isdigit() else 0)
            return mailbox, occurrence(master, day)
        if name == "RecurringMasterItemId":
            mailbox, item = self.item(element.get("OccurrenceId", ""))
            if not item.occurrence:
                raise EwsError("ErrorCalendarCannotUseIdForOccurrenceId")
            return mailbox, mailbox.item(item.number)
        return self.item(element.get("Id", ""))


_NOT_FOUND = {
    "ToFolderId": "ErrorToFolderNotFound",
    "ParentFolderId": "ErrorParentFolderNotFound",
    "SavedItemFolderId": "ErrorSavedItemFolderNotFound",
}
