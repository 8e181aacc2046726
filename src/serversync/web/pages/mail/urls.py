"""The addresses of tracked mail."""

from django.urls import path

from serversync.web.pages.mail import body, compose, files, views

urlpatterns = [
    path("", views.mail, name="mail"),
    path("picture/<str:token>", files.picture, name="picture"),
    path("new/", compose.new, name="new-email"),
    path("<uuid:activityid>/", views.email, name="email"),
    path("<uuid:activityid>/body", body.body, name="email-body"),
    path("<uuid:activityid>/reply/", compose.reply, name="email-reply"),
    path("<uuid:activityid>/reply-all/", compose.reply_to_all, name="email-reply-all"),
    path("<uuid:activityid>/forward/", compose.forward, name="email-forward"),
    path("<uuid:activityid>/edit/", compose.edit, name="email-edit"),
    path("<uuid:activityid>/send/", compose.send, name="email-send"),
    path("<uuid:activityid>/take-back/", compose.take_back, name="email-take-back"),
    path("<uuid:activityid>/files/<uuid:fileid>", files.download, name="file"),
]
