"""The addresses of keys of the API."""

from django.urls import path

from serversync.web.pages.apikeys import views

urlpatterns = [
    path("", views.listing, name="keys"),
    path("<uuid:apikeyid>/remove/", views.remove, name="key-remove"),
]
