"""The addresses of tracked mail."""

from django.urls import path

from serversync.web.pages.mail import body, files, views

urlpatterns = [
    path("", views.mail, name="mail"),
    path("picture/<str:token>", files.picture, name="picture"),
    path("<uuid:activityid>/", views.email, name="email"),
    path("<uuid:activityid>/body", body.body, name="email-body"),
    path("<uuid:activityid>/files/<uuid:fileid>", files.download, name="file"),
]
