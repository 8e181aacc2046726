"""Faults by name: what ``serversync simulator break`` and the administration interface can ask for."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from serversync.simulator.certificates import CertificateOptions
from serversync.simulator.faults import Fault

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange

FAULT_FIELDS: Mapping[str, type] = {
    "operation": str,
    "mailbox": str,
    "item_id": str,
    "nth": int,
    "times": int,
    "probability": float,
    "response_code": str,
    "soap_fault": bool,
    "back_off_milliseconds": int,
    "http_status": int,
    "delay": float,
    "reset_before": bool,
    "reset_after": bool,
    "truncate": int,
    "garble": bool,
    "before_log_on": bool,
}
"""What a fault can be made of from outside, with its type; see ``Fault``."""

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "clock-skew": ("seconds",),
    "corrupt-item": ("item_id",),
    "cut-streams": ("mailbox",),
    "exhaust-budget": ("account", "mailbox", "seconds"),
    "expire-certificate": (),
    "fail-over": (),
    "illegal-xml": ("item_id",),
    "invalidate-sync-states": ("mailbox",),
    "lock-account": ("account",),
    "lose-subscriptions": ("mailbox",),
    "move-mailbox": ("mailbox", "version"),
    "renew-certificate": (),
}
"""Things that happen once, with what each needs to know."""


class NotUnderstoodError(ValueError):
    """What was asked for cannot be done."""


def make_fault(wanted: Mapping[str, Any]) -> Fault:
    """Return the fault that names and values describe.

    Raises:
        NotUnderstoodError: an unknown name, or a value of the wrong type.
    """
    values: dict[str, Any] = {}
    for name, value in wanted.items():
        kind = FAULT_FIELDS.get(name)
        if kind is None:
            raise NotUnderstoodError(f"{name} is none of {', '.join(FAULT_FIELDS)}")
        is_number = kind is float and isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (type(value) is kind or is_number):
            raise NotUnderstoodError(f"{name} has to be a {kind.__name__}")
        values[name] = value
    return Fault(**values)


def describe(fault: Fault) -> dict[str, Any]:
    """Return what a fault says beyond the usual, and its counters."""
    usual = Fault()
    told = {
        one.name: getattr(fault, one.name)
        for one in fields(fault)
        if one.name in FAULT_FIELDS and getattr(fault, one.name) != getattr(usual, one.name)
    }
    return told | {"seen": fault.seen, "happened": fault.happened}


def act(exchange: "Exchange", name: str, wanted: Mapping[str, Any]) -> None:
    """Let one of ``ACTIONS`` happen.

    Raises:
        NotUnderstoodError: an unknown action, something it needs is missing, or there is no such mailbox.
    """
    needs = ACTIONS.get(name)
    if needs is None:
        raise NotUnderstoodError(f"{name} is none of {', '.join(ACTIONS)}")
    missing = [one for one in needs if one not in wanted]
    if missing:
        raise NotUnderstoodError(f"{name} needs {', '.join(missing)}")
    try:
        with exchange.lock:
            _DO[name](exchange, wanted)
    except (LookupError, TypeError) as problem:
        raise NotUnderstoodError(str(problem)) from problem


def _spoil(exchange: "Exchange", item_id: str) -> None:
    """Put a character that XML forbids into the subject of an item, and write it as a real server does."""
    mailbox, item = exchange.find_item(item_id)
    subject = exchange.subject_of(mailbox, item)
    exchange.illegal_characters = "reference"
    exchange.edit(item_id, subject=f"{subject}\x0b\x1f")


def _lock_account(exchange: "Exchange", name: str) -> None:
    account = exchange.directory.find(name)
    if account is None:
        raise LookupError(f"no account is called {name}")
    account.is_locked = True


def _turn_clock(exchange: "Exchange", seconds: float) -> None:
    exchange.clock_skew = timedelta(seconds=seconds)


_DO: Mapping[str, Callable[["Exchange", Mapping[str, Any]], object]] = {
    "clock-skew": lambda exchange, given: _turn_clock(exchange, given["seconds"]),
    "corrupt-item": lambda exchange, given: exchange.faults.add(
        Fault(item_id=given["item_id"], response_code="ErrorItemCorrupt", times=None)
    ),
    "cut-streams": lambda exchange, given: exchange.subscriptions.cut_streams(given["mailbox"]),
    "exhaust-budget": lambda exchange, given: exchange.throttle.exhaust(
        given["account"], given["mailbox"], wait=timedelta(seconds=given["seconds"])
    ),
    "expire-certificate": lambda exchange, _given: exchange.change_certificate(
        CertificateOptions(is_expired=True)
    ),
    "fail-over": lambda exchange, _given: exchange.subscriptions.fail_over(),
    "illegal-xml": lambda exchange, given: _spoil(exchange, given["item_id"]),
    "invalidate-sync-states": lambda exchange, given: exchange.mailbox(
        given["mailbox"]
    ).invalidate_sync_states(),
    "lock-account": lambda exchange, given: _lock_account(exchange, given["account"]),
    "lose-subscriptions": lambda exchange, given: exchange.subscriptions.lose(given["mailbox"]),
    "move-mailbox": lambda exchange, given: exchange.move_to_server(given["mailbox"], given["version"]),
    "renew-certificate": lambda exchange, _given: exchange.change_certificate(CertificateOptions()),
}
