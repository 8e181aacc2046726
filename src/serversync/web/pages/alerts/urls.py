"""The address of the alerts."""

from django.urls import path

from serversync.web.pages.alerts import views

urlpatterns = [path("", views.alerts, name="alerts")]
