"""The address of the settings."""

from django.urls import path

from serversync.web.pages.settings import views

urlpatterns = [path("", views.settings, name="settings")]
