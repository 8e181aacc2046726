"""The folders of a mailbox: what each holds and its history, and the tree that they form.

Every change of a folder gets the next change number of the mailbox, so that SyncFolderHierarchy can tell what
is new to a client; folders that went away are remembered with where they were.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from serversync.simulator.folderplan import FolderPlan
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import ExtendedKey, ExtendedValue
from serversync.simulator.versions import Schema


class ChangeKind(Enum):
    """What happened to an item after it had entered its folder."""

    CONTENT = "content"
    READ_FLAG = "read flag"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a folder's history.

    Attributes:
        change: Change number, ascending within the log.
        item: Item number.
        kind: What happened.
        is_associated: Whether the item is hidden.
    """

    change: int
    item: int
    kind: ChangeKind
    is_associated: bool = False


@dataclass(frozen=True, slots=True)
class GoneFolder:
    """A folder that was deleted, or moved away from where it was.

    Attributes:
        change: Change number.
        folder: Its number.
        ancestors: Numbers of the folders that it was below.
    """

    change: int
    folder: int
    ancestors: frozenset[int]


@dataclass(slots=True)
class Folder:
    """A folder and the order and history of what is in it.

    Attributes:
        number: Number in the mailbox.
        parent: Number of the parent; ``None`` for the root.
        display_name: Name as a person sees it.
        folder_class: Container class, for example ``IPF.Note``.
        distinguished_id: ``DistinguishedFolderId`` or ``None``.
        change: Change number of the folder itself.
        created: When it was made.
        modified: When it was changed last.
        created_change: Change number of its creation.
        items: Numbers of the items that are in it, ascending.
        associated: Numbers of the hidden items that are in it, ascending.
        log: What happened to items after their entry, ascending by change number.
        unread: How many of the items are unread.
        newest: The latest time of delivery of anything that entered it.
        is_in_order: Whether everything entered it in the order of delivery.
        committed: When something in it changed last (``PR_LOCAL_COMMIT_TIME_MAX``).
        deleted_total: How many items have left it so far (``PR_DELETED_COUNT_TOTAL``).
        extended: Extended properties that were set.
        permissions: ``PermissionSet`` as it was set; ``None`` for the usual one.
        search: ``SearchParameters`` of a search folder; ``None`` for a folder that holds items.
        is_system: Whether the store needs it, so that nobody can delete or move it.
        owner: Address, lower case, of who made a public folder; empty for any other.
    """

    number: int
    parent: int | None
    display_name: str
    folder_class: str
    distinguished_id: str | None
    change: int
    created: datetime
    modified: datetime
    created_change: int = 0
    items: "array[int]" = field(default_factory=lambda: array("Q"))
    associated: "array[int]" = field(default_factory=lambda: array("Q"))
    log: list[LogEntry] = field(default_factory=list)
    unread: int = 0
    newest: datetime | None = None
    is_in_order: bool = True
    committed: datetime | None = None
    deleted_total: int = 0
    extended: dict[ExtendedKey, ExtendedValue] = field(default_factory=dict)
    permissions: str | None = None
    search: str | None = None
    is_system: bool = False
    owner: str = ""

    def items_descending(self, low: int, high: int, *, associated: bool = False) -> Iterator[int]:
        """Yield the item numbers between ``low`` and ``high``, both included, newest first.

        Args:
            low: The lowest number.
            high: The highest number.
            associated: Whether hidden items are wanted as well.
        """
        items = self._numbers(associated=associated)
        position = bisect_left(items, high + 1) - 1
        while position >= 0 and items[position] >= low:
            yield items[position]
            position -= 1

    def items_ascending(self, low: int, high: int, *, associated: bool = False) -> Iterator[int]:
        """Yield the item numbers between ``low`` and ``high``, both included, oldest first."""
        items = self._numbers(associated=associated)
        position = bisect_left(items, low)
        while position < len(items) and items[position] <= high:
            yield items[position]
            position += 1

    def _numbers(self, *, associated: bool) -> "array[int]":
        if not associated or not self.associated:
            return self.items
        return array("Q", sorted((*self.items, *self.associated)))

    def log_after(self, change: int) -> list[LogEntry]:
        """Return the history after a change number, oldest first."""
        return self.log[bisect_left(self.log, change + 1, key=lambda entry: entry.change) :]


def _exists(name: str) -> EwsError:
    return EwsError(
        "ErrorFolderExists",
        f"A folder with the specified name already exists., Could not create folder '{name}'.",
    )


