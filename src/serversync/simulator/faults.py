"""Things that go wrong on command: errors, delays, broken connections, damaged answers."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from serversync.simulator.response import EwsError, SoapFault

_ALWAYS_SOAP_FAULTS = frozenset(
    {"ErrorServerBusy", "ErrorImpersonateUserDenied", "ErrorImpersonationFailed", "ErrorSchemaValidation"}
)


@dataclass(slots=True)
class Fault:
    """One thing to go wrong.

    Which requests it concerns: those that match every condition given. The first ``nth - 1`` are let through,
    then it happens ``times`` times.

    Attributes:
        operation: Element name of the operation; ``None`` for any request, also one that is no SOAP.
        mailbox: Address of the mailbox acted on.
        item_id: One item of the request; the fault then concerns its response message only.
        nth: The first matching request or item that it happens to, from 1.
        times: How often it happens; ``None`` for always.
        probability: How likely it happens to a request that it could happen to, up to 1.
        response_code: Answer this error.
        soap_fault: Whether as a SOAP fault (HTTP 500) instead of in the response messages; errors that real
            servers only send as faults are sent so anyway.
        back_off_milliseconds: ``BackOffMilliseconds`` of the SOAP fault.
        http_status: Answer this status with a small page, without SOAP.
        headers: Further HTTP headers, for example ``Retry-After``.
        delay: Seconds to wait before anything else.
        reset_before: Break the connection before the operation takes effect.
        reset_after: Break it after the effect, before the answer.
        body: Answer these bytes instead (status ``http_status`` or 200).
        garble: Damage the answer in its middle.
        truncate: Send so many bytes of the answer, then break the connection.
        before_log_on: Whether it happens before anybody is asked to log on, as at a proxy in front of the server:
            of the above, ``http_status``, ``headers``, ``delay``, ``reset_before`` and ``body`` have a meaning then.
        seen: How many requests have matched so far.
        happened: How often it has happened.
    """

    operation: str | None = None
    mailbox: str | None = None
    item_id: str | None = None
    nth: int = 1
    times: int | None = 1
    probability: float = 1.0
    response_code: str | None = None
    soap_fault: bool = False
    back_off_milliseconds: int | None = None
    http_status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset_before: bool = False
    reset_after: bool = False
    body: bytes | None = None
    truncate: int | None = None
    garble: bool = False
    before_log_on: bool = False
    seen: int = 0
    happened: int = 0

    def _matches(self, operation: str | None, mailbox: str | None, item_id: str | None) -> bool:
        return (
            self.operation in (None, operation)
            and (self.mailbox is None or self.mailbox.lower() == (mailbox or "").lower())
            and self.item_id == item_id
        )

    def strikes(
        self, operation: str | None, mailbox: str | None, item_id: str | None, draw: Callable[[], float]
    ) -> bool:
        """Whether it happens to this request or item; counts it."""
        if not self._matches(operation, mailbox, item_id):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.happened >= self.times):
            return False
        if self.probability < 1 and draw() >= self.probability:
            return False
        self.happened += 1
        return True

    def raise_error(self) -> None:
        """Raise the error that it stands for, if it stands for one.

        Raises:
            SoapFault: for the whole request.
            EwsError: for its response messages.
        """
        if self.response_code is None:
            return
        if self.soap_fault or self.response_code in _ALWAYS_SOAP_FAULTS:
            back_off = self.back_off_milliseconds
            values = {} if back_off is None else {"BackOffMilliseconds": str(back_off)}
            raise SoapFault(self.response_code, message_xml=values)
        raise EwsError(self.response_code)


class FaultPlan:
    """All faults that wait to happen.

    Args:
        seed: What happens by chance follows from it.
    """

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._draw = random.Random(seed).random  # noqa: S311 - no secret depends on it

    def __iter__(self) -> Iterator[Fault]:
        """Go through the faults in the order in which they were added."""
        return iter(tuple(self._faults))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._faults)

    def add(self, fault: Fault) -> Fault:
        """Let a fault happen from now on; returns it, to look at its counters."""
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def for_request(self, operation: str | None, mailbox: str | None) -> Fault | None:
        """Return the fault that happens to a request, if any."""
        return next(
            (
                fault
                for fault in self._faults
                if fault.item_id is None
                and not fault.before_log_on
                and fault.strikes(operation, mailbox, None, self._draw)
            ),
            None,
        )

    def for_stranger(self) -> Fault | None:
        """Return the fault that happens to a request before anybody is asked to log on, if any."""
        return next(
            (
                fault
                for fault in self._faults
                if fault.before_log_on and fault.strikes(None, None, None, self._draw)
            ),
            None,
        )

    def for_item(self, operation: str, mailbox: str, item_id: str) -> None:
        """Raise the error that happens to one item, if any.

        Raises:
            EwsError: what the item answers.
            SoapFault: what the whole request answers because of it.
        """
        for fault in self._faults:
            if fault.item_id is not None and fault.strikes(operation, mailbox, item_id, self._draw):
                fault.raise_error()
