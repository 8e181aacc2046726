"""The forms of appointments, tasks, phone calls, letters and faxes; labels are those that errors of the use cases name."""

from typing import Any, Final, cast

from django import forms
from django.utils import timezone

from serversync.administration import (
    addresses,
    appointments,
    attendees,
    correspondence,
    service_parties,
    services,
    tasks,
)
from serversync.administration.activities import IMPORTANCE, Kind
from serversync.administration.appointments import LONGEST, SHOW_AS, AppointmentEntries
from serversync.administration.correspondence import DESTINATIONS, DIRECTIONS, CorrespondenceEntries
from serversync.administration.services import ServiceEntries
from serversync.administration.tasks import STATUSES, TaskEntries
from serversync.crm.models import Appointment, ServiceAppointment, Task

_WHEN: Final = "%Y-%m-%dT%H:%M"


def words(names: Any) -> list[tuple[str, str]]:
    """Return words as choices."""
    return [(word, word.replace("-", " ").capitalize()) for word in names]


def moment(label: str, help_text: str = "", *, required: bool = True) -> forms.DateTimeField:
    """Return a field for a time in the zone of who is logged in."""
    return forms.DateTimeField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_WHEN),
    )


def day(label: str, *, required: bool = False) -> forms.DateField:
    """Return a field for a day."""
    return forms.DateField(
        label=label, required=required, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def body() -> forms.CharField:
    """Return the field for a text of several lines."""
    return forms.CharField(
        label="Description", required=False, strip=False, widget=forms.Textarea(attrs={"rows": 6})
    )


def required() -> forms.CharField:
    """Return the field for those who are to be there."""
    return forms.CharField(
        label="Required attendees",
        required=False,
        help_text="Addresses with or without names, divided by commas or semicolons.",
    )


def optional() -> forms.CharField:
    """Return the field for those who may come."""
    return forms.CharField(label="Optional attendees", required=False)


def resources() -> forms.CharField:
    """Return the field for rooms and equipment."""
    return forms.CharField(
        label="Resources",
        required=False,
        help_text="Addresses of rooms and equipment, divided in the same way.",
    )


def as_text(initial: dict[str, Any]) -> None:
    """Make one text of each list of addresses."""
    for name in attendees.PARTS:
        initial[name] = "; ".join(initial[name])


def as_lists(form: forms.Form, given: dict[str, Any]) -> None:
    """Make lists of addresses again of what was entered of them.

    Raises:
        InputInvalid: somebody's address is none.
    """
    for name in attendees.PARTS:
        if name in given:
            given[name] = addresses.split(given[name], str(form.fields[name].label))


class AppointmentForm(forms.Form):
    """An appointment and who takes part; times are in the zone of who is logged in."""

    subject = forms.CharField(label="Subject", max_length=LONGEST)
    location = forms.CharField(label="Location", max_length=LONGEST, required=False)
    start = moment("Start")
    end = moment("End", "Of whole days the dates count, the last day included.")
    is_all_day = forms.BooleanField(label="All day", required=False)
    required = required()
    optional = optional()
    resources = resources()
    show_as = forms.ChoiceField(label="Show As", choices=words(SHOW_AS), initial="busy")
    importance = forms.ChoiceField(label="Importance", choices=words(IMPORTANCE), initial="normal")
    description = body()

    def __init__(self, data: Any, *, row: Appointment | None) -> None:
        """Begin with what there is."""
        initial: dict[str, Any] = {}
        if row is not None:
            initial = dict(appointments.entered(row))
            as_text(initial)
            for name in ("start", "end"):
                initial[name] = timezone.localtime(initial[name]).replace(second=0, microsecond=0)
        super().__init__(data, initial=initial)

    def entries(self) -> AppointmentEntries:
        """Return what was changed, as the use case takes it.

        Raises:
            InputInvalid: somebody's address is none.
        """
        changed: dict[str, Any] = {name: self.cleaned_data[name] for name in self.changed_data}
        if not self.initial:
            changed = dict(self.cleaned_data)
        as_lists(self, changed)
        return cast("AppointmentEntries", changed)


class ServiceForm(forms.Form):
    """A service activity with its customers and resources; times are in the zone of who is logged in."""

    subject = forms.CharField(label="Subject", max_length=services.LONGEST)
    location = forms.CharField(label="Location", max_length=services.LONGEST, required=False)
    start = moment("Start")
    end = moment("End", "Of whole days the dates count, the last day included.")
    is_all_day = forms.BooleanField(label="All day", required=False)
    customers = forms.CharField(
        label="Customers",
        required=False,
        help_text="Addresses with or without names, divided by commas or semicolons. Nobody is invited.",
    )
    resources = forms.CharField(
        label="Resources", required=False, help_text="Users among them get a copy in their calendars."
    )
    status = forms.ChoiceField(label="Status", choices=words(services.STATUSES), initial="reserved")
    importance = forms.ChoiceField(label="Importance", choices=words(IMPORTANCE), initial="normal")
    description = body()

    def __init__(self, data: Any, *, row: ServiceAppointment | None) -> None:
        """Begin with what there is."""
        initial: dict[str, Any] = {}
        if row is not None:
            initial = dict(services.entered(row))
            for name in service_parties.PARTS:
                initial[name] = "; ".join(initial[name])
            for name in ("start", "end"):
                initial[name] = timezone.localtime(initial[name]).replace(second=0, microsecond=0)
        super().__init__(data, initial=initial)

    def entries(self) -> ServiceEntries:
        """Return what was changed, as the use case takes it.

        Raises:
            InputInvalid: somebody's address is none.
        """
        changed: dict[str, Any] = {name: self.cleaned_data[name] for name in self.changed_data}
        if not self.initial:
            changed = dict(self.cleaned_data)
        for name in service_parties.PARTS:
            if name in changed:
                changed[name] = addresses.split(changed[name], str(self.fields[name].label))
        return cast("ServiceEntries", changed)


class TaskForm(forms.Form):
    """A task; its dates have no time, and the reminder is in the zone of who is logged in."""

    subject = forms.CharField(label="Subject", max_length=200)
    start = day("Start Date")
    due = day("Due Date")
    reminder = moment("Reminder", "When Outlook reminds of it.", required=False)
    status = forms.ChoiceField(label="Status", choices=words(STATUSES), initial="not-started")
    percent = forms.IntegerField(label="% Complete", min_value=0, max_value=100, initial=0)
    importance = forms.ChoiceField(label="Importance", choices=words(IMPORTANCE), initial="normal")
    description = body()

    def __init__(self, data: Any, *, row: Task | None) -> None:
        """Begin with what there is."""
        initial: dict[str, Any] = dict(tasks.entered(row)) if row else {}
        if initial.get("reminder"):
            initial["reminder"] = timezone.localtime(initial["reminder"]).replace(second=0, microsecond=0)
        super().__init__(data, initial=initial)

    def entries(self) -> TaskEntries:
        """Return what was changed, as the use case takes it."""
        if not self.initial:
            return cast("TaskEntries", self.cleaned_data)
        return cast("TaskEntries", {name: self.cleaned_data[name] for name in self.changed_data})


class CorrespondenceForm(forms.Form):
    """A phone call, a letter or a fax; dates have no time, and the reminder is in the zone of who is logged in."""

    subject = forms.CharField(label="Subject", max_length=200)
    direction = forms.ChoiceField(label="Direction", choices=words(DIRECTIONS), initial="outgoing")
    destination = forms.CharField(max_length=200, required=False)
    start = day("Start Date")
    due = day("Due Date")
    began = day("Began")
    reminder = moment("Reminder", "When Outlook reminds of it.", required=False)
    importance = forms.ChoiceField(label="Importance", choices=words(IMPORTANCE), initial="normal")
    description = body()

    def __init__(self, kind: Kind, data: Any, *, row: correspondence.Row | None) -> None:
        """Begin with what there is."""
        initial: dict[str, Any] = dict(correspondence.entered(kind, row)) if row else {}
        if initial.get("reminder"):
            initial["reminder"] = timezone.localtime(initial["reminder"]).replace(second=0, microsecond=0)
        super().__init__(data, initial=initial)
        self.fields["destination"].label = DESTINATIONS[kind.word].label

    def entries(self) -> CorrespondenceEntries:
        """Return what was changed, as the use case takes it."""
        if not self.initial:
            return cast("CorrespondenceEntries", self.cleaned_data)
        return cast("CorrespondenceEntries", {name: self.cleaned_data[name] for name in self.changed_data})
