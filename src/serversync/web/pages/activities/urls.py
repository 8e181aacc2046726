"""The addresses of appointments, series and tasks."""

from typing import Any

from django.urls import path

from serversync.administration.activities import APPOINTMENT, TASK
from serversync.web.pages.activities import views

urlpatterns = []
for _kind in (APPOINTMENT, TASK):
    _given: dict[str, Any] = {"kind": _kind}
    _base = f"{_kind.plural}/"
    urlpatterns += [
        path(_base, views.listing, _given, name=f"{_kind.word}-list"),
        path(f"{_base}new/", views.new, _given, name=f"{_kind.word}-new"),
        path(f"{_base}<uuid:key>/", views.detail, _given, name=_kind.word),
        path(f"{_base}<uuid:key>/<word>/", views.act, _given, name=f"{_kind.word}-act"),
    ]
