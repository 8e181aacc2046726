"""The addresses of all pages."""

from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="mailboxes")),
    path("", include("serversync.web.pages.session.urls")),
    path("", include("serversync.web.pages.health.urls")),
    path("mailboxes/", include("serversync.web.pages.mailboxes.urls")),
    path("mail/", include("serversync.web.pages.mail.urls")),
    path("alerts/", include("serversync.web.pages.alerts.urls")),
]
