"""The addresses of activities other than e-mail."""

from typing import Any

from django.urls import path

from serversync.administration import activity_files
from serversync.administration.activities import APPOINTMENT, CORRESPONDENCE, SERIES, SERVICE, TASK
from serversync.web.pages.activities import files, series_views, views

urlpatterns = [
    path("series/<uuid:key>/occurrences/<day>/", series_views.occurrence, name="series-occurrence"),
    path("series/<uuid:key>/occurrences/<day>/cancel/", series_views.cancel, name="series-occurrence-cancel"),
]
for _kind in activity_files.KINDS.values():
    _of: dict[str, Any] = {"kind": _kind}
    _at = f"{_kind.plural}/<uuid:key>/files/"
    urlpatterns += [
        path(_at, files.attach, _of, name=f"{_kind.word}-attach"),
        path(f"{_at}<uuid:fileid>/", files.download, _of, name=f"{_kind.word}-file"),
        path(f"{_at}<uuid:fileid>/remove/", files.remove, _of, name=f"{_kind.word}-detach"),
    ]
for _kind in (APPOINTMENT, SERIES, SERVICE, TASK, *CORRESPONDENCE):
    _given: dict[str, Any] = {"kind": _kind}
    _base = f"{_kind.path}/"
    urlpatterns += [
        path(_base, views.listing, _given, name=f"{_kind.word}-list"),
        path(f"{_base}new/", views.new, _given, name=f"{_kind.word}-new"),
        path(f"{_base}<uuid:key>/", views.detail, _given, name=_kind.word),
        path(f"{_base}<uuid:key>/<word>/", views.act, _given, name=f"{_kind.word}-act"),
    ]
