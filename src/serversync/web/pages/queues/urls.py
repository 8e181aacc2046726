"""The addresses of queues."""

from django.urls import path

from serversync.web.pages.queues import views

urlpatterns = [
    path("", views.listing, name="queues"),
    path("new/", views.new, name="new-queue"),
    path("<uuid:queueid>/", views.detail, name="queue"),
    path("<uuid:queueid>/<word>/", views.set_state, name="queue-state"),
]
