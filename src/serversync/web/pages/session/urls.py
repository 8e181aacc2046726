"""The addresses of logging in and out, the own password and personal options."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from serversync.web.pages.session.options import options
from serversync.web.pages.session.views import LogIn, password

urlpatterns = [
    path("log-in/", LogIn.as_view(), name="log-in"),
    path("log-out/", login_not_required(LogoutView.as_view()), name="log-out"),
    path("password/", password, name="password"),
    path("options/", options, name="options"),
]
