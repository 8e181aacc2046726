"""Keeps the category that marks what is tracked in a mailbox's list of categories, and knows it by its id.

The list is looked at a few times an hour, and at once where an item carries a name that was not seen before, or lost the
mark: it may have been renamed. Trouble with the list never stops mail from being read.
"""

from collections.abc import Iterable
from dataclasses import replace

from msgspec.structs import replace as changed

from serversync.core.errors import Scope, ServiceError, Transient
from serversync.engine.ports import Alerts, ExchangeMailbox, Listed, MailboxRun, MailPlan, MailStore
from serversync.rules.email.category import TrackingCategory


async def keep_category(
    run: MailboxRun, plan: MailPlan, exchange: ExchangeMailbox, store: MailStore, alerts: Alerts
) -> MailPlan:
    """Look at the list of categories, put it right, and return the plan with the category as it is called now."""
    known = plan.tracking
    if known is None:
        return plan
    try:
        kept, was_added = await exchange.keep_category(known)
    except Transient:
        return plan  # the next pass looks again; what hinders this one too is told by what it does next
    except ServiceError as error:
        if error.scope in (Scope.PROFILE, Scope.PROCESS):
            raise  # what is refused to the account is not asked once more
        await store.category_kept(run, known, error)
        return replace(plan, tracking=known._replace(is_due=False))
    await store.category_kept(run, kept, None)
    if was_added:
        await alerts.note_category(run, kept.name)
    return with_category(plan, kept)


def with_category(plan: MailPlan, known: TrackingCategory) -> MailPlan:
    """Return the plan with what is known of the category now."""
    return replace(plan, tracking=known, category=known.name if known.is_on else "")


def strange_names(known: TrackingCategory, changes: Iterable[Listed]) -> set[str]:
    """Return the names of categories that were never seen in this mailbox; one of them may be ours, renamed."""
    names: set[str] = set()
    for change in changes:
        if change.categories:
            names.update(change.categories)
    return names - known.others - {known.name, *known.former} if names else names


def by_present_name(change: Listed, known: TrackingCategory) -> Listed:
    """Return a change whose item, where it carries a former name of the category, carries the present one too."""
    if known.name in change.categories or set(known.former).isdisjoint(change.categories):
        return change
    return changed(change, categories=(*change.categories, known.name))
