"""One request on its way through the server: who asks, as whom, in which version, and for what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from http.cookies import SimpleCookie

from lxml import etree

from serversync.simulator.access import has_full_access, rights_in
from serversync.simulator.accounts import Account
from serversync.simulator.calendar.series import occurrence, series_of
from serversync.simulator.exchange import Exchange
from serversync.simulator.folderplan import ARCHIVE, PUBLIC_FOLDERS
from serversync.simulator.foldertree import Folder
from serversync.simulator.identifiers import change_of, decode
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError
from serversync.simulator.rights import EVERYTHING, Right
from serversync.simulator.shape import Shape
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
        status: HTTP status of the answer.
        reply_headers: Further HTTP headers of the answer.
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
    status: int = 200
    reply_headers: dict[str, str] = field(default_factory=dict)

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

    @property
    def acting(self) -> str:
        """The address, lower case, of who acts: the owner of the mailbox acted on, or the account."""
        return (self.account.address if self.mailbox is None else self.mailbox.primary_smtp_address).lower()

    @property
    def people(self) -> frozenset[str]:
        """The addresses of who asks: the account, and the owner of the mailbox acted on."""
        own = () if self.mailbox is None else (self.mailbox.primary_smtp_address,)
        return frozenset(one.lower() for one in (self.account.address, *own))

    def owns(self, mailbox: Mailbox) -> bool:
        """Whether the caller may do everything in a mailbox: its own, the impersonated one, or one given to it whole."""
        return self.is_own(mailbox) or has_full_access(mailbox.owner or mailbox, self.people)

    def is_own(self, mailbox: Mailbox) -> bool:
        """Whether a mailbox is the one acted on, or its archive."""
        return mailbox is self.mailbox or (mailbox.owner is not None and mailbox.owner is self.mailbox)

    def rights(self, mailbox: Mailbox, folder: Folder) -> Right:
        """Return what the caller may do in a folder."""
        if self.is_own(mailbox):
            return EVERYTHING
        return rights_in(
            mailbox,
            folder,
            self.people,
            "" if self.mailbox is None else self.mailbox.sid,
            contributors_read=self.exchange.version_of(mailbox).schema >= Schema.EXCHANGE2013_SP1,
        )

    def may_see(self, mailbox: Mailbox, item: StoredItem) -> bool:
        """Whether the caller is shown an item of a folder that it may read: private ones not to everybody."""
        if self.is_own(mailbox) or (item.properties or {}).get("item:Sensitivity") != "Private":
            return True
        return Right.PRIVATE in self.rights(mailbox, mailbox.folders[item.folder])

    def seen(self, shape: Shape, mailbox: Mailbox, folder: Folder) -> Shape:
        """Return a shape whose ``EffectiveRights`` are those of the caller in a folder."""
        return shape if self.is_own(mailbox) else replace(shape, rights=self.rights(mailbox, folder).value)

    def folder(self, element: etree._Element, right: Right = Right.SEE) -> tuple[Mailbox, Folder]:
        """Return the folder that a ``FolderId`` or ``DistinguishedFolderId`` element names.

        Args:
            element: The element.
            right: What is going to be done there.

        Raises:
            EwsError: no such folder or mailbox, or no right to do that.
        """
        hidden = "ErrorItemNotFound"
        if element.tag == f"{T}DistinguishedFolderId":
            hidden = "ErrorAccessDenied"
            address = (element.findtext(f"{T}Mailbox/{T}EmailAddress") or "").strip()
            if not address and self.mailbox is None:
                raise EwsError("ErrorMissingEmailAddress", _WHOSE)
            found = self.exchange.find_mailbox(address) if address else self.own_mailbox
            if found is None:
                raise EwsError("ErrorNonExistentMailbox")
            mailbox = self._store(found, element.get("Id", ""))
            folder = mailbox.distinguished_folder(element.get("Id", ""))
        else:
            identifier = decode(element.get("Id", ""))
            if identifier.item:
                raise EwsError("ErrorCannotUseItemIdForFolderId")
            mailbox = self.exchange.mailbox_by_guid(identifier.mailbox)
            folder = mailbox.folder(identifier.folder)
        rights = self.rights(mailbox, folder)
        if Right.SEE not in rights:
            raise EwsError(hidden)
        if right not in rights:
            raise EwsError("ErrorAccessDenied")
        return mailbox, folder

    def _store(self, mailbox: Mailbox, distinguished_id: str) -> Mailbox:
        """Return where a distinguished folder is: in the mailbox, in its archive, or in the public folders.

        Raises:
            EwsError: ``ErrorFolderNotFound``: there is no archive; ``ErrorNoPublicFolderReplicaAvailable``: there are
                no public folders.
        """
        if distinguished_id in ARCHIVE.ids:
            if mailbox.archive is None:
                raise EwsError("ErrorFolderNotFound")
            return mailbox.archive
        if distinguished_id in PUBLIC_FOLDERS.ids:
            if self.exchange.public_folders is None:
                raise EwsError("ErrorNoPublicFolderReplicaAvailable")
            return self.exchange.public_folders
        return mailbox

    def target(self, name: str, right: Right = Right.CREATE) -> tuple[Mailbox, Folder] | None:
        """Return the folder inside an element of the request such as ``ToFolderId``; ``None`` where it is absent.

        Args:
            name: The element's name.
            right: What is going to be done there.

        Raises:
            EwsError: ``ErrorToFolderNotFound`` or ``ErrorParentFolderNotFound``, or what ``folder`` raises.
        """
        element = self.request.find(f"{{{MESSAGES_NS}}}{name}")
        if element is None or not len(element):
            return None
        try:
            return self.folder(element[0], right)
        except EwsError as error:
            code = _NOT_FOUND.get(name)
            if code and error.response_code in {"ErrorItemNotFound", "ErrorFolderNotFound"}:
                raise EwsError(code) from error
            raise

    def needed_target(self, name: str, right: Right = Right.CREATE) -> tuple[Mailbox, Folder]:
        """Return what ``target`` returns, for an element that has to be there.

        Raises:
            EwsError: as ``target``, also where the element is absent.
        """
        found = self.target(name, right)
        if found is None:
            raise EwsError(_NOT_FOUND[name])
        return found

    def item(self, item_id: str, right: Right = Right.READ) -> tuple[Mailbox, StoredItem]:
        """Return the item with an id.

        Args:
            item_id: The id.
            right: What is going to be done with it; the right to do that with one's own items is enough for those.

        Raises:
            EwsError: malformed, gone, in a folder where that may not be done, or planned to fail.
        """
        self.check(item_id)
        found = decode(item_id)
        if not found.item:
            raise EwsError("ErrorCannotUseFolderIdForItemId")
        if found.attachment:
            raise EwsError("ErrorInvalidIdMalformed")
        mailbox, item = self.exchange.find_item(item_id)
        if not self.is_own(mailbox):
            self._check_right(mailbox, item, right)
        return mailbox, item

    def _check_right(self, mailbox: Mailbox, item: StoredItem, right: Right) -> None:
        rights = self.rights(mailbox, mailbox.folders[item.folder])
        if Right.READ not in rights:
            raise EwsError("ErrorItemNotFound")
        if not self.may_see(mailbox, item):
            raise EwsError("ErrorAccessDenied")
        is_own = item.creator and item.creator in self.people
        if right not in rights and not (is_own and _OWN.get(right, right) in rights):
            raise EwsError("ErrorAccessDenied")

    def item_of(
        self, element: etree._Element, right: Right = Right.READ, *, for_writing: bool = False
    ) -> tuple[Mailbox, StoredItem]:
        """Return the item that an ``ItemId``, ``OccurrenceItemId`` or ``RecurringMasterItemId`` element names.

        Args:
            element: The element.
            right: What is going to be done with it.
            for_writing: Whether a change key has to be given, and to be that of the item as it is now.

        Raises:
            EwsError: as ``item``, and ``ErrorChangeKeyRequired``, ``ErrorInvalidChangeKey``, ``ErrorStaleObject``,
                or there is no such occurrence.
        """
        mailbox, item = self._named(element, right)
        change_key = element.get("ChangeKey")
        if change_key:
            _, change = change_of(change_key)
            if for_writing and change != item.change:
                raise EwsError("ErrorStaleObject")
        elif for_writing:
            raise EwsError("ErrorChangeKeyRequired")
        return mailbox, item

    def _named(self, element: etree._Element, right: Right) -> tuple[Mailbox, StoredItem]:
        name = etree.QName(element).localname
        if name == "OccurrenceItemId":
            mailbox, master = self.item(element.get("RecurringMasterId", ""), right)
            series = series_of(master)
            if series is None:
                raise EwsError("ErrorCalendarCannotUseIdForRecurringMasterId")
            index = element.get("InstanceIndex", "")
            day = series.day_of(int(index) if index.lstrip("-").isdigit() else 0)
            return mailbox, occurrence(master, day)
        if name == "RecurringMasterItemId":
            mailbox, item = self.item(element.get("OccurrenceId", ""), right)
            if not item.occurrence:
                raise EwsError("ErrorCalendarCannotUseIdForOccurrenceId")
            return mailbox, mailbox.item(item.number)
        return self.item(element.get("Id", ""), right)


_WHOSE = (
    "When making a request as an account that does not have a mailbox, "
    "you must specify the mailbox primary SMTP address for any distinguished folder Ids."
)
_OWN = {Right.EDIT: Right.EDIT_OWN, Right.DELETE: Right.DELETE_OWN}
_NOT_FOUND = {
    "ToFolderId": "ErrorToFolderNotFound",
    "ParentFolderId": "ErrorParentFolderNotFound",
    "SavedItemFolderId": "ErrorSavedItemFolderNotFound",
    "ArchiveSourceFolderId": "ErrorFolderNotFound",
}
