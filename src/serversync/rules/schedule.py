"""When a mailbox is looked at next."""

from datetime import datetime, timedelta

RETRY_FLOOR = timedelta(seconds=10)
RETRY_CEILING = timedelta(minutes=15)
BUSY_CEILING = timedelta(minutes=5)


IDLE_STEP = 10
"""After so many polls in a row without mail the wait until the next one doubles."""


def polling_interval(
    *,
    polling: timedelta,
    floor: timedelta,
    idle_polls: int,
    idle_limit: timedelta,
    streamed: timedelta | None = None,
) -> timedelta:
    """Return how long to wait between two polls of a mailbox.

    A mailbox without mail is polled ever more rarely, but at least once in ``idle_limit``; one that a stream tells of
    once in ``streamed``. Neither is ever polled more often than ``floor``.

    >>> step = polling_interval(polling=timedelta(seconds=30), floor=timedelta(0), idle_polls=20,
    ...                         idle_limit=timedelta(minutes=5))
    >>> step.seconds
    120

    Args:
        polling: How often a mailbox is polled that gets mail.
        floor: The profile's minimum polling interval.
        idle_polls: Polls in a row that brought no mail.
        idle_limit: The longest wait that the administrator allows.
        streamed: How often to poll all the same where Exchange tells of changes at this time; ``None`` where it does not.
    """
    shortest = max(polling, floor)
    if streamed is not None:
        return max(shortest, streamed)
    longest = max(shortest, idle_limit)
    wait: timedelta = shortest * 2 ** min(max(idle_polls, 0) // IDLE_STEP, 16)
    return min(wait, longest)


def after_success(
    finished: datetime,
    *,
    polling: timedelta,
    floor: timedelta,
    idle_polls: int = 0,
    idle_limit: timedelta = timedelta(0),
    streamed: timedelta | None = None,
) -> datetime:
    """Return when the next pass is due; see ``polling_interval`` for the arguments.

    Args:
        finished: End of the pass.
        polling: How often mailboxes are polled.
        floor: The profile's minimum polling interval; a mailbox is never polled more often.
        idle_polls: Polls in a row that brought no mail.
        idle_limit: The longest wait that the administrator allows.
        streamed: How often to poll all the same where Exchange tells of changes at this time.
    """
    return finished + polling_interval(
        polling=polling, floor=floor, idle_polls=idle_polls, idle_limit=idle_limit, streamed=streamed
    )


STREAM_FLOOR = timedelta(seconds=1)
STREAM_CEILING = timedelta(minutes=5)


def stream_retry(failures: int, *, hint: timedelta | None) -> timedelta:
    """Return how long to wait before a stream is opened again after ``failures`` (at least 1) losses in a row.

    What the server asked for wins, up to an hour; otherwise the wait doubles from one second to five minutes.

    >>> stream_retry(4, hint=None).seconds
    8
    """
    if hint is not None:
        return min(max(hint, STREAM_FLOOR), timedelta(hours=1))
    wait: timedelta = STREAM_FLOOR * 2 ** min(max(failures, 1) - 1, 12)
    return min(wait, STREAM_CEILING)


def after_failure(
    finished: datetime, *, failures: int, hint: timedelta | None, is_busy: bool = False, jitter: float = 0.0
) -> datetime:
    """Return when to try again after ``failures`` (at least 1) transient failures in a row.

    What the server asked for is never cut short, since coming back early prolongs its recovery; without it the wait
    doubles from 10 seconds to 15 minutes, or to 5 minutes where the server was busy.

    >>> base = datetime(2026, 1, 1)
    >>> (after_failure(base, failures=3, hint=None) - base).seconds
    40

    Args:
        finished: End of the pass.
        failures: Failures in a row, this one included.
        hint: What the server asked for.
        is_busy: Whether it said that it is busy.
        jitter: From 0 to 1: up to a tenth is added, so that not all come back in the same moment.
    """
    if failures < 1:
        raise ValueError("there is no wait before a first failure")
    if hint is not None:
        wait = max(hint, timedelta(seconds=1))
    else:
        wait = min(RETRY_FLOOR * 2 ** min(failures - 1, 12), BUSY_CEILING if is_busy else RETRY_CEILING)
    return finished + wait * (1 + jitter / 10)
