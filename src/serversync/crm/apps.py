"""Registers the CRM store with Django under the label ``crm``."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.db import connections
from django.db.models.signals import post_migrate

from serversync.crm.privileges import BUILT_IN, SALESPERSON, SYSTEM_ADMINISTRATOR


class CrmConfig(AppConfig):
    """The Django app of the CRM store."""

    name = "serversync.crm"
    label = "crm"
    verbose_name = "CRM"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have what every installation has put back whenever tables were migrated or emptied."""
        post_migrate.connect(_keep_the_organization, sender=self, dispatch_uid="crm.organization")
        post_migrate.connect(_keep_the_roles, sender=self, dispatch_uid="crm.roles")


def _keep_the_organization(*, using: str, apps: Apps = global_apps, **_: Any) -> None:
    """Insert the organization with its defaults unless it is there, or its table is not."""
    try:
        apps.get_model("crm", "Organization")
    except LookupError:
        return
    with connections[using].cursor() as cursor:
        cursor.execute("select 1 from organization limit 1")
        if cursor.fetchone() is None:
            cursor.execute("insert into organization default values on conflict do nothing")


def _keep_the_roles(*, using: str, apps: Apps = global_apps, **_: Any) -> None:
    """Insert the root unit and the built-in roles where no role is known, and give users theirs.

    Users who are older than the roles keep what they could do: who could do everything administers.
    """
    try:
        apps.get_model("crm", "Role")
    except LookupError:
        return
    with connections[using].cursor() as cursor:
        cursor.execute("select 1 from role limit 1")
        if cursor.fetchone() is not None:
            return
        cursor.execute("insert into businessunit (name) values ('Organization') on conflict do nothing")
        for role in BUILT_IN:
            cursor.execute(
                "insert into role (name, roletemplateid) values (%s, %s) on conflict do nothing returning roleid",
                [role.name, role.template],
            )
            made = cursor.fetchone()
            if made is not None:
                cursor.executemany(
                    "insert into roleprivileges (roleid, privilegename, privilegedepthmask) values (%s, %s, %s)",
                    [(made[0], name.value, int(depth)) for name, depth in role.privileges.items()],
                )
        cursor.execute(
            "insert into systemuserroles (systemuserid, roleid) select u.systemuserid, r.roleid from systemuser u"
            " join role r on r.name = case when u.is_superuser then %s else %s end on conflict do nothing",
            [SYSTEM_ADMINISTRATOR.name, SALESPERSON.name],
        )
