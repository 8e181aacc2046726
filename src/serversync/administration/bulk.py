"""What can be done to many mailboxes at once: each act by its word, with its parameters, the same at once or as a job.

``perform`` does an act now; ``administration.jobs`` does it in the background, mailbox by mailbox, for large
selections and for everything that asks Exchange.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from serversync.administration import audit, mailboxes, privileges
from serversync.administration.enabling import ANEW
from serversync.core import clock
from serversync.core.errors import InputInvalid
from serversync.crm.models import Mailbox, MailboxFolder
from serversync.crm.privileges import Privilege

Parameters = Mapping[str, Any]

TEST_ENABLE: Final = "test-enable"
THEN_TEST: Final = "then_test"
"""Parameter of an act after which each mailbox is tested and enabled."""
AT_ONCE: Final = 100
"""A larger selection becomes a job."""


@dataclass(frozen=True, slots=True)
class BulkAct:
    """One act: what its button says, which privileges it needs, and what it does."""

    title: str
    require: Callable[[Sequence[Mailbox]], object]
    perform: Callable[[Sequence[Mailbox], Parameters], object] | None


def _require_write(chosen: Sequence[Mailbox]) -> None:
    privileges.require_for(Privilege.WRITE_MAILBOX, chosen)


def _require_approval(chosen: Sequence[Mailbox]) -> None:
    mailboxes.require_approval(chosen)


def _edit(chosen: Sequence[Mailbox], parameters: Parameters) -> None:
    values: dict[str, Any] = {key: value for key, value in parameters.items() if key != THEN_TEST}
    received = values.get("processemailreceivedafter")
    if isinstance(received, str):
        values["processemailreceivedafter"] = datetime.fromisoformat(received)
    mailboxes.edit(chosen, mailboxes.MailboxEntries(**values))  # type: ignore[typeddict-item]  # checked by edit


def reinitialise(chosen: Sequence[Mailbox]) -> None:
    """Forget how far mailboxes were read: they are read again from the start; what is tracked stays as it is.

    Raises:
        PrivilegeMissing: one of them may not be administered.
    """
    mailboxes.require_administration(chosen)
    for mailbox in chosen:
        MailboxFolder.objects.filter(mailboxid=mailbox).delete()
        Mailbox.objects.filter(pk=mailbox.pk, nextpasson__isnull=False).update(
            nextpasson=clock.now(), modifiedon=clock.now(), **ANEW
        )
        audit.noted("mailbox.reinitialise", mailbox)
    mailboxes.wake_workers()


ACTS: Final[dict[str, BulkAct]] = {
    TEST_ENABLE: BulkAct("Test & Enable", _require_write, None),
    "apply-defaults": BulkAct(
        "Apply Default Email Settings",
        mailboxes.require_administration,
        lambda chosen, _: mailboxes.apply_defaults(chosen),
    ),
    "edit": BulkAct("Change Multiple Records", mailboxes.require_administration, _edit),
    "approve": BulkAct("Approve Email", _require_approval, lambda chosen, _: mailboxes.approve(chosen)),
    "reject": BulkAct("Reject Email", _require_approval, lambda chosen, _: mailboxes.reject(chosen)),
    "enable": BulkAct(
        "Enable",
        mailboxes.require_administration,
        lambda chosen, _: mailboxes.edit(chosen, {"enabledforincomingemail": True}),
    ),
    "disable": BulkAct(
        "Disable",
        mailboxes.require_administration,
        lambda chosen, _: mailboxes.edit(chosen, {"enabledforincomingemail": False}),
    ),
    "activate": BulkAct(
        "Activate",
        mailboxes.require_administration,
        lambda chosen, _: mailboxes.edit(chosen, {"active": True}),
    ),
    "deactivate": BulkAct(
        "Deactivate",
        mailboxes.require_administration,
        lambda chosen, _: mailboxes.edit(chosen, {"active": False}),
    ),
    "sync": BulkAct("Sync now", _require_write, lambda chosen, _: mailboxes.make_due(chosen)),
    "reinitialise": BulkAct(
        "Re-initialise", mailboxes.require_administration, lambda chosen, _: reinitialise(chosen)
    ),
}
"""Every act by its word."""


def find(word: str) -> BulkAct:
    """Return an act by its word.

    Raises:
        InputInvalid: there is none.
    """
    act = ACTS.get(word)
    if act is None:
        raise InputInvalid(field="Act", reason=f"{word!r} is not one of {', '.join(ACTS)}")
    return act


def perform(word: str, chosen: Sequence[Mailbox], parameters: Parameters) -> None:
    """Do an act to mailboxes now, all or none.

    Raises:
        InputInvalid: there is no such act, it can only be a job, or it cannot be done to one of them.
        PrivilegeMissing: the actor may not do it to one of them.
    """
    act = find(word)
    if act.perform is None:
        raise InputInvalid(field="Act", reason=f"{act.title} is done in the background")
    act.require(chosen)
    act.perform(chosen, parameters)
