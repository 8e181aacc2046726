"""The address of the check-up."""

from django.urls import path

from serversync.web.pages.doctor import views

urlpatterns = [path("", views.check_up, name="doctor")]
