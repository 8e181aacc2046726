"""The incoming pass of one claimed mailbox: its folders one after the other, then what is left to do in Exchange.

    claim (lease and fence) -> what is wanted (settings, folders)
        for each folder:
            list a page of changes -> decide on each -> fetch what may be tracked
            -> who are its people, to what does it belong, who takes it (``deciding``)
            -> fetch attachments of what is taken -> is it a copy
            -> write rows, traces, actions and the new position in one transaction -> next page ...
        -> try again what could not be taken before -> do the actions
    -> release (next pass, statistics)

What the server may do behind our back: forget the position (the folder is listed again, which changes
nothing), list an item twice, delete an item before it is fetched, hand over an item that cannot be read
(set aside, tried again, reported, the rest goes on), answer nothing at all (the page is not written; the next
pass starts where the last written page ended), lose a tracked folder. What we may do ourselves: be killed
anywhere. Until a page is written nothing of it exists; once it is written, all of it and its position exist, and
what is to be done in Exchange is written with it.
"""

from serversync.core import faults
from serversync.core.errors import Permanent, ServiceError, SyncStateInvalid, TrackedFolderMissing
from serversync.engine.categorizing import keep_category
from serversync.engine.folder_pass import FolderPass
from serversync.engine.ports import (
    INBOX,
    Alerts,
    ExchangeMailbox,
    MailboxRun,
    MailFolder,
    MailPlan,
    MailStore,
    PassResult,
)
from serversync.rules.email.judgement import FolderKind
from serversync.rules.email.retrying import MOST_ATTEMPTS

RETRIES_AT_ONCE = 100
ACTIONS_AT_ONCE = 200


class IncomingPass:
    """Reads the mail of one claimed mailbox to its end."""

    def __init__(self, run: MailboxRun, exchange: ExchangeMailbox, store: MailStore, alerts: Alerts) -> None:
        self._run = run
        self._exchange = exchange
        self._store = store
        self._alerts = alerts
        self.result = PassResult()

    async def __call__(self, plan: MailPlan | None = None) -> PassResult:
        """Read every folder until it has no more changes.

        Args:
            plan: What is wanted, where it is known already.

        Raises:
            ServiceError: the mailbox cannot be read now; all pages before are written.
        """
        faults.reach("incoming.claimed")
        if plan is None:
            plan = self._run.plan or await self._store.plan(self._run)
        if plan.tracking is not None and plan.tracking.is_due:
            plan = await keep_category(self._run, plan, self._exchange, self._store, self._alerts)
        inbox = INBOX._replace(position=self._run.position, listed_once=self._run.listed_once)
        lost = await self._lost_folders(plan) if plan.forget_reasons_after is not None else []
        for folder in (inbox, *[one for one in plan.folders if one not in lost]):
            await self._read(folder, plan)
        if plan.has_retries:
            await self._retry(inbox, plan)
        if plan.has_actions or self.result.actions:
            await self._act(plan)
        if plan.forget_reasons_after is not None:
            await self._store.forget_reasons(self._run, days=plan.forget_reasons_after)
        faults.reach("incoming.finished")
        return self.result

    def _pass(self, folder: MailFolder, plan: MailPlan) -> FolderPass:
        return FolderPass(
            self._run, plan, folder, self._exchange, self._store, self._alerts, result=self.result
        )

    async def _read(self, folder: MailFolder, plan: MailPlan) -> None:
        try:
            await self._pass(folder, plan)()
        except (Permanent, SyncStateInvalid):
            # Where a listing from the start is refused too, it is the folder that is no longer known.
            if folder.kind is not FolderKind.TRACKED:
                raise
            await self._give_up_folder(folder)

    async def _lost_folders(self, plan: MailPlan) -> list[MailFolder]:
        """Give up tracked folders that were moved out of the Inbox; asked once a day. Deleting one is moving it."""
        tracked = [one for one in plan.folders if one.kind is FolderKind.TRACKED]
        lost = await self._exchange.outside_inbox(tracked) if tracked else []
        for folder in lost:
            await self._give_up_folder(folder)
        return lost

    async def _give_up_folder(self, folder: MailFolder) -> None:
        await self._store.folder_missing(self._run, folder)
        await self._alerts.raise_for_folder(
            self._run, TrackedFolderMissing(folder=folder.name, mailbox=self._run.address)
        )

    async def _retry(self, folder: MailFolder, plan: MailPlan) -> None:
        """Read again what was set aside and is due."""
        listed = await self._store.retries(self._run, limit=RETRIES_AT_ONCE)
        if listed:
            await self._pass(folder, plan).again(listed)
            if not await self._store.has_waiting_retries(self._run):
                await self._alerts.heal_items(self._run)

    async def _act(self, plan: MailPlan) -> None:
        """Do what is to be done in Exchange, one kind after the other; what fails waits for a later pass."""
        undeliverable = plan.undeliverable
        actions = await self._store.actions(self._run, limit=ACTIONS_AT_ONCE)
        while actions:
            faults.reach("incoming.before-actions")
            first = actions[0]
            alike = [one for one in actions if (one.kind, one.category) == (first.kind, first.category)]
            outcomes, undeliverable = await self._exchange.perform(alike, undeliverable)
            faults.reach("incoming.actions-done")
            pairs = list(zip(alike, outcomes, strict=True))
            failed = [(action, error) for action, error in pairs if error is not None]
            for _, error in failed:
                if not isinstance(error, Permanent):
                    raise error
            done = [action for action, error in pairs if error is None]
            await self._store.acted(self._run, done, failed, undeliverable=undeliverable)
            for action, error in failed:
                await self._tell(action.item_id, action.attempts, error)
            actions = [one for one in actions if one not in alike]
            if not actions:
                actions = await self._store.actions(self._run, limit=ACTIONS_AT_ONCE)

    async def _tell(self, item_id: str, attempts: int, error: ServiceError) -> None:
        if attempts + 1 >= MOST_ATTEMPTS:
            await self._alerts.raise_for_item(self._run, error, subject="", item_id=item_id, given_up=True)
