"""The addresses of jobs."""

from django.urls import path

from serversync.web.pages.jobs import views

urlpatterns = [
    path("", views.listing, name="jobs"),
    path("<uuid:jobid>/", views.detail, name="job"),
    path("<uuid:jobid>/cancel/", views.cancel, name="job-cancel"),
]
