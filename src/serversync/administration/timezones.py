"""Time zones of users: in which pages show times to them, and whole days stand in their calendars."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce

from serversync.administration import actor as actors
from serversync.administration import audit, privileges
from serversync.core.errors import InputInvalid
from serversync.crm.models import Organization, SystemUser, UserSettings
from serversync.crm.privileges import Privilege
from serversync.exchange.zone_names import iana_name, named_zones


def choices() -> list[str]:
    """Return the IANA names that can be chosen from; others that are known can be given too."""
    return list(named_zones())


def checked(name: str) -> str:
    """Return the IANA name of a zone by its IANA or Windows name.

    Raises:
        InputInvalid: nobody knows it.
    """
    found = iana_name(name.strip())
    if found is None:
        raise InputInvalid(field="Time zone", reason=f"{name.strip()!r} is no time zone of Windows or IANA")
    return found


def name_of(user: SystemUser | None) -> str:
    """Return the IANA name of the zone in which a user sees times: the own one, or the organization's."""
    defaults = Subquery(Organization.objects.values("defaulttimezone"))
    rows = UserSettings.objects.filter(pk=user.pk) if user else UserSettings.objects.none()
    chosen = next(iter(rows.values_list(Coalesce("timezone", defaults), flat=True)), None)
    return iana_name(chosen or Organization.objects.current().defaulttimezone) or "UTC"


def of(user: SystemUser | None) -> tzinfo:
    """Return the zone in which a user sees times."""
    return ZoneInfo(name_of(user))


def of_actor() -> tzinfo:
    """Return the zone in which who acts sees times."""
    return of(actors.current().user)


def choose(user: SystemUser, name: str) -> None:
    """Choose the time zone of a user; an empty name leaves it to the organization.

    Raises:
        InputInvalid: nobody knows the zone.
        PrivilegeMissing: it is somebody else, whom the actor may not change.
    """
    wanted = checked(name) if name.strip() else None
    if actors.current().user != user:
        privileges.require_for(Privilege.WRITE_USER, [user])
    row = UserSettings.objects.get(pk=user.pk)
    with transaction.atomic(), audit.changes("user.options", [row]):
        row.timezone = wanted
        row.save(update_fields=["timezone", "modifiedon"])
