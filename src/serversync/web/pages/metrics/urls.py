"""The address of the numbers."""

from django.urls import path

from serversync.web.pages.metrics import views

urlpatterns = [path("metrics", views.metrics, name="metrics")]
