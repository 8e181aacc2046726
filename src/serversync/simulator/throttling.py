"""How a server protects itself: what one account may do in one mailbox at the same time, and in the long run.

Budgets are kept for each account and mailbox, as servers do from Exchange 2010 SP2 on: whoever impersonates has a
budget of their own in every mailbox. Nothing is limited unless ``Exchange.throttling`` holds a policy; what is going
on is counted always (``Exchange.load``). Source: Microsoft, "EWS throttling in Exchange", New-ThrottlingPolicy.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import Final

from serversync.simulator.response import EwsError, SoapFault
from serversync.simulator.versions import Schema, ServerVersion

_FINDS: Final = frozenset({"FindItem", "FindFolder"})
_HOUR: Final = timedelta(hours=1)
_LONGEST_DELAY: Final = timedelta(seconds=2)

Key = tuple[str, str]
"""Addresses of the account and of the mailbox, lower case."""


@dataclass(frozen=True, slots=True)
class ThrottlingPolicy:
    """The limits of a policy; ``None`` is Unlimited.

    Attributes:
        max_concurrency: Requests at the same time (``EwsMaxConcurrency``).
        hanging_connections: Streams at the same time (``HangingConnectionLimit``).
        find_count: Results that finds at the same time may ask for in all (``EwsFindCountLimit``).
        max_subscriptions: Subscriptions that live (``EwsMaxSubscriptions``).
        max_burst: What may be spent at once (``EwsMaxBurst``).
        recharge_rate: What comes back in an hour (``EwsRechargeRate``).
        cutoff_balance: How far beyond zero requests are still served, delayed; ``None`` never refuses.
        max_sync_calls: ``SyncFolderItems`` at the same time (``ConcurrentSyncCalls``, seen since 2016).
        cost: What a request costs beside the time that it takes.
    """

    max_concurrency: int | None = 27
    hanging_connections: int | None = 10
    find_count: int | None = 1000
    max_subscriptions: int | None = 5000
    max_burst: timedelta | None = timedelta(milliseconds=300_000)
    recharge_rate: timedelta = timedelta(milliseconds=900_000)
    cutoff_balance: timedelta | None = timedelta(milliseconds=3_000_000)
    cost: timedelta = timedelta()
    max_sync_calls: int | None = 5

    @classmethod
    def of(cls, version: ServerVersion) -> "ThrottlingPolicy":
        """Return the policy that a server of this version comes with."""
        if version.schema < Schema.EXCHANGE2010_SP1:
            return cls(10, 10, 1000, 20, None, max_sync_calls=None)
        if version.schema < Schema.EXCHANGE2013:
            return cls(10, 10, 1000, 5000, None, max_sync_calls=None)
        if version.schema < Schema.EXCHANGE2016:
            return cls(hanging_connections=3, max_sync_calls=None)
        return cls()


@dataclass(slots=True)
class Load:
    """What goes on, and the most that ever went on at the same time.

    Attributes:
        requests: Requests under way, by account.
        most_requests: The most of them ever, by account.
        by_mailbox: Requests under way, by account and mailbox.
        most_by_mailbox: The most of them ever.
        handled: Requests that were begun, by mailbox.
        cut_off: Requests whose client went away before it had its answer, by account.
    """

    requests: Counter[str] = field(default_factory=Counter)
    most_requests: Counter[str] = field(default_factory=Counter)
    by_mailbox: Counter[Key] = field(default_factory=Counter)
    most_by_mailbox: Counter[Key] = field(default_factory=Counter)
    handled: Counter[str] = field(default_factory=Counter)
    cut_off: Counter[str] = field(default_factory=Counter)
    _hanging: dict[str, list["_Hanging"]] = field(default_factory=dict)

    def forget_peaks(self) -> None:
        """Begin to look for the most anew."""
        self.most_requests = Counter(self.requests)
        self.most_by_mailbox = Counter(self.by_mailbox)

    @contextmanager
    def under_way(
        self, account: str, mailbox: str | None, *, has_left: Callable[[], bool] | None = None
    ) -> Iterator[None]:
        """Count a request for the block.

        Args:
            account: Who asks.
            mailbox: As whom.
            has_left: For a stream: whether its client has gone, which the server itself notices late.
        """
        key = (account, mailbox or "")
        for stream in self._hanging.get(account, ()):
            if stream.has_left():
                self._leave(stream.key)
                stream.is_over = True
        self._hanging[account] = [one for one in self._hanging.get(account, ()) if not one.is_over]
        self.requests[account] += 1
        self.by_mailbox[key] += 1
        self.handled[key[1]] += 1
        self.most_requests[account] = max(self.most_requests[account], self.requests[account])
        self.most_by_mailbox[key] = max(self.most_by_mailbox[key], self.by_mailbox[key])
        mine = _Hanging(key, has_left) if has_left is not None else None
        if mine is not None:
            self._hanging[account].append(mine)
        try:
            yield
        finally:
            if mine is None or not mine.is_over:
                self._leave(key)
            if mine is not None:
                mine.is_over = True

    def _leave(self, key: Key) -> None:
        self.requests[key[0]] -= 1
        self.by_mailbox[key] -= 1


@dataclass(slots=True)
class _Hanging:
    """A stream that is open."""

    key: Key
    has_left: Callable[[], bool]
    is_over: bool = False


@dataclass(slots=True)
class _Budget:
    """What one account has left in one mailbox."""

    balance: timedelta
    since: datetime
    concurrent: int = 0
    hanging: int = 0
    finding: int = 0
    syncing: int = 0
    refused: int = 0


class Throttle:
    """Applies a policy to requests; may be called from any thread.

    Args:
        now: The clock.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._policy: ThrottlingPolicy | None = None
        self._budgets: dict[Key, _Budget] = {}

    @property
    def policy(self) -> ThrottlingPolicy | None:
        """The policy in force; setting it begins with full budgets."""
        return self._policy

    @policy.setter
    def policy(self, policy: ThrottlingPolicy | None) -> None:
        with self._lock:
            self._policy = policy
            self._budgets.clear()

    def refused(self, account: str, mailbox: str) -> int:
        """Return how many requests a budget has refused."""
        budget = self._budgets.get((account.lower(), mailbox.lower()))
        return budget.refused if budget else 0

    def exhaust(self, account: str, mailbox: str, *, wait: timedelta) -> None:
        """Let a budget be used up, so that requests are refused for so long."""
        with self._lock:
            policy = self._policy or ThrottlingPolicy()
            budget = self._budget((account.lower(), mailbox.lower()), policy)
            cutoff = policy.cutoff_balance or timedelta()
            budget.balance = -cutoff - policy.recharge_rate * (wait / _HOUR)

    @contextmanager
    def request(
        self, account: str, mailbox: str, operation: str, *, hanging: bool = False, find: int = 0
    ) -> Iterator[timedelta]:
        """Let a request in for the block, and give how long it is to be delayed.

        Args:
            account: Who asks.
            mailbox: As whom.
            operation: Element name.
            hanging: It is a stream.
            find: How many results a find asks for.

        Raises:
            SoapFault: ``ErrorServerBusy`` with ``BackOffMilliseconds``, ``ErrorExceededConnectionCount`` or
                ``ErrorExceededFindCountLimit``.
        """
        policy = self._policy
        if policy is None:
            yield timedelta()
            return
        key = (account.lower(), mailbox.lower())
        finding, is_sync = find if operation in _FINDS else 0, operation == "SyncFolderItems"
        with self._lock:
            budget = self._budget(key, policy)
            if is_sync and policy.max_sync_calls is not None and budget.syncing >= policy.max_sync_calls:
                budget.refused += 1
                raise SoapFault("ErrorExceededConnectionCount")
            delay = self._admit(budget, policy, is_hanging=hanging, finding=finding)
            budget.syncing += is_sync
            budget.concurrent += not hanging
            budget.hanging += hanging
            budget.finding += finding
        started = self._now()
        try:
            yield delay
        finally:
            with self._lock:
                budget.concurrent -= not hanging
                budget.hanging -= hanging
                budget.finding -= finding
                budget.syncing -= is_sync
                taken = timedelta() if hanging else max(self._now() - started - delay, timedelta())
                budget.balance -= taken + policy.cost

    def _budget(self, key: Key, policy: ThrottlingPolicy) -> _Budget:
        now, full = self._now(), policy.max_burst or timedelta()
        budget = self._budgets.setdefault(key, _Budget(full, now))
        recharged = policy.recharge_rate * ((now - budget.since) / _HOUR)
        budget.balance, budget.since = min(full, budget.balance + recharged), now
        return budget

    def _admit(
        self, budget: _Budget, policy: ThrottlingPolicy, *, is_hanging: bool, finding: int
    ) -> timedelta:
        """Return the delay of a request, or refuse it.

        Raises:
            SoapFault: it is refused.
        """
        code = _too_many(budget, policy, is_hanging=is_hanging, finding=finding)
        if code is not None:
            budget.refused += 1
            raise SoapFault(code)
        if policy.max_burst is None or policy.cutoff_balance is None:
            return timedelta()
        beyond = -policy.cutoff_balance - budget.balance
        if beyond > timedelta():
            budget.refused += 1
            wait = ceil(beyond / policy.recharge_rate * _HOUR / timedelta(milliseconds=1))
            raise SoapFault("ErrorServerBusy", message_xml={"BackOffMilliseconds": str(wait)})
        if budget.balance >= timedelta() or not policy.cutoff_balance:
            return timedelta()
        return min(_LONGEST_DELAY, _LONGEST_DELAY * (-budget.balance / policy.cutoff_balance))

    def check_subscriptions(self, living: int) -> None:
        """Refuse a further subscription in a mailbox where so many live.

        Raises:
            EwsError: ``ErrorExceededSubscriptionCount``.
        """
        policy = self._policy
        limit = policy.max_subscriptions if policy else None
        if limit is not None and living >= limit:
            raise EwsError("ErrorExceededSubscriptionCount")


def _too_many(budget: _Budget, policy: ThrottlingPolicy, *, is_hanging: bool, finding: int) -> str | None:
    limit, used = (
        (policy.hanging_connections, budget.hanging)
        if is_hanging
        else (policy.max_concurrency, budget.concurrent)
    )
    if limit is not None and used >= limit:
        return "ErrorExceededConnectionCount"
    if finding and policy.find_count is not None and budget.finding + finding > policy.find_count:
        return "ErrorExceededFindCountLimit"
    return None
