"""The addresses of all pages."""

from django.urls import include, path

urlpatterns = [
    path("", include("serversync.web.pages.overview.urls")),
    path("", include("serversync.web.pages.session.urls")),
    path("", include("serversync.web.pages.health.urls")),
    path("", include("serversync.web.pages.metrics.urls")),
    path("profiles/", include("serversync.web.pages.profiles.urls")),
    path("settings/", include("serversync.web.pages.settings.urls")),
    path("mailboxes/", include("serversync.web.pages.mailboxes.urls")),
    path("mail/", include("serversync.web.pages.mail.urls")),
    path("alerts/", include("serversync.web.pages.alerts.urls")),
    path("jobs/", include("serversync.web.pages.jobs.urls")),
    path("check-up/", include("serversync.web.pages.doctor.urls")),
    path("audit/", include("serversync.web.pages.audit.urls")),
    path("", include("serversync.web.pages.customers.urls")),
    path("", include("serversync.web.pages.activities.urls")),
    path("queues/", include("serversync.web.pages.queues.urls")),
    path("filters/", include("serversync.web.pages.filters.urls")),
    path("keys/", include("serversync.web.pages.apikeys.urls")),
    path("users/", include("serversync.web.pages.users.urls")),
]
