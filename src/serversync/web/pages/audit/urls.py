"""The address of the audit."""

from django.urls import path

from serversync.web.pages.audit import views

urlpatterns = [path("", views.listing, name="audit")]
