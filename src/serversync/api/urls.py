"""The addresses of the API, below ``/api/v1/``."""

from django.urls import path

from serversync.api import alerts, emails, mailboxes, profiles
from serversync.api.entrance import address, nowhere

urlpatterns = [
    path("mailboxes", address(get=mailboxes.list_page), name="api-mailboxes"),
    path("mailboxes/<str:reference>", address(get=mailboxes.show), name="api-mailbox"),
    path("mailboxes/<str:reference>/why", address(get=mailboxes.why), name="api-mailbox-why"),
    path("mailboxes/<str:reference>/sync", address(post=mailboxes.sync), name="api-mailbox-sync"),
    path("profiles", address(get=profiles.list_all), name="api-profiles"),
    path("profiles/<path:name>/test", address(post=profiles.test), name="api-profile-test"),
    path("profiles/<path:name>", address(get=profiles.show), name="api-profile"),
    path("alerts", address(get=alerts.list_latest), name="api-alerts"),
    path("emails", address(get=emails.list_latest), name="api-emails"),
    path("emails/<path:reference>", address(get=emails.show), name="api-email"),
    path("", nowhere(), name="api-root"),
    path("<path:rest>", nowhere(), name="api-nowhere"),
]
