"""Finds the one item that spoils the answer of a whole batch, so that all others get through.

A batch is halved until the bad item is alone. Before any item is blamed, a request about the same items
without their content must work: a line or proxy that breaks everything is no fault of an item.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from serversync.core.errors import (
    AnswerUnreadable,
    ConnectionLost,
    ItemTooLarge,
    ItemUnreadable,
    ServiceError,
)
from serversync.exchange.operations.operation import Divisible, Operation
from serversync.exchange.outcome import Failure, Outcome

R = TypeVar("R")


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
