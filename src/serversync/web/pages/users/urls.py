"""The addresses of users."""

from django.urls import path

from serversync.web.pages.users import views

urlpatterns = [
    path("", views.listing, name="users"),
    path("new/", views.new, name="new-user"),
    path("<uuid:systemuserid>/", views.detail, name="user"),
    path("<uuid:systemuserid>/unlock/", views.unlock, name="user-unlock"),
]
