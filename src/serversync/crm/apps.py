"""Registers the CRM store with Django under the label ``crm``."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """The Django app of the CRM store."""

    name = "serversync.crm"
    label = "crm"
    verbose_name = "CRM"
    default_auto_field = "django.db.models.BigAutoField"
