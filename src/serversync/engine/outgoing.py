"""Sending one claimed e-mail exactly once.

    claim (stage PREPARING at least) -> make a stamped draft -> attach its files -> write down the intention
    to send this draft -> send it -> write down that it was sent -> read the copy's message id -> close

A claim that finds an earlier one's work looks first: the stamp tells what has become of it (see
``rules.email.sending``). We may be killed anywhere, and any answer may be lost after its request took effect.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from serversync.core import faults
from serversync.core.errors import (
    ChangeConflict,
    ConnectionLost,
    DraftWithdrawn,
    ItemGone,
    LeaseLost,
    MailboxFull,
    Misconfigured,
    Permanent,
    SendingDenied,
    ServiceError,
)
from serversync.engine.sending import Deliveries, DeliveryAlerts, DeliveryRun, Draft, OutgoingMailbox
from serversync.rules.email.sending import Move, Place, Stage, Step, Trail, next_move
from serversync.rules.schedule import after_failure

OpenOutgoing = Callable[[DeliveryRun], AbstractAsyncContextManager[OutgoingMailbox]]
"""Opens the mailbox through which an e-mail is sent."""

LOOK_AGAIN: Final = timedelta(seconds=5)
"""After so long one looks again at an e-mail that Exchange is at work on."""
COPY_AWAITED: Final = timedelta(hours=1)
"""For so long the copy of what was sent is looked for, to learn its message id."""
FULL_MAILBOX_WAIT: Final = timedelta(minutes=15)


class Outcome(Enum):
    """What a run of a delivery came to."""

    SENT = "sent"
    WAITING = "waiting"
    POSTPONED = "postponed"
    FAILED = "failed"
    STOPPED = "stopped"


class DeliveryRunner:
    """Runs claimed deliveries; one instance serves all mailboxes of a worker."""

    def __init__(
        self,
        open_mailbox: OpenOutgoing,
        deliveries: Deliveries,
        alerts: DeliveryAlerts,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._open_mailbox = open_mailbox
        self._deliveries = deliveries
        self._alerts = alerts
        self._clock = clock

    async def __call__(self, run: DeliveryRun) -> tuple[Outcome, ServiceError | None]:
        """Bring the e-mail as far as it goes now, and release it.

        Returns:
            What came of it, and what stopped it if something did.

        Raises:
            LeaseLost: another worker has the e-mail; nothing may be written about it here.
        """
        faults.reach("outgoing.claimed")
        delivery = _Delivery(run, self._deliveries, self._clock)
        try:
            async with self._open_mailbox(run) as mailbox:
                return await delivery(mailbox), None
        except LeaseLost:
            raise
        except ServiceError as error:
            return await self._after_trouble(run, delivery.stage, error), error
        finally:
            self._deliveries.discard()

    async def _after_trouble(self, run: DeliveryRun, stage: Stage, error: ServiceError) -> Outcome:
        is_of_the_email = isinstance(error, (Permanent, SendingDenied))
        if is_of_the_email and stage is Stage.SENT:
            # It was sent; only what became of its copy cannot be told.
            await self._deliveries.finish(run, None)
            return Outcome.SENT
        if isinstance(error, Misconfigured) and not isinstance(error, (SendingDenied, MailboxFull)):
            await self._alerts.raise_for_sender(run, error)
            await self._deliveries.stop_mailbox(run, error)
            return Outcome.STOPPED
        attempts = run.attempts + 1
        has_been_tried_enough = attempts >= run.most_attempts and stage < Stage.SENDING
        if is_of_the_email or has_been_tried_enough:
            await self._alerts.raise_for_email(run, error)
            await self._deliveries.fail(run, error, stage=stage)
            return Outcome.FAILED
        hint = error.details.get("back_off")
        due = after_failure(
            self._clock(), failures=attempts, hint=hint if isinstance(hint, timedelta) else None
        )
        if isinstance(error, MailboxFull):
            await self._alerts.raise_for_sender(run, error)
            due = self._clock() + FULL_MAILBOX_WAIT
        await self._deliveries.postpone(run, error, due=due, stage=stage)
        return Outcome.POSTPONED


class _Delivery:
    """One e-mail on its way; ``stage`` is how far it has come."""

    def __init__(self, run: DeliveryRun, deliveries: Deliveries, clock: Callable[[], datetime]) -> None:
        self._run = run
        self._deliveries = deliveries
        self._clock = clock
        self.stage = max(run.stage, Stage.PREPARING)

    async def __call__(self, mailbox: OutgoingMailbox) -> Outcome:
        if self._run.stage is Stage.WAITING:
            return await self._prepare_and_send(mailbox)
        move = await self._look(mailbox, everywhere=False)
        if move.step is Step.SEARCH:
            move = await self._look(mailbox, everywhere=True)
        match move.step:
            case Step.PREPARE:
                return await self._prepare_and_send(mailbox, clear=True)
            case Step.SEND if move.trail is not None:
                return await self._send(mailbox, Draft(move.trail.item_id, move.trail.change_key))
            case Step.SENT:
                return await self._conclude(mailbox, move.trail)
            case Step.WITHDRAWN:
                self.stage = Stage.PREPARING
                raise DraftWithdrawn(mailbox=self._run.address)
        return await self._wait(mailbox)

    async def _look(self, mailbox: OutgoingMailbox, *, everywhere: bool) -> Move:
        trails = await mailbox.trails(self._run.message.activityid, everywhere=everywhere)
        asked = self._run.asked_on
        return next_move(
            self._run.stage,
            trails,
            since_asked=None if asked is None else self._clock() - asked,
            in_flight=self._run.in_flight,
            searched_everywhere=everywhere,
        )

    async def _wait(self, mailbox: OutgoingMailbox) -> Outcome:
        asked = self._run.asked_on
        if self.stage is Stage.SENT and asked is not None and self._clock() - asked > COPY_AWAITED:
            return await self._conclude(mailbox, None)
        await self._deliveries.look_again(self._run, due=self._clock() + LOOK_AGAIN)
        return Outcome.WAITING

    async def _prepare_and_send(self, mailbox: OutgoingMailbox, *, clear: bool = False) -> Outcome:
        message = self._run.message
        if clear:
            await self._remove_drafts(mailbox)
        faults.reach("outgoing.before-draft")
        draft = await mailbox.make_draft(message)
        faults.reach("outgoing.draft-made")
        for file in message.files:
            draft = await mailbox.attach(draft, file, await self._deliveries.content(file))
            faults.reach("outgoing.file-attached")
        return await self._send(mailbox, draft)

    async def _remove_drafts(self, mailbox: OutgoingMailbox) -> None:
        """Remove drafts that earlier attempts have left behind."""
        for trail in await mailbox.trails(self._run.message.activityid):
            if trail.place is Place.DRAFTS and trail.is_draft:
                await mailbox.remove(trail.item_id)

    async def _send(self, mailbox: OutgoingMailbox, draft: Draft) -> Outcome:
        faults.reach("outgoing.before-intention")
        try:
            await self._deliveries.intend(self._run, draft)
        except LeaseLost:
            if self._run.stage < Stage.SENDING:
                await mailbox.remove(draft.item_id)  # nobody else knows of it
            raise
        self.stage = Stage.SENDING
        faults.reach("outgoing.before-send")
        try:
            await mailbox.send(draft)
        except (ItemGone, ChangeConflict) as error:
            # It has changed or left Drafts since it was seen; what became of it is seen at the next look.
            raise ConnectionLost(
                host="Exchange", reason=f"the draft is another one by now ({error})"
            ) from error
        except (Permanent, SendingDenied, MailboxFull):
            # A definite no: the draft was not sent and is of no use any more.
            await mailbox.remove(draft.item_id)
            self.stage = Stage.PREPARING
            raise
        faults.reach("outgoing.asked")
        return await self._conclude(mailbox, None)

    async def _conclude(self, mailbox: OutgoingMailbox, trail: Trail | None) -> Outcome:
        """Write down that it was sent; close the delivery once its copy was seen, or cannot be any more."""
        if self.stage is not Stage.SENT:
            await self._deliveries.sent(self._run, sent_on=self._clock())
            self.stage = Stage.SENT
            faults.reach("outgoing.sent")
        was_sent_now = trail is None and self._run.stage is not Stage.SENT
        if trail is None:
            trail = await mailbox.find_copy(self._run.message.activityid)
        if trail is None and was_sent_now:
            await self._deliveries.look_again(self._run, due=self._clock() + LOOK_AGAIN)
            return Outcome.SENT
        if self._run.stage is not Stage.WAITING:
            await self._remove_drafts(mailbox)
        if trail is not None and not self._run.keep_copy:
            await mailbox.remove(trail.item_id)
        await self._deliveries.finish(self._run, trail)
        faults.reach("outgoing.finished")
        return Outcome.SENT
