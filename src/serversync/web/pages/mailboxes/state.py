"""Says in a sentence when a mailbox is synchronized next, and if not, why not."""

from datetime import datetime
from typing import NamedTuple

from serversync.crm.models import Mailbox, Organization
from serversync.crm.models.options import (
    EmailRouterAccessApproval,
    IncomingEmailDeliveryMethod,
    StateCode,
)


class State(NamedTuple):
    """How a mailbox stands: a status (good, warn, bad, idle), the sentence, and what to do (empty: nothing)."""

    kind: str
    sentence: str
    advice: str = ""


def state_of(mailbox: Mailbox, settings: Organization, at: datetime) -> State:
    """Return how the mailbox stands at a moment; the first thing that holds it back is what counts."""
    return _held_back(mailbox, settings) or _scheduled(mailbox, at)


def _held_back(mailbox: Mailbox, settings: Organization) -> State | None:
    profile = mailbox.emailserverprofile
    if mailbox.statecode != StateCode.ACTIVE:
        return State("idle", "Deactivated: it is not synchronized.", "Activate the mailbox.")
    if not mailbox.emailaddress:
        return State("warn", "It has no e-mail address.", "Enter the address at its user or queue.")
    if profile is None:
        return State(
            "warn",
            "It has no e-mail server profile: nobody knows which server to ask.",
            "Choose a profile, or apply the default e-mail settings.",
        )
    if profile.statecode != StateCode.ACTIVE:
        return State("warn", f"Its profile {profile.name} is deactivated.", "Activate the profile.")
    return _not_let_in(mailbox, settings)


def _not_let_in(mailbox: Mailbox, settings: Organization) -> State | None:
    of_queue = mailbox.regardingobjecttypecode == "queue"
    needs_approval = (
        settings.requireapprovalforqueueemail if of_queue else settings.requireapprovalforuseremail
    )
    if mailbox.incomingemaildeliverymethod != IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION:
        return State(
            "idle",
            f"Incoming e-mail is set to {mailbox.get_incomingemaildeliverymethod_display()}.",
            "Set incoming e-mail to server-side synchronization.",
        )
    if not mailbox.enabledforincomingemail:
        return State("bad", "Incoming e-mail is switched off.", "Choose Test & Enable.")
    if needs_approval and mailbox.emailrouteraccessapproval != EmailRouterAccessApproval.APPROVED:
        return State("warn", "Its e-mail address waits for approval.", "Choose Approve Email.")
    return None


def _scheduled(mailbox: Mailbox, at: datetime) -> State:
    if mailbox.leaseuntil is not None and mailbox.leaseuntil > at:
        return State("good", "It is being synchronized now.")
    if mailbox.nextpasson is None:
        return State("warn", "It is not on the schedule.", "Choose Test & Enable, or Sync now.")
    when = _when(int((mailbox.nextpasson - at).total_seconds()))
    failures = mailbox.transientfailurecount
    if failures:
        times = "Once" if failures == 1 else f"{failures} times in a row"
        return State("warn", f"{times} it could not be synchronized; it is tried again {when}.")
    if mailbox.lastsuccessfulsynccompletedon is None:
        return State("idle", f"It has not been synchronized yet; the first pass is due {when}.")
    return State("good", f"It is synchronized; the next pass is due {when}.")


def _when(seconds: int) -> str:
    if seconds <= 0:
        return "now"
    if seconds < 120:
        return f"in {seconds} seconds"
    return f"in {seconds // 60} minutes"
