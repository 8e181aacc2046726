"""Makes the pages an app of Django, so that their templates, tags and static files are found."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The pages."""

    name = "serversync.web"
    label = "web"
