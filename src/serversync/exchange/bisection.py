"""Finds the one item that spoils the answer of a whole batch, so that all others get through.

A batch is halved until the bad item is alone. Before any item is blamed, a request about the same items
without their content must work: a line or proxy that breaks everything is no fault of an item.

A server may also stop in the middle of a batch (ErrorBatchProcessingStopped) and leave the rest unanswered: the rest is
asked for again, as long as each answer brings some of it, and nothing says that the server wants to be left alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from serversync.core.errors import (
    AnswerUnreadable,
    ConnectionLost,
    ItemTooLarge,
    ItemUnreadable,
    ServiceError,
    Transient,
)
from serversync.exchange.operations.operation import Divisible, Operation
from serversync.exchange.outcome import Failure, Outcome

R = TypeVar("R")
STOPPED: Final = "ErrorBatchProcessingStopped"


async def call_bisecting(
    call: Callable[[Operation[R]], Awaitable[list[Outcome[R]]]],
    probe: Callable[[Operation[Any]], Awaitable[object]],
    operation: Divisible[R],
) -> list[Outcome[R]]:
    """Call; where the answer stays unreadable or the connection keeps breaking, halve the batch.

    Args:
        call: Sends a request.
        probe: The same, for the request that touches no content.
        operation: The whole batch.

    Returns:
        One outcome for each item, in order; the bad ones are failures (ItemUnreadable, ItemTooLarge).

    Raises:
        ServiceError: what the batch or the probe fails with otherwise.
    """
    if not operation.item_ids:
        return []
    outcomes = await _all_of(call, probe, operation)
    rest = _left_out(outcomes)
    while rest and len(rest) < len(outcomes) and not _is_to_wait(outcomes):
        part = operation.part(tuple([operation.item_ids[index] for index in rest]))
        answers = await _all_of(call, probe, part)
        for index, answer in zip(rest, answers, strict=True):
            outcomes[index] = answer
        before, rest = rest, _left_out(outcomes)
        if len(rest) == len(before):
            break
    return outcomes


def _left_out(outcomes: Sequence[Outcome[R]]) -> list[int]:
    """Return which items the server has not come to."""
    return [
        index
        for index, outcome in enumerate(outcomes)
        if isinstance(outcome, Failure) and outcome.code == STOPPED
    ]


def _is_to_wait(outcomes: Sequence[Outcome[R]]) -> bool:
    """Whether the server stopped because of trouble that asking again at once would make worse."""
    return any(
        isinstance(outcome, Failure) and outcome.code != STOPPED and isinstance(outcome.error, Transient)
        for outcome in outcomes
    )


async def _all_of(
    call: Callable[[Operation[R]], Awaitable[list[Outcome[R]]]],
    probe: Callable[[Operation[Any]], Awaitable[object]],
    operation: Divisible[R],
) -> list[Outcome[R]]:
    error = await _attempt(call, operation)
    if not isinstance(error, ServiceError):
        return error
    await probe(operation.probe())
    return await _halve(call, operation, error)


async def _attempt(
    call: Callable[[Operation[R]], Awaitable[list[Outcome[R]]]], operation: Divisible[R]
) -> list[Outcome[R]] | ServiceError:
    """Return the outcomes, or the error that a smaller batch may avoid."""
    try:
        return await call(operation)
    except AnswerUnreadable as error:
        return error
    except ConnectionLost:
        try:
            return await call(operation)
        except (AnswerUnreadable, ConnectionLost) as error:
            return error


async def _halve(
    call: Callable[[Operation[R]], Awaitable[list[Outcome[R]]]], operation: Divisible[R], error: ServiceError
) -> list[Outcome[R]]:
    ids = operation.item_ids
    if len(ids) == 1:
        return [_failure(error)]
    middle = len(ids) // 2
    outcomes: list[Outcome[R]] = []
    for half in (ids[:middle], ids[middle:]):
        part = operation.part(half)
        answer = await _attempt(call, part)
        outcomes += await _halve(call, part, answer) if isinstance(answer, ServiceError) else answer
    return outcomes


def _failure(error: ServiceError) -> Failure:
    limit = error.details.get("limit")
    details: dict[str, object] = {**error.details, "cause": str(error)}
    if limit is not None:
        details["response_code"] = f"larger than {limit} bytes"
        return Failure(ItemTooLarge(**details), "TooLarge", str(error))
    details["response_code"] = (
        "its answer cannot be read" if isinstance(error, AnswerUnreadable) else "its answer breaks off"
    )
    return Failure(ItemUnreadable(**details), "Unreadable", str(error))
