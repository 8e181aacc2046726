"""The steps after the log-on: what the account may do, and whether a pass would work."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

from serversync.adapters.probe.target import Seen, Target
from serversync.core.errors import (
    ImpersonationDenied,
    MailboxNotFound,
    ScopeTooWide,
    ServerBusy,
    ServiceError,
    VersionUnsupported,
)
from serversync.engine.probe import Evidence, Finding, Part, failed, not_needed, ok, warning
from serversync.engine.remedies import remedy_for
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.outcome import Failure
from serversync.exchange.product import product_name
from serversync.exchange.types.folder import Folder
from serversync.exchange.types.ids import DistinguishedFolderId

_INBOX: Final = GetFolder((DistinguishedFolderId("inbox"),))
_FOLDERS: Final = {
    "inbox": "Inbox",
    "sentitems": "Sent Items",
    "drafts": "Drafts",
    "calendar": "Calendar",
    "contacts": "Contacts",
    "tasks": "Tasks",
}
_NO_SAMPLE: Final = "There is no mailbox to try."
_PARALLEL: Final = 3
_SLOW_MILLISECONDS: Final = 3000
_NO_MAILBOX_OF_ITS_OWN: Final = frozenset({"exchange.mailbox-not-found", "exchange.mailbox-access-denied"})


class ExchangeSteps:
    """Takes the steps that need the account; all go over the client that the log-on has opened."""

    def __init__(self, target: Target, seen: Seen) -> None:
        self._target = target
        self._seen = seen

    async def version(self) -> AsyncIterator[Part | Finding]:
        """Judge the version that the server told with its answer."""
        version = self._seen.open_client().server_version
        told = (("Build", str(version)), ("Schema", version.version or "-")) if version else ()
        if isinstance(error := self._seen.first_error, VersionUnsupported):
            yield failed(error, *told)
        elif version is None:
            yield not_needed("The server did not tell its version.")
        else:
            yield ok(f"{product_name(version) or version} is supported.", *told)

    async def ews(self) -> AsyncIterator[Part | Finding]:
        """Judge the answer to the first request."""
        error = self._seen.first_error
        told = (("Answered within", f"{self._seen.first_milliseconds} ms"),)
        if self._target.own_credentials or not self._target.impersonate:
            if error is not None:
                yield failed(error, *told)
                return
        elif error is not None and error.code not in _NO_MAILBOX_OF_ITS_OWN:
            yield failed(error, *told)
            return
        own = "; the account has no mailbox of its own, and needs none" if error else ""
        yield ok(f"Exchange Web Services answer{own}.", *told)

    async def impersonation(self) -> AsyncIterator[Part | Finding]:
        """Open the Inbox of the sample mailbox as its owner."""
        target = self._target
        if target.own_credentials:
            yield not_needed("Each mailbox logs on with credentials of its own.")
            return
        if not target.impersonate:
            yield not_needed("The profile does not impersonate.")
            return
        if target.sample is None:
            yield not_needed(_NO_SAMPLE, "Name one with --mailbox ADDRESS.")
            return
        folder = await self._inbox(target.sample)
        yield ok(f"{target.username} may act as {target.sample}.", ("Items in the Inbox", _count(folder)))

    async def outside(self) -> AsyncIterator[Part | Finding]:
        """Ask for a mailbox that the account must not reach; only a denial is right."""
        outside = self._target.outside
        if self._target.acting_as is None and not self._target.impersonate:
            yield not_needed("The profile does not impersonate.")
            return
        if outside is None:
            yield not_needed(
                "No mailbox was named that has to be denied.",
                "Name one outside of the management scope, so that its limits are proved: --outside ADDRESS.",
            )
            return
        try:
            await self._inbox(outside)
        except ImpersonationDenied as error:
            yield ok(f"Exchange denies {outside}.", ("Answer", str(error.details.get("response_code"))))
        except MailboxNotFound:
            yield warning(
                f"Exchange has no mailbox {outside}, so nothing is proved.",
                "Name a mailbox that exists and lies outside of the management scope: --outside ADDRESS.",
            )
        else:
            yield failed(ScopeTooWide(account=self._target.username, mailbox=outside))

    async def folders(self) -> AsyncIterator[Part | Finding]:
        """Open every folder that synchronization reads."""
        if (reason := self._nobody_to_act_as()) is not None:
            yield reason
            return
        client = self._seen.open_client()
        ids = tuple(DistinguishedFolderId(one) for one in _FOLDERS)
        began = time.monotonic()
        outcomes = await client.call(GetFolder(ids), mailbox=self._target.acting_as)
        milliseconds = round((time.monotonic() - began) * 1000)
        errors: dict[str, ServiceError] = {}
        for (key, title), outcome in zip(_FOLDERS.items(), outcomes, strict=True):
            if isinstance(outcome, Failure):
                errors[key] = outcome.error
                yield Part(title, failed(outcome.error), milliseconds)
            else:
                yield Part(title, ok(f"{title} opens, {_count(outcome.value)} items."), milliseconds)
        if "inbox" in errors:
            yield failed(errors["inbox"])
        elif errors:
            names = ", ".join(_FOLDERS[key] for key in errors)
            yield warning(f"Not every folder opens: {names}.", remedy_for(next(iter(errors.values()))))
        else:
            yield ok("Every folder opens.")

    async def sync(self) -> AsyncIterator[Part | Finding]:
        """Take a position in the Inbox, and go on from it, as every pass does."""
        if (reason := self._nobody_to_act_as()) is not None:
            yield reason
            return
        client, mailbox = self._seen.open_client(), self._target.acting_as
        request = SyncFolderItems(folder=DistinguishedFolderId("inbox"), sync_state=None, max_changes=1)
        (first,) = await client.call(request, mailbox=mailbox)
        page = first.unwrap()
        again = SyncFolderItems(
            folder=DistinguishedFolderId("inbox"), sync_state=page.sync_state, max_changes=1
        )
        (second,) = await client.call(again, mailbox=mailbox)
        second.unwrap()
        yield ok("Two rounds of SyncFolderItems were answered; the second went on from the first.")

    async def throttling(self) -> AsyncIterator[Part | Finding]:
        """Send a few calls at the same time and look how they are answered."""
        if (reason := self._nobody_to_act_as()) is not None:
            yield reason
            return
        client = self._seen.open_client()
        at_once = min(_PARALLEL, self._target.connections)
        answers = await asyncio.gather(*(self._timed(client) for _ in range(at_once)))
        busy = [answer for answer in answers if isinstance(answer, ServerBusy)]
        for answer in answers:
            if isinstance(answer, ServiceError) and not isinstance(answer, ServerBusy):
                raise answer
        times = sorted(answer for answer in answers if isinstance(answer, int))
        told: Evidence = (
            ("Calls at once", str(at_once)),
            ("Answered after", ", ".join(f"{one} ms" for one in times) or "-"),
        )
        if busy:
            pause = busy[0].details.get("back_off")
            asked = (("Pause asked for", str(pause)),) if pause else ()
            yield warning(
                f"Exchange asked to slow down at {at_once} calls at once.", remedy_for(busy[0]), *told, *asked
            )
        elif times and times[-1] > _SLOW_MILLISECONDS:
            yield warning(
                f"An answer took {times[-1]} ms; Exchange may be holding the account back.",
                remedy_for(ServerBusy(account=self._target.username, response_code="slow answers")),
                *told,
            )
        else:
            yield ok(f"{at_once} calls at once were answered.", *told)

    def _nobody_to_act_as(self) -> Finding | None:
        """Return the finding that there is no mailbox to look into, where the account itself need not have one."""
        target = self._target
        nobody = target.impersonate and not target.own_credentials and target.sample is None
        return not_needed(_NO_SAMPLE) if nobody else None

    async def _timed(self, client: EwsClient) -> int | ServiceError:
        began = time.monotonic()
        try:
            (outcome,) = await client.call(_INBOX, mailbox=self._target.acting_as)
            outcome.unwrap()
        except ServiceError as error:
            return error
        return round((time.monotonic() - began) * 1000)

    async def _inbox(self, mailbox: str) -> Folder:
        (outcome,) = await self._seen.open_client().call(_INBOX, mailbox=mailbox)
        return outcome.unwrap()


def _count(folder: Folder) -> str:
    return "-" if folder.total_count is None else str(folder.total_count)
