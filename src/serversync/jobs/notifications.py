"""Holds streams open over which Exchange tells of changes, and makes the mailboxes due of which it does.

Mailboxes are told of in groups, one stream each. A worker holds a group by a lease; if it dies, another takes the
group over. The streams only bring passes forward: what they miss, the timed polls find, and after every gap the
mailboxes that it concerned are due once.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog

from serversync.adapters.notification_groups import Group, Members, NotificationGroups
from serversync.adapters.profiles import Connected, ProfileConnections
from serversync.adapters.slots import STREAMS, Budget, ConnectionSlots, SlotLease
from serversync.core.errors import (
    AnswerUnreadable,
    ConnectionLost,
    LeaseLost,
    Permanent,
    Scope,
    ServerBusy,
    ServiceError,
    SubscriptionLost,
)
from serversync.exchange.affinity import Affinity
from serversync.exchange.operations.get_streaming_events import StreamedAnswer
from serversync.exchange.operations.unsubscribe import Unsubscribe
from serversync.exchange.outcome import Failure
from serversync.jobs.ending import end
from serversync.jobs.subscriptions import OF_EVERYBODY, act_folders, ids_of, subscription, what_is_due
from serversync.rules.schedule import stream_retry

log = structlog.get_logger(__name__)

NEW_GROUPS_A_TURN = 4
"""Groups that a worker takes over at once, so that workers that start together share them."""
DROP_EVERY = 6
"""Turns after which the members of the groups are looked through."""
SHORTEST_STREAM = 0.5
"""A stream that the server closes within so many seconds counts as broken, so that it is not opened in a hurry."""
AT_ONCE = 4
"""Subscriptions that a group makes at the same time."""
GOOD_BYE = timedelta(seconds=5)
"""How long a worker that ends takes to give its subscriptions back."""
_NO_SLOT = timedelta(seconds=5)
_ASIDE = timedelta(minutes=15)
_TOO_MANY = timedelta(hours=1)


class Told:
    """One group: its subscriptions, its stream, and what to do when either is lost."""

    def __init__(
        self,
        group: Group,
        members: Members,
        groups: NotificationGroups,
        profiles: ProfileConnections,
        slots: ConnectionSlots,
    ) -> None:
        self._slots = slots
        self.group = group
        self.members = members
        self.digest = ""
        self._groups = groups
        self._profiles = profiles
        self._affinity = Affinity(group.anchor)
        self._subscriptions: dict[str, UUID] = {}
        self._act_folders: dict[UUID, frozenset[str]] = {}
        self._outdated: dict[str, str] = {}
        self._missed: set[UUID] = set(members)
        self._changed = asyncio.Event()
        self._failures = 0

    @property
    def _speaker(self) -> UUID | None:
        """The mailbox in whose name the stream is open: the anchor, or another where that has left the group."""
        return self.group.anchorid if self.group.anchorid in self.members else next(iter(self.members), None)

    def join(self, members: Members) -> None:
        """Tell of further mailboxes from now on."""
        self.members |= members
        self._missed |= set(members)
        self._changed.set()

    def look(self, members: Members) -> None:
        """Tell of other folders from now on, where mailboxes have others than they had."""
        changed = {
            mailboxid: member
            for mailboxid, member in members.items()
            if mailboxid in self.members and member.folders != self.members[mailboxid].folders
        }
        if not changed:
            return
        for subscription_id, mailboxid in list(self._subscriptions.items()):
            if mailboxid in changed:
                del self._subscriptions[subscription_id]
                self._outdated[subscription_id] = changed[mailboxid].address
        self.join(changed)

    def leave(self, mailboxids: set[UUID]) -> None:
        """Tell of these no more."""
        for mailboxid in mailboxids:
            self.members.pop(mailboxid, None)
        self._missed -= mailboxids
        self._changed.set()

    async def run(self) -> None:
        """Keep a stream open until cancelled."""
        while True:
            self._changed.clear()
            try:
                began = time.monotonic()
                await self._while_unchanged()
                if time.monotonic() - began < SHORTEST_STREAM and not self._changed.is_set():
                    raise ConnectionLost(
                        host=self.group.anchor, reason="the stream was closed as soon as it was open"
                    )
            except SubscriptionLost as error:
                self._forget(error)
                await self._trouble(error)
            except ServiceError as error:
                self._missed |= set(self.members)
                await self._trouble(error)

    async def _while_unchanged(self) -> None:
        """Tell until the stream ends or the members change; raises what broke it."""
        telling = asyncio.create_task(self._tell())
        changed = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait((telling, changed), return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
        finally:
            for task in (telling, changed):
                task.cancel()
            await asyncio.gather(telling, changed, return_exceptions=True)

    async def _tell(self) -> None:
        async with self._slots.hold(Budget(self.group.profileid), 1, purpose=STREAMS, leave=1) as turn:
            if turn is None:
                raise ServerBusy(
                    response_code="no connection of the profile is free for a stream", back_off=_NO_SLOT
                )
            async with self._client(turn) as connected:
                await self._unsubscribe(connected)
                await self._subscribe(connected)
            if self._subscriptions:
                # Those that could not be subscribed have left, perhaps the one in whose name it was done.
                async with self._client(turn) as connected:
                    await self._listen(connected, turn)
                return
        await self._changed.wait()

    def _client(self, turn: SlotLease) -> AbstractAsyncContextManager[Connected]:
        return self._profiles.client(self.group.profileid, mailboxid=self._speaker, turn=turn)

    async def _listen(self, connected: Connected, turn: SlotLease) -> None:
        """Pass on what the stream tells, until it ends or its connection may be somebody else's."""
        ids = sorted(self._subscriptions)
        is_open = False
        stream = connected.client.stream(ids, mailbox=connected.mailbox, affinity=self._affinity)
        async with stream as answers:
            async for answer in answers:
                if not is_open:
                    is_open, self._failures = True, 0
                    missed, self._missed = self._missed, set()
                    await self._groups.live(self.group, list(self._subscriptions.values()), list(missed))
                    log.info("stream open", anchor=self.group.anchor, mailboxes=len(ids))
                await self._pass_on(answer)
                if not turn.is_held:
                    raise LeaseLost(mailbox="the connection of this stream")

    async def _pass_on(self, answer: StreamedAnswer) -> None:
        """Make those due that something was told of."""
        mail: set[UUID] = set()
        act: set[UUID] = set()
        for each in answer.notifications:
            mailboxid = self._subscriptions.get(each.subscription_id)
            if mailboxid is not None and mailboxid in self.members:
                is_mail, is_act = what_is_due(each, self._act_folders.get(mailboxid, frozenset()))
                mail |= {mailboxid} if is_mail else set()
                act |= {mailboxid} if is_act else set()
        if mail or act:
            await self._groups.wake(sorted(mail), sorted(act))

    async def _subscribe(self, connected: Connected) -> None:
        """Subscribe every member that is not; one that cannot be is put aside, the others go on."""
        known = set(self._subscriptions.values())
        missing = [mailboxid for mailboxid in self.members if mailboxid not in known]
        room = asyncio.Semaphore(AT_ONCE)

        async def one(mailboxid: UUID) -> None:
            async with room:
                await self._subscribe_one(connected, mailboxid)

        results = await asyncio.gather(*(one(each) for each in missing), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _subscribe_one(self, connected: Connected, mailboxid: UUID) -> None:
        member = self.members.get(mailboxid)
        if member is None:
            return
        error = await self._try(connected, mailboxid, member.address, member.folders)
        if isinstance(error, Permanent) and len(member.folders) > 1:
            # A folder may be gone; the pass that is due finds out which.
            known = [each for each in member.folders if each in OF_EVERYBODY]
            error = await self._try(connected, mailboxid, member.address, known)
        if error is not None:
            code = error.details.get("response_code")
            hint = error.details.get("back_off")
            busy_for = hint if isinstance(error, ServerBusy) and isinstance(hint, timedelta) else None
            pause = _TOO_MANY if code == "ErrorExceededSubscriptionCount" else _ASIDE
            log.warning(
                "mailbox cannot be subscribed", mailbox=member.address, code=error.code, error=str(error)
            )
            self.members.pop(mailboxid, None)
            await self._groups.put_aside(mailboxid, max(pause, busy_for or pause), busy_for=busy_for)

    async def _try(
        self, connected: Connected, mailboxid: UUID, address: str, folders: Sequence[str]
    ) -> ServiceError | None:
        """Subscribe a mailbox; return what is wrong with it, if anything is."""
        try:
            if act := act_folders(folders):
                found = await connected.client.call(act, mailbox=address, affinity=self._affinity)
                self._act_folders[mailboxid] = ids_of(found)
            request = subscription(folders)
            (outcome,) = await connected.client.call(request, mailbox=address, affinity=self._affinity)
        except ServiceError as problem:
            says_nothing = isinstance(problem, ConnectionLost | AnswerUnreadable | LeaseLost)
            if problem.scope is not Scope.MAILBOX or says_nothing:
                raise  # it says nothing about the mailbox
            return problem
        if isinstance(outcome, Failure):
            return outcome.error
        self._subscriptions[outcome.value.subscription_id] = mailboxid
        self._missed.add(mailboxid)
        return None

    def _forget(self, error: SubscriptionLost) -> None:
        """Drop the subscriptions that are lost: those that are named, otherwise all."""
        named = error.details.get("subscription_ids")
        lost = [each for each in named if each in self._subscriptions] if isinstance(named, tuple) else []
        for subscription_id in lost or list(self._subscriptions):
            self._missed.add(self._subscriptions.pop(subscription_id))
        if not lost:
            self._affinity.forget()

    async def _trouble(self, error: ServiceError) -> None:
        """Note that the stream is down, and wait before it is opened again."""
        self._failures += 1
        hint = error.details.get("back_off")
        wait = stream_retry(self._failures, hint=hint if isinstance(hint, timedelta) else None)
        log.warning(
            "stream lost",
            anchor=self.group.anchor,
            code=error.code,
            error=str(error),
            again_in=wait.total_seconds(),
        )
        await self._groups.down(self.group, f"{error.code}: {error}")
        with suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds() * random.uniform(0.5, 1)):  # noqa: S311 - spreads, hides nothing
                await self._changed.wait()

    async def _unsubscribe(self, connected: Connected) -> None:
        """Give up subscriptions of mailboxes that have left, and those of other folders."""
        gone = [each for each, mailboxid in self._subscriptions.items() if mailboxid not in self.members]
        for subscription_id in gone:
            del self._subscriptions[subscription_id]
            self._outdated[subscription_id] = self.group.anchor
        room = asyncio.Semaphore(AT_ONCE)

        async def one(subscription_id: str, address: str) -> None:
            async with room:
                with suppress(ServiceError):  # it ends by itself, half an hour after its stream
                    await connected.client.call(
                        Unsubscribe(subscription_id), mailbox=address, affinity=self._affinity
                    )

        outdated, self._outdated = self._outdated, {}
        await asyncio.gather(*(one(*each) for each in outdated.items()))

    async def say_good_bye(self) -> None:
        """Give the subscriptions back; they count against the mailboxes until they expire."""
        for subscription_id, mailboxid in self._subscriptions.items():
            member = self.members.get(mailboxid)
            self._outdated[subscription_id] = member.address if member else self.group.anchor
        self._subscriptions.clear()
        with suppress(ServiceError):  # see above
            async with self._slots.hold(Budget(self.group.profileid), 1, purpose=STREAMS) as turn:
                if turn is None:
                    return  # they end by themselves
                async with self._profiles.client(
                    self.group.profileid, mailboxid=self._speaker or self.group.anchorid, turn=turn
                ) as connected:
                    await self._unsubscribe(connected)


