"""The addresses of mailboxes."""

from django.urls import path

from serversync.web.pages.mailboxes import acts, credentials, views

urlpatterns = [
    path("", views.listing, name="mailboxes"),
    path("act/", acts.confirm, name="mailboxes-confirm"),
    path("act/<slug:word>/", acts.perform, name="mailboxes-act"),
    path("<uuid:mailboxid>/", views.detail, name="mailbox"),
    path("<uuid:mailboxid>/diagnostics/", views.diagnose, name="mailbox-diagnostics"),
    path("<uuid:mailboxid>/credentials/", credentials.credentials, name="mailbox-credentials"),
    path("<uuid:mailboxid>/primary/", views.primary, name="mailbox-primary"),
]
