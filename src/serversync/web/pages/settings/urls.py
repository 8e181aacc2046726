"""The addresses of the settings."""

from django.urls import path

from serversync.web.pages.settings import fields, views

urlpatterns = [
    path("", views.settings, name="settings"),
    path("fields/<slug:kind>/", fields.fields, name="settings-fields"),
]
