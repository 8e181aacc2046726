"""The list of jobs, and one job with its progress."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import alerts, jobs, privileges
from serversync.core.errors import InputInvalid
from serversync.crm.models import AsyncOperation
from serversync.web.keyset import Position, read_page

PAGE_SIZE: Final = 50


def listing(request: HttpRequest) -> HttpResponse:
    """Show jobs, latest first."""
    rows = privileges.jobs().select_related("ownerid")
    page = read_page(rows, request.GET, column="createdon", position=_position, size=PAGE_SIZE)
    return render(request, "jobs/list.html", {"page": page, "rows": jobs.states(page.rows)})


def _position(job: AsyncOperation) -> Position:
    return Position(job.createdon, job.asyncoperationid)


def detail(request: HttpRequest, jobid: UUID) -> HttpResponse:
    """Show one job."""
    job = jobs.find(str(jobid))
    (state,) = jobs.states([job])
    items = list(jobs.failures(job))
    told = alerts.of_mailboxes(item.mailboxid_id for item in items)
    failures = [(item, told.get(item.mailboxid_id, {}).get(item.code or "")) for item in items]
    return render(request, "jobs/detail.html", {"row": state, "failures": failures})


@require_POST
def cancel(request: HttpRequest, jobid: UUID) -> HttpResponse:
    """Stop what of a job has not begun."""
    try:
        jobs.cancel(jobs.find(str(jobid)))
    except InputInvalid as error:
        messages.error(request, str(error))
    return redirect("job", jobid=jobid)
