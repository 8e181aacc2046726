"""Registers the CRM store with Django under the label ``crm``."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.db import connections
from django.db.models.signals import post_migrate

from serversync.crm import default_filters, roles


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
        post_migrate.connect(_keep_the_filters, sender=self, dispatch_uid="crm.filters")


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
    """Insert unit, roles and privileges unless they are there, or their tables are not."""
    try:
        apps.get_model("crm", "Role")
    except LookupError:
        return
    roles.bring_up_to_date(using)


def _keep_the_filters(*, using: str, apps: Apps = global_apps, **_: Any) -> None:
    """Insert the templates of synchronization filters unless there are any, or their table is not there."""
    try:
        apps.get_model("crm", "SavedQuery")
    except LookupError:
        return
    default_filters.keep(using)
