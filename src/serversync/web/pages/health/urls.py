"""The addresses for monitoring."""

from django.urls import path

from serversync.web.pages.health import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
