"""The addresses of the alerts."""

from django.urls import path

from serversync.web.pages.alerts import views

urlpatterns = [
    path("", views.wall, name="alerts"),
    path("<uuid:tracelogid>/<slug:word>/", views.act, name="alert-act"),
]
