"""When a mailbox is looked at next."""

from datetime import datetime, timedelta

RETRY_FLOOR = timedelta(seconds=10)
RETRY_CEILING = timedelta(minutes=15)


def after_success(finished: datetime, *, polling: timedelta, floor: timedelta) -> datetime:
    """Return when the next pass is due.

    Args:
        finished: End of the pass.
        polling: How often mailboxes are polled.
        floor: The profile's minimum polling interval; a mailbox is never polled more often.
    """
    return finished + max(polling, floor)


def after_failure(finished: datetime, *, failures: int, hint: timedelta | None) -> datetime:
    """Return when to try again after ``failures`` (at least 1) transient failures in a row.

    What the server asked for wins; otherwise the wait doubles from 10 seconds to 15 minutes.

    >>> base = datetime(2026, 1, 1)
    >>> (after_failure(base, failures=3, hint=None) - base).seconds
    40
    """
    if failures < 1:
        raise ValueError("there is no wait before a first failure")
    if hint is not None:
        return finished + min(max(hint, timedelta(seconds=1)), timedelta(hours=1))
    wait: timedelta = RETRY_FLOOR * 2 ** min(failures - 1, 12)
    return finished + min(wait, RETRY_CEILING)
