"""The addresses of everything that is served: the API for programs, the pages for people."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("serversync.api.urls")),
    path("", include("serversync.web.urls")),
]
