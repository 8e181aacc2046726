"""The list of what people have done."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from serversync.administration import audit
from serversync.crm.models import Audit
from serversync.web.keyset import Position, read_page

PAGE_SIZE: Final = 50


def listing(request: HttpRequest) -> HttpResponse:
    """Show it, latest first; ``q`` and the place are in the address."""
    search = request.GET.get("q", "")
    page = read_page(
        audit.rows(),
        request.GET,
        column="createdon",
        position=_position,
        size=PAGE_SIZE,
        search=search,
    )
    return render(request, "audit/list.html", {"page": page, "search": search})


def _position(row: Audit) -> Position:
    return Position(row.createdon, row.auditid)