class FolderTree:
    """The folders of a mailbox.

    Attributes:
        folders: All folders by number.
        gone: Folders that went away, ascending by change number.
        last_change: The newest change number.
        now: The clock.
        plan: The folders that it began with.

    Args:
        schema: Decides which distinguished folders there are.
        now: The clock.
        plan: The folders that it begins with.
    """

    def __init__(self, schema: Schema, now: Callable[[], datetime], plan: FolderPlan) -> None:
        self.folders: dict[int, Folder] = {}
        self.gone: list[GoneFolder] = []
        self.last_change = 0
        self.now = now
        self.plan = plan
        self._last_folder = 0
        self._removed: dict[int, Folder] = {}
        self._distinguished: dict[str, Folder] = {}
        for distinguished_id, name, folder_class, parent, since in plan.distinguished:
            if schema >= since:
                number = self._distinguished[parent].number if parent else None
                self._distinguished[distinguished_id] = self._new_folder(
                    name, folder_class, number, distinguished_id
                )
        for name, folder_class, above, since in plan.others:
            if schema >= since:
                made = self._new_folder(name, folder_class, self._distinguished[above].number, None)
                made.is_system = True

    def _next_change(self) -> int:
        self.last_change += 1
        return self.last_change

    def _new_folder(
        self, name: str, folder_class: str, parent: int | None, distinguished: str | None
    ) -> Folder:
        self._last_folder += 1
        change, now = self._next_change(), self.now()
        folder = Folder(
            self._last_folder, parent, name, folder_class, distinguished, change, now, now, change
        )
        self.folders[folder.number] = folder
        return folder

    def create_folder(
        self, display_name: str, *, parent: Folder | str = "msgfolderroot", folder_class: str = "IPF.Note"
    ) -> Folder:
        """Add an ordinary folder below another one.

        Raises:
            EwsError: ``ErrorFolderExists``: there is one of this name.
        """
        above = self.distinguished_folder(parent) if isinstance(parent, str) else parent
        if self.child(above, display_name) is not None:
            raise _exists(display_name)
        return self._new_folder(display_name, folder_class, above.number, None)

    def distinguished_folder(self, distinguished_id: str) -> Folder:
        """Return a folder by its ``DistinguishedFolderId``, in an archive also without what that begins with there.

        Raises:
            EwsError: ``ErrorFolderNotFound``: this mailbox has no such folder.
        """
        found = self.find_distinguished_folder(distinguished_id)
        if found is None:
            raise EwsError("ErrorFolderNotFound")
        return found

    def find_distinguished_folder(self, distinguished_id: str) -> Folder | None:
        """Return what ``distinguished_folder`` returns; ``None`` where there is no such folder."""
        found = self._distinguished.get(distinguished_id)
        if found is None and self.plan.prefix:
            return self._distinguished.get(self.plan.prefix + distinguished_id)
        return found

    def find_distinguished(self) -> None:
        """Look up the distinguished folders again, after ``folders`` was replaced."""
        self._distinguished = {
            one.distinguished_id: one for one in self.folders.values() if one.distinguished_id
        }

    def has_folder(self, distinguished_id: str) -> bool:
        """Whether the mailbox has a distinguished folder."""
        return self.find_distinguished_folder(distinguished_id) is not None

    def folder_ever(self, number: int) -> Folder:
        """Return a folder by number, also one that was deleted."""
        return self.folders.get(number) or self._removed[number]

    def folder(self, number: int) -> Folder:
        """Return a folder by number.

        Raises:
            EwsError: ``ErrorItemNotFound``, as a real server answers for a folder that is gone.
        """
        try:
            return self.folders[number]
        except KeyError:
            raise EwsError("ErrorItemNotFound") from None

    @property
    def inbox(self) -> Folder:
        """The folder that mail is delivered into."""
        return self.distinguished_folder("inbox")

    def children(self, folder: Folder) -> list[Folder]:
        """Return the folders directly below a folder, in the order of their creation."""
        return [one for one in self.folders.values() if one.parent == folder.number]

    def child(self, folder: Folder, name: str) -> Folder | None:
        """Return the folder of a name directly below another; names do not tell case."""
        wanted = name.casefold()
        return next((one for one in self.children(folder) if one.display_name.casefold() == wanted), None)

    def below(self, folder: Folder) -> list[Folder]:
        """Return all folders below a folder, each parent before its children."""
        found: list[Folder] = []
        waiting = self.children(folder)
        while waiting:
            one = waiting.pop(0)
            found.append(one)
            waiting[:0] = self.children(one)
        return found

    def ancestors(self, folder: Folder) -> frozenset[int]:
        """Return the numbers of the folders that a folder is below."""
        found = set()
        parent = folder.parent
        while parent is not None:
            found.add(parent)
            parent = self.folders[parent].parent
        return frozenset(found)

    def touch_folder(self, folder: Folder) -> None:
        """Note that a folder itself was changed."""
        folder.change = self._next_change()
        folder.modified = self.now()

    def rename_folder(self, folder: Folder, display_name: str) -> None:
        """Give a folder another name.

        Raises:
            EwsError: ``ErrorFolderExists``.
        """
        above = None if folder.parent is None else self.folders[folder.parent]
        other = None if above is None else self.child(above, display_name)
        if other is not None and other is not folder:
            raise _exists(display_name)
        folder.display_name = display_name
        self.touch_folder(folder)

    def move_folder(self, folder: Folder, into: Folder) -> None:
        """Put a folder, with everything below it, below another one.

        Raises:
            EwsError: it is distinguished, it would be below itself, or the name is taken.
        """
        if folder.distinguished_id is not None:
            raise EwsError("ErrorMoveDistinguishedFolder")
        if folder.is_system:
            raise EwsError("ErrorMoveCopyFailed")
        if folder is into or folder.number in self.ancestors(into):
            raise EwsError("ErrorMoveCopyFailed")
        other = self.child(into, folder.display_name)
        if other is not None and other is not folder:
            raise EwsError("ErrorMoveCopyFailed")
        ancestors = self.ancestors(folder)
        for one in (folder, *self.below(folder)):
            self.gone.append(GoneFolder(self._next_change(), one.number, ancestors))
        folder.parent = into.number
        self.touch_folder(folder)

    def remove_folder(self, folder: Folder) -> None:
        """Take a folder and everything below it out of the tree; its items are the caller's concern."""
        for one in (*reversed(self.below(folder)), folder):
            self.gone.append(GoneFolder(self._next_change(), one.number, self.ancestors(one)))
            self._removed[one.number] = self.folders.pop(one.number)
