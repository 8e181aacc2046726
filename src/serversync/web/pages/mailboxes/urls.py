"""The addresses of mailboxes."""

from django.urls import path

from serversync.web.pages.mailboxes import views

urlpatterns = [
    path("", views.mailboxes, name="mailboxes"),
    path("<uuid:mailboxid>/", views.mailbox, name="mailbox"),
]
