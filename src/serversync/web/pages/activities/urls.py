"""The addresses of appointments, series and tasks."""

from typing import Any

from django.urls import path

from serversync.administration.activities import APPOINTMENT, SERIES, TASK
from serversync.web.pages.activities import files, series_views, views

urlpatterns = [
    path("appointments/<uuid:key>/files/", files.attach, name="appointment-attach"),
    path("appointments/<uuid:key>/files/<uuid:fileid>/", files.download, name="appointment-file"),
    path("appointments/<uuid:key>/files/<uuid:fileid>/remove/", files.remove, name="appointment-detach"),
    path("series/<uuid:key>/occurrences/<day>/", series_views.occurrence, name="series-occurrence"),
    path("series/<uuid:key>/occurrences/<day>/cancel/", series_views.cancel, name="series-occurrence-cancel"),
]
for _kind in (APPOINTMENT, SERIES, TASK):
    _given: dict[str, Any] = {"kind": _kind}
    _base = f"{_kind.plural}/"
    urlpatterns += [
        path(_base, views.listing, _given, name=f"{_kind.word}-list"),
        path(f"{_base}new/", views.new, _given, name=f"{_kind.word}-new"),
        path(f"{_base}<uuid:key>/", views.detail, _given, name=_kind.word),
        path(f"{_base}<uuid:key>/<word>/", views.act, _given, name=f"{_kind.word}-act"),
    ]
