"""What every page shows around its content: where one may go, the number of open alerts, the product's version."""

from typing import Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

import serversync
from serversync.administration import alerts, privileges
from serversync.administration.actor import Actor
from serversync.crm.privileges import Depth, Privilege

_MOST_COUNTED = 100

_PLACES: Final = {
    "profiles": Privilege.READ_PROFILE,
    "settings": Privilege.READ_ORGANIZATION,
    "users": Privilege.READ_USER,
    "contacts": Privilege.READ_CONTACT,
    "accounts": Privilege.READ_ACCOUNT,
    "queues": Privilege.READ_QUEUE,
    "activities": Privilege.READ_ACTIVITY,
    "audit": Privilege.READ_AUDIT,
    "filters": Privilege.READ_FILTER,
    "doctor": Privilege.WRITE_ORGANIZATION,
}
"""Parts of the navigation that need a privilege."""


def frame(request: HttpRequest) -> dict[str, object]:
    """Return the values; the alerts are counted only where a page shows their number."""
    actor: Actor | None = getattr(request, "actor", None)
    return {
        "version": serversync.__version__,
        "zone": timezone.get_current_timezone_name(),
        "section": request.path.partition("/")[2].partition("/")[0],
        "open_alerts": SimpleLazyObject(lambda: _open_alerts(actor)),
        "places": {} if actor is None else {name: actor.may(need) for name, need in _PLACES.items()},
        "may": Permissions(actor),
    }


class Permissions:
    """Asks in a template whether who is logged in has a privilege: ``may.prvWriteMailbox``."""

    def __init__(self, actor: Actor | None) -> None:
        self._actor = actor

    def __getitem__(self, name: str) -> bool:
        """Tell whether the privilege is there at any depth."""
        return self._actor is not None and self._actor.may(Privilege(name))

    @property
    def see_everything(self) -> bool:
        """Whether all mailboxes may be read."""
        return self._actor is not None and self._actor.depth(Privilege.READ_MAILBOX) == Depth.ORGANIZATION


def _open_alerts(actor: Actor | None) -> str:
    """Return the number of open alerts up to 100, empty for none."""
    if actor is None or not actor.may(Privilege.READ_ALERT):
        return ""
    rows = privileges.alerts().filter(resolvedon=None, level__gt=1).exclude(alerts.muted())
    found = rows[: _MOST_COUNTED + 1].count()
    if not found:
        return ""
    return str(found) if found <= _MOST_COUNTED else f"{_MOST_COUNTED}+"
