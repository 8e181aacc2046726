"""A series with its next occurrences, and the form of one occurrence."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import activities, attendees, entries, occurrences, series_occurrences
from serversync.administration.activities import SERIES
from serversync.administration.series_occurrences import SeriesOccurrence
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import RecurringAppointmentMaster
from serversync.rules.series.recurrence import LAST_DATE
from serversync.web import formerrors
from serversync.web.pages.activities.series_forms import OccurrenceForm

_EARLIEST: Final = date(1601, 1, 1)
"""The first day that Exchange knows."""


def coming(request: HttpRequest, row: RecurringAppointmentMaster) -> dict[str, Any]:
    """Return the occurrences that a page shows: the next ones, or those from the day that its address says."""
    since, asked = None, request.GET.get("from", "")
    timetable = occurrences.timetable(row)
    if asked and timetable is not None:
        day = _day(asked)
        asked = day.isoformat() if day else ""
        since = datetime.combine(day, time(), timetable.times.tzinfo) if day else None
    shown = occurrences.upcoming(row, now=since, with_cancelled=True)
    later = ""
    if len(shown) == occurrences.SHOWN:
        later = (max(one["day"] for one in shown) + timedelta(1)).isoformat()
    return {"occurrences": shown, "from_day": asked, "later": later}


def _day(text: str) -> date | None:
    """Return a day that an address says, if there can be a series on it."""
    try:
        day = entries.day(text, "From")
    except InputInvalid:
        return None
    return day if _EARLIEST <= day <= LAST_DATE else None


def occurrence(request: HttpRequest, key: UUID, day: str) -> HttpResponse:
    """Show one occurrence in the form; change what was changed."""
    found = _visible(key, day)
    may_edit = activities.may_write(found.series) and found.series.statecode not in (
        activities.COMPLETED,
        activities.CANCELED,
    )
    form = OccurrenceForm(request.POST or None, found=found)
    if request.method == "POST" and form.is_valid():
        try:
            series_occurrences.change(found, form.entries())
        except InputInvalid as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, f"Saved {found}.")
            return redirect(SERIES.word, key=key)
    shown = {
        "form": form,
        "found": found,
        "may_edit": may_edit and not found.is_cancelled,
        "caller": attendees.caller(found.series),
        "participants": [] if found.is_cancelled else found.guests.participants,
    }
    return render(request, "activities/occurrence.html", shown)


@require_POST
def cancel(request: HttpRequest, key: UUID, day: str) -> HttpResponse:
    """Cancel one occurrence."""
    found = _visible(key, day)
    try:
        series_occurrences.cancel(found)
    except InputInvalid as error:
        messages.error(request, str(error))
        return redirect("series-occurrence", key=key, day=day)
    messages.success(request, f"{found} is cancelled.")
    return redirect(SERIES.word, key=key)


def _visible(key: UUID, day: str) -> SeriesOccurrence:
    """Return an occurrence that the actor may read.

    Raises:
        Http404: there is none.
    """
    try:
        row = activities.find(SERIES, key)
        if not isinstance(row, RecurringAppointmentMaster):
            raise TypeError("series are rows of their table")
        return series_occurrences.find(row, day)
    except (RecordNotFound, InputInvalid) as error:
        raise Http404 from error
