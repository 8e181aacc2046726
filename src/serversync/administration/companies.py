"""Whether the company of a user's contacts in Outlook is kept as the name of their parent, or left alone."""

from django.db import transaction

from serversync.administration import actor as actors
from serversync.administration import audit, privileges
from serversync.crm.models import SystemUser, UserSettings
from serversync.crm.privileges import Privilege


def choose(user: SystemUser, *, are_updated: bool) -> None:
    """Choose it for a user; it counts from the next pass on.

    Raises:
        PrivilegeMissing: it is somebody else, whom the actor may not change.
    """
    if actors.current().user != user:
        privileges.require_for(Privilege.WRITE_USER, [user])
    row = UserSettings.objects.get(pk=user.pk)
    with transaction.atomic(), audit.changes("user.options", [row]):
        row.synccontactcompany = are_updated
        row.save(update_fields=["synccontactcompany", "modifiedon"])
