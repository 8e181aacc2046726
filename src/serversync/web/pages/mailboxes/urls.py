"""The addresses of mailboxes."""

from django.urls import path

from serversync.web.pages.mailboxes import acts, credentials, folders, synchronization, views

urlpatterns = [
    path("", views.listing, name="mailboxes"),
    path("act/", acts.confirm, name="mailboxes-confirm"),
    path("act/<slug:word>/", acts.perform, name="mailboxes-act"),
    path("<uuid:mailboxid>/", views.detail, name="mailbox"),
    path("<uuid:mailboxid>/diagnostics/", views.diagnose, name="mailbox-diagnostics"),
    path("<uuid:mailboxid>/credentials/", credentials.credentials, name="mailbox-credentials"),
    path("<uuid:mailboxid>/synchronization/", synchronization.page, name="mailbox-synchronization"),
    path(
        "<uuid:mailboxid>/synchronization/<slug:word>/",
        synchronization.act,
        name="mailbox-synchronization-act",
    ),
    path("<uuid:mailboxid>/folders/", folders.folders, name="mailbox-folders"),
    path("<uuid:mailboxid>/folders/add/", folders.add, name="mailbox-folder-add"),
    path("<uuid:mailboxid>/folders/<uuid:folderid>/remove/", folders.remove, name="mailbox-folder-remove"),
    path("<uuid:mailboxid>/primary/", views.primary, name="mailbox-primary"),
]
