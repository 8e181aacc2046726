"""The folders that a new mailbox, an archive and the public folders begin with, by product."""

from dataclasses import dataclass
from functools import cached_property

from serversync.simulator.versions import Schema

Row = tuple[str, str, str, str | None, Schema]


@dataclass(frozen=True)
class FolderPlan:
    """What a tree of folders begins with.

    Attributes:
        distinguished: Distinguished id, display name, container class, parent, and the first product that has it.
        others: Name, container class, parent, and the first product that has it, of folders without such an id.
        prefix: What distinguished ids begin with here that are those of a mailbox otherwise.
    """

    distinguished: tuple[Row, ...]
    others: tuple[tuple[str, str, str, Schema], ...] = ()
    prefix: str = ""

    @cached_property
    def ids(self) -> frozenset[str]:
        """All distinguished ids."""
        return frozenset(row[0] for row in self.distinguished)


_S7, _S10, _S13, _S13_1 = (
    Schema.EXCHANGE2007,
    Schema.EXCHANGE2010,
    Schema.EXCHANGE2013,
    Schema.EXCHANGE2013_SP1,
)

_DISTINGUISHED: tuple[Row, ...] = (
    ("root", "", "", None, _S7),
    ("msgfolderroot", "Top of Information Store", "IPF", "root", _S7),
    ("recoverableitemsroot", "Recoverable Items", "IPF", "root", _S10),
    ("searchfolders", "Finder", "IPF", "root", _S7),
    ("inbox", "Inbox", "IPF.Note", "msgfolderroot", _S7),
    ("outbox", "Outbox", "IPF.Note", "msgfolderroot", _S7),
    ("sentitems", "Sent Items", "IPF.Note", "msgfolderroot", _S7),
    ("deleteditems", "Deleted Items", "IPF.Note", "msgfolderroot", _S7),
    ("drafts", "Drafts", "IPF.Note", "msgfolderroot", _S7),
    ("junkemail", "Junk Email", "IPF.Note", "msgfolderroot", _S7),
    ("calendar", "Calendar", "IPF.Appointment", "msgfolderroot", _S7),
    ("contacts", "Contacts", "IPF.Contact", "msgfolderroot", _S7),
    ("tasks", "Tasks", "IPF.Task", "msgfolderroot", _S7),
    ("notes", "Notes", "IPF.StickyNote", "msgfolderroot", _S7),
    ("journal", "Journal", "IPF.Journal", "msgfolderroot", _S7),
    ("recoverableitemsdeletions", "Deletions", "IPF.Note", "recoverableitemsroot", _S10),
    ("recoverableitemsversions", "Versions", "IPF.Note", "recoverableitemsroot", _S10),
    ("recoverableitemspurges", "Purges", "IPF.Note", "recoverableitemsroot", _S10),
    ("syncissues", "Sync Issues", "IPF.Note", "msgfolderroot", _S13),
    ("conflicts", "Conflicts", "IPF.Note", "syncissues", _S13),
    ("localfailures", "Local Failures", "IPF.Note", "syncissues", _S13),
    ("serverfailures", "Server Failures", "IPF.Note", "syncissues", _S13),
    ("conversationhistory", "Conversation History", "IPF.Note", "msgfolderroot", _S13),
    ("recipientcache", "Recipient Cache", "IPF.Contact.RecipientCache", "contacts", _S13),
    ("quickcontacts", "Skype for Business Contacts", "IPF.Contact.MOC.QuickContacts", "contacts", _S13),
    (
        "imcontactlist",
        "{A9E2BC46-B3A0-4243-B315-60D991004455}",
        "IPF.Contact.MOC.ImContactList",
        "contacts",
        _S13,
    ),
)

_OTHERS: tuple[tuple[str, str, str, Schema], ...] = (
    ("Common Views", "", "root", _S7),
    ("Deferred Action", "", "root", _S7),
    ("Freebusy Data", "", "root", _S7),
    ("Schedule", "", "root", _S7),
    ("Shortcuts", "", "root", _S7),
    ("Spooler Queue", "", "root", _S7),
    ("Views", "", "root", _S7),
    ("GAL Contacts", "IPF.Contact.GalContacts", "contacts", _S13),
    ("Organizational Contacts", "IPF.Contact.OrganizationalContacts", "contacts", _S13),
)

MAILBOX = FolderPlan(_DISTINGUISHED, _OTHERS)
"""A person's or a resource's mailbox."""

ARCHIVE = FolderPlan(
    (
        ("archiveroot", "", "", None, _S10),
        ("archivemsgfolderroot", "Top of Information Store", "IPF", "archiveroot", _S10),
        ("archiverecoverableitemsroot", "Recoverable Items", "IPF", "archiveroot", _S10),
        ("archiveinbox", "Inbox", "IPF.Note", "archivemsgfolderroot", _S13_1),
        ("archivedeleteditems", "Deleted Items", "IPF.Note", "archivemsgfolderroot", _S10),
        ("archiverecoverableitemsdeletions", "Deletions", "IPF.Note", "archiverecoverableitemsroot", _S10),
        ("archiverecoverableitemsversions", "Versions", "IPF.Note", "archiverecoverableitemsroot", _S10),
        ("archiverecoverableitemspurges", "Purges", "IPF.Note", "archiverecoverableitemsroot", _S10),
    ),
    prefix="archive",
)
"""The archive beside a mailbox, since 2010."""

PUBLIC_FOLDERS = FolderPlan((("publicfoldersroot", "IPM_SUBTREE", "IPF.Note", None, _S7),))
"""The public folders of an organization."""
