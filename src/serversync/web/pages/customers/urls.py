"""The addresses of contacts and accounts."""

from typing import Any

from django.urls import path

from serversync.administration.customers import ACCOUNT, CONTACT
from serversync.web.pages.customers import views

urlpatterns = []
for _kind in (CONTACT, ACCOUNT):
    _given: dict[str, Any] = {"kind": _kind}
    _base = f"{_kind.word}s/"
    urlpatterns += [
        path(_base, views.listing, _given, name=f"{_kind.word}s"),
        path(f"{_base}new/", views.new, _given, name=f"new-{_kind.word}"),
        path(f"{_base}<uuid:key>/", views.detail, _given, name=_kind.word),
        *([path(f"{_base}<uuid:key>/photo/", views.photo, _given, name="photo")] if _kind is CONTACT else []),
        path(f"{_base}<uuid:key>/<word>/", views.set_state, _given, name=f"{_kind.word}-state"),
    ]
