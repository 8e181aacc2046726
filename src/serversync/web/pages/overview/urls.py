"""The address of the overview."""

from django.urls import path

from serversync.web.pages.overview import views

urlpatterns = [path("", views.overview, name="overview")]
