"""Passes that a command runs itself: what they did, in words and as JSON; and plans of contacts and tasks."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from serversync.cli.output import Output, as_dict
from serversync.cli.session import own_words
from serversync.core.errors import ServiceError

if TYPE_CHECKING:
    from serversync.crm.models import Mailbox
    from serversync.engine.act_run import ActOutcome
    from serversync.engine.ports import PassResult


@dataclass(slots=True)
class Done:
    """What came of a mailbox: of its mail, and of its appointments, contacts and tasks, as far as it has them."""

    mail: "PassResult | None" = None
    mail_error: ServiceError | None = None
    act: "ActOutcome | None" = None
    act_error: ServiceError | None = None

    @property
    def error(self) -> ServiceError | None:
        """What stopped it."""
        return self.mail_error or self.act_error


def run_now(mailbox: "Mailbox") -> Done:
    """Run one pass over the mail of a mailbox, and one over the rest where that is synchronized."""
    from serversync.administration import act_schedule, mailboxes
    from serversync.crm.models.options import IncomingEmailDeliveryMethod
    from serversync.jobs.single import sync_now, synchronize_now

    done = Done()
    has_rest = act_schedule.uses(mailbox)
    is_mail = mailbox.incomingemaildeliverymethod == IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION
    if is_mail or not has_rest:
        try:
            mailboxes.refuse_blocked(mailboxes.state_of(mailbox))
            done.mail, done.mail_error = asyncio.run(sync_now(mailbox.pk))
        except ServiceError as error:
            done.mail_error = error
    if has_rest:
        done.act, done.act_error = _act(mailbox, partial(synchronize_now, mailbox.pk))
    return done


def plan_all(output: Output, chosen: "Sequence[Mailbox]") -> list[ServiceError | None]:
    """Print what a pass over the contacts and tasks of mailboxes would do, and return what went wrong with each."""
    from serversync.jobs.single import synchronize_now

    told: list[dict[str, Any]] = []
    errors: list[ServiceError | None] = []
    for mailbox in chosen:
        with own_words():
            outcome, error = _act(mailbox, partial(synchronize_now, mailbox.pk, may_write=False))
        errors.append(error)
        address = mailbox.emailaddress or mailbox.name
        if output.as_json:
            told.append({**_of(mailbox), **_plan(outcome), "error": as_dict(error)})
            continue
        if outcome is not None:
            for line in outcome.plan.lines():
                output.say(f"{address}: {line}")
        if error is not None:
            output.error(error, about=address)
    if output.as_json:
        output.json(told)
    return errors


def _act(
    mailbox: "Mailbox", run: "Callable[[], Coroutine[None, None, tuple[ActOutcome, ServiceError | None]]]"
) -> "tuple[ActOutcome | None, ServiceError | None]":
    from serversync.administration import synchronization

    try:
        synchronization.may_be_tried(mailbox)
        return asyncio.run(run())
    except ServiceError as error:
        return None, error


def _of(mailbox: "Mailbox") -> dict[str, Any]:
    return {"mailboxid": str(mailbox.pk), "emailaddress": mailbox.emailaddress}


def _plan(outcome: "ActOutcome | None") -> dict[str, Any]:
    from serversync.adapters.act_leases import plan_rows

    return {} if outcome is None else plan_rows(outcome.plan, is_done=not outcome.is_plan_only)


def pass_row(mailbox: "Mailbox", done: Done) -> dict[str, Any]:
    """Return what passes did as JSON holds it."""
    told = _of(mailbox)
    if done.mail is not None:
        told |= {
            "pages": done.mail.pages,
            "listed": done.mail.listed,
            "processed": done.mail.processed,
            "failed": done.mail.failed,
            "outcomes": {outcome.name.lower(): count for outcome, count in done.mail.by_outcome.items()},
            "replayed": done.mail.replayed,
            "seconds": round(done.mail.seconds, 3),
        }
    if done.act is not None:
        told["synchronization"] = {
            **_plan(done.act),
            "processed": 0 if done.act.is_plan_only else done.act.processed,
            "failed": done.act.failed,
            "conflicts": done.act.conflicts,
            "seconds": round(done.act.seconds, 3),
        }
    return {**told, "error": as_dict(done.error)}


def tell(output: Output, mailbox: "Mailbox", done: Done) -> None:
    """Say what passes did."""
    address = mailbox.emailaddress or mailbox.name
    if done.mail is not None:
        output.say(f"{address}: {_told_mail(done.mail)}")
    if done.act is not None:
        output.say(f"{address}: {_told_act(done.act, address)}")
    for error in (done.mail_error, done.act_error):
        if error is not None:
            output.error(error, about=address)


def _told_mail(result: "PassResult") -> str:
    counts = ", ".join(
        f"{count} {outcome.name.lower().replace('_', ' ')}"
        for outcome, count in sorted(result.by_outcome.items())
    )
    return f"{counts or 'nothing new'}, in {result.seconds:.1f} s."


def _told_act(outcome: "ActOutcome", address: str) -> str:
    from serversync.engine.act_run import IDLE_STEPS

    counts = ", ".join(
        f"{step.value}: {count}" for step, count in outcome.plan.counts.items() if step not in IDLE_STEPS
    )
    parts = [f"contacts and tasks: {counts or 'nothing new'}, in {outcome.seconds:.1f} s."]
    if outcome.is_plan_only:
        parts = [
            f"contacts and tasks: nothing was written, the plan waits ({counts or 'nothing to do'}).",
            f"Look at it: serversync mailbox sync {address} --dry-run.",
            f"Let it happen: serversync mailbox approve-plan {address}.",
        ]
    if outcome.failed:
        parts.append(f"{outcome.failed} could not be synchronized.")
    if outcome.conflicts:
        parts.append(f"{outcome.conflicts} fields were changed on both sides.")
    if outcome.held:
        parts.append(f"{sum(each.deletions for each in outcome.held)} deletions wait for you.")
    return " ".join(parts)