class Notifier:
    """The groups of one worker.

    Args:
        groups: The table of groups, for this worker.
        profiles: The connections.
        slots: The limits of connections; a stream takes one, but never the last.
        lease: For how long a worker is believed to be alive without a sign of life.
    """

    def __init__(
        self,
        groups: NotificationGroups,
        profiles: ProfileConnections,
        slots: ConnectionSlots,
        *,
        lease: timedelta,
    ) -> None:
        self._groups = groups
        self._slots = slots
        self._profiles = profiles
        self._turn = lease.total_seconds() / 6
        self._told: dict[UUID, Told] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Hold streams open until cancelled; then give subscriptions and groups back.

        Raises:
            psycopg.OperationalError: the database went away.
        """
        try:
            turn = 0
            while True:
                await self._prolong()
                await self._take()
                if turn % DROP_EVERY == 0 and self._told:
                    await self._look_through()
                turn += 1
                await self._wait()
        finally:
            await asyncio.shield(self._end())

    async def _look_through(self) -> None:
        """Let mailboxes go that are not to be told of any more, and groups that have none left."""
        for groupid, gone in (await self._groups.drop(list(self._told))).items():
            self._told[groupid].leave(gone)
        for groupid, digest in (await self._groups.folders(list(self._told))).items():
            told = self._told[groupid]
            if digest != told.digest:
                told.look(await self._groups.members(told.group))
                told.digest = digest
        empty = [groupid for groupid, told in self._told.items() if not told.members]
        await self._groups.give_back([(await self._stop(groupid)).group for groupid in empty])

    async def _wait(self) -> None:
        """Wait for the next turn; raises what ended a group."""
        done: set[asyncio.Task[None]] = set()
        if self._tasks:
            done, _ = await asyncio.wait(
                self._tasks.values(), timeout=self._turn, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(self._turn)
        for task in done:
            task.result()

    async def _prolong(self) -> None:
        if not self._told:
            return
        await self._slots.prolong()
        ours = await self._groups.prolong([told.group for told in self._told.values()])
        for groupid in set(self._told) - ours:
            log.warning("group was taken over", anchor=self._told[groupid].group.anchor)
            await self._stop(groupid)

    async def _take(self) -> None:
        for group in await self._groups.take_over(list(self._told), limit=NEW_GROUPS_A_TURN):
            self._start(group, await self._groups.members(group))
        joined = await self._groups.gather([told.group for told in self._told.values()])
        for group, members in joined.items():
            if (known := self._told.get(group.groupid)) is not None:
                known.join(members)
            else:
                self._start(group, members)

    def _start(self, group: Group, members: Members) -> None:
        told = self._told[group.groupid] = Told(group, members, self._groups, self._profiles, self._slots)
        self._tasks[group.groupid] = asyncio.create_task(told.run())

    async def _stop(self, groupid: UUID) -> Told:
        await end([self._tasks.pop(groupid)], again_after=GOOD_BYE)
        return self._told.pop(groupid)

    async def _end(self) -> None:
        ending = [await self._stop(groupid) for groupid in list(self._told)]
        with suppress(TimeoutError):
            async with asyncio.timeout(GOOD_BYE.total_seconds()):
                await asyncio.gather(*(told.say_good_bye() for told in ending))
        with suppress(psycopg.OperationalError):  # without a database the leases end by themselves
            await self._groups.give_back([told.group for told in ending])
