"""Remembers which schema each mailbox's server speaks, in bounded memory.

In a farm of several versions the mailbox decides, not the host: the server that answers passes the request
on to the one that holds the mailbox. Only mailboxes that differ from the most are kept.
"""

from collections import OrderedDict

from serversync.exchange.product import request_version
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo

OLDER = {
    RequestServerVersion.EXCHANGE2016: RequestServerVersion.EXCHANGE2013_SP1,
    RequestServerVersion.EXCHANGE2013_SP1: RequestServerVersion.EXCHANGE2010_SP2,
    RequestServerVersion.EXCHANGE2010_SP2: RequestServerVersion.EXCHANGE2007_SP1,
}
"""What is tried next where a version is refused."""

_ORDER = {version: number for number, version in enumerate(RequestServerVersion)}
_MOST_REFUSALS = 3


class VersionMemory:
    """What was learned of the mailboxes of one client.

    Args:
        newest: The schema that requests speak as long as nothing else is known.
        most_mailboxes: So many are remembered; the one that was not used for longest is forgotten first, and
            learned again by one request more.
    """

    def __init__(self, newest: RequestServerVersion, *, most_mailboxes: int = 20_000) -> None:
        self._newest = newest
        self._default = newest
        self._known: OrderedDict[str | None, tuple[RequestServerVersion, bool]] = OrderedDict()
        self._most = most_mailboxes
        self._refusals = 0

    def __len__(self) -> int:
        return len(self._known)

    def version_for(self, mailbox: str | None) -> RequestServerVersion:
        """Return the version to speak with a mailbox."""
        known = self._known.get(mailbox)
        if known is None:
            return self._default
        self._known.move_to_end(mailbox)
        return known[0]

    def found(self, mailbox: str | None, version: RequestServerVersion) -> None:
        """Take note of a version that a mailbox took after it had refused a newer one.

        Where the answer named a build that explains it, ``heard`` knows already. Otherwise the version stays
        whatever builds later answers name: they come from the server in front, newer than the mailbox's. Where
        one mailbox after the other turns out to be older, new ones are asked in the older version at first.
        """
        if self.version_for(mailbox) is not version:
            self._keep(mailbox, version, is_pinned=True)
        self._refusals += 1
        if self._refusals >= _MOST_REFUSALS:
            self._default = version

    def heard(self, mailbox: str | None, info: ServerVersionInfo) -> None:
        """Take note of the build that answered for a mailbox."""
        known = self._known.get(mailbox)
        if known is not None and known[1]:
            return
        right = request_version(info)
        if _ORDER[right] > _ORDER[self._newest]:
            right = self._newest
        if right is self._newest and self._default is not right:
            self._refusals, self._default = 0, right
        if right is not self._default:
            self._keep(mailbox, right, is_pinned=False)
        elif known is not None:
            del self._known[mailbox]

    def forget(self, mailbox: str | None) -> None:
        """Forget a mailbox, since it has moved to another server."""
        self._known.pop(mailbox, None)

    def _keep(self, mailbox: str | None, version: RequestServerVersion, *, is_pinned: bool) -> None:
        self._known[mailbox] = (version, is_pinned)
        self._known.move_to_end(mailbox)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
