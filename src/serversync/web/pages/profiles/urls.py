"""The addresses of email server profiles."""

from django.urls import path

from serversync.web.pages.profiles import connection, views

urlpatterns = [
    path("", views.listing, name="profiles"),
    path("new/<slug:kind>/", views.new, name="new-profile"),
    path("<uuid:profileid>/", views.detail, name="profile"),
    path("<uuid:profileid>/test/", connection.test, name="profile-test"),
    path("<uuid:profileid>/<slug:word>/", views.act, name="profile-act"),
]
