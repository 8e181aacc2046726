"""The forms of a series and of one of its occurrences; labels are those that errors of the use cases name."""

from datetime import date, timedelta
from typing import Any, Final, NamedTuple, cast

from django import forms
from django.forms.boundfield import BoundField
from django.utils import timezone

from serversync.administration import (
    attendees,
    series,
    series_occurrences,
    series_pattern,
    timezones,
)
from serversync.administration.activities import IMPORTANCE
from serversync.administration.appointments import LONGEST, SHOW_AS
from serversync.administration.series import SeriesEntries
from serversync.administration.series_occurrences import OccurrenceEntries, SeriesOccurrence
from serversync.core import clock
from serversync.crm.models import RecurringAppointmentMaster
from serversync.web.pages.activities import forms as fields
from serversync.web.pages.activities.forms import body, moment, words
from serversync.web.pages.activities.forms import day as date_field

_SECTIONS: Final = (
    ("What and where", (("", ("subject", "location")),)),
    (
        "When",
        (("", ("first_day", "is_all_day", "begins", "ends", "days_later", "time_zone")),),
    ),
    (
        "Pattern",
        (
            ("", ("pattern",)),
            ("pattern=daily weekly monthly monthly-nth yearly yearly-nth", ("interval",)),
            ("pattern=weekly", ("weekdays", "week_start")),
            ("pattern=monthly yearly", ("day",)),
            ("pattern=monthly-nth yearly-nth", ("nth", "nth_of")),
            ("pattern=yearly yearly-nth", ("month",)),
            ("", ("end",)),
            ("end=after", ("count",)),
            ("end=on", ("until",)),
        ),
    ),
    ("Who and how", (("", ("required", "optional", "resources", "show_as", "importance", "description")),)),
)
_TIMES: Final = frozenset({"first_day", "is_all_day", "begins", "ends", "days_later", "time_zone"})
_PATTERN: Final = frozenset(series_pattern.PatternEntries.__annotations__)


class Group(NamedTuple):
    """Fields that are shown together; ``when`` says for which choices, empty for all."""

    when: str
    fields: list[BoundField]


class Section(NamedTuple):
    """A section of the form."""

    title: str
    groups: list[Group]


def _time(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label, required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )


def _number(label: str, least: int, most: int, help_text: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=least, max_value=most, help_text=help_text
    )


class SeriesForm(forms.Form):
    """A series and who takes part; its times are those on the clock of its own zone."""

    subject = forms.CharField(label="Subject", max_length=LONGEST)
    location = forms.CharField(label="Location", max_length=LONGEST, required=False)
    first_day = date_field("First day", required=True)
    is_all_day = forms.BooleanField(label="All day", required=False)
    begins = _time("Begins at")
    ends = _time("Ends at")
    days_later = _number("Days later", 0, 365, "How many days after its beginning an occurrence ends.")
    time_zone = forms.ChoiceField(label="Time zone", help_text="Whose clock the series follows.")
    pattern = forms.ChoiceField(
        label="Pattern", choices=list(series_pattern.PATTERNS.items()), widget=forms.RadioSelect
    )
    interval = _number("Every", 1, 999, "How many days, weeks, months or years.")
    weekdays = forms.MultipleChoiceField(
        label="Days of the week",
        choices=words(series_pattern.WEEKDAYS),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    week_start = forms.ChoiceField(
        label="First day of the week",
        choices=words(series_pattern.WEEKDAYS),
        help_text="It counts where a series is not in every week.",
    )
    day = _number("Day of the month", 1, 31, "A month that lacks the day has its last one.")
    nth = forms.ChoiceField(label="Which", choices=words(series_pattern.NTH))
    nth_of = forms.ChoiceField(label="Of these days")
    month = forms.ChoiceField(label="Month", choices=words(series_pattern.MONTH_WORDS))
    end = forms.ChoiceField(
        label="Series ends", choices=list(series_pattern.ENDS.items()), widget=forms.RadioSelect
    )
    count = _number("Number of occurrences", 1, 999)
    until = date_field("Last day")
    required = fields.required()
    optional = fields.optional()
    resources = fields.resources()
    show_as = forms.ChoiceField(label="Show As", choices=words(SHOW_AS))
    importance = forms.ChoiceField(label="Importance", choices=words(IMPORTANCE))
    description = body()

    def __init__(self, data: Any, *, row: RecurringAppointmentMaster | None) -> None:
        """Begin with what there is; a new one with the next full hour and every week."""
        found: dict[str, Any] = {} if row is None else dict(series.entered(row))
        initial = {**_proposed(found.get("first_day")), **found}
        fields.as_text(initial)
        super().__init__(data, initial=initial)
        self._is_whole = row is None or "pattern" not in found
        self._choices("time_zone", timezones.choices(), initial["time_zone"])
        self._choices("nth_of", list(series_pattern.NTH_OF), initial["nth_of"])

    def _choices(self, name: str, known: list[str], has: str) -> None:
        """Let choose from what is known, and what there is already."""
        names = known if has in known else [has, *known]
        chosen = [(one, one) for one in names] if name == "time_zone" else words(names)
        self.fields[name].choices = chosen  # type: ignore[attr-defined]

    def sections(self) -> list[Section]:
        """Return the sections in order."""
        return [
            Section(title, [Group(when, [self[name] for name in names]) for when, names in groups])
            for title, groups in _SECTIONS
        ]

    def entries(self) -> SeriesEntries:
        """Return what was changed, as the use case takes it; of pattern and times all that belongs together.

        Raises:
            InputInvalid: somebody's address is none.
        """
        changed = set(self.fields) if self._is_whole else set(self.changed_data)
        for together in (_TIMES, _PATTERN):
            if changed & together:
                changed |= together
        given = {name: self.cleaned_data[name] for name in self.fields if name in changed}
        fields.as_lists(self, given)
        return cast("SeriesEntries", given)


def _proposed(first_day: date | None) -> dict[str, Any]:
    """Return what a form offers: of an edited series only for what its pattern does not use."""
    hour = timezone.localtime(clock.now()).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    first = first_day or hour.date()
    weekday = list(series_pattern.WEEKDAYS)[first.weekday()]
    return {
        "first_day": first,
        "is_all_day": False,
        "begins": hour.time(),
        "ends": (hour + timedelta(hours=1)).time(),
        "days_later": 0 if hour.hour < 23 else 1,
        "time_zone": timezone.get_current_timezone_name(),
        "pattern": "weekly",
        "interval": 1,
        "weekdays": [weekday],
        "week_start": "sunday",
        "day": first.day,
        "nth": "first",
        "nth_of": weekday,
        "month": list(series_pattern.MONTH_WORDS)[first.month - 1],
        "end": "never",
        "count": None,
        "until": None,
        "show_as": "busy",
        "importance": "normal",
        **{name: [] for name in attendees.PARTS},
    }


class OccurrenceForm(forms.Form):
    """One occurrence; times are in the zone of who is logged in."""

    subject = forms.CharField(label="Subject", max_length=LONGEST)
    location = forms.CharField(label="Location", max_length=LONGEST, required=False)
    start = moment("Start")
    end = moment("End", "Of whole days the dates count, the last day included.")
    is_all_day = forms.BooleanField(label="All day", required=False)
    required = fields.required()
    optional = fields.optional()
    resources = fields.resources()
    importance = forms.ChoiceField(label="Importance", choices=words(IMPORTANCE))
    description = body()

    def __init__(self, data: Any, *, found: SeriesOccurrence) -> None:
        """Begin with what it has, its own or that of its series."""
        initial: dict[str, Any] = dict(series_occurrences.entered(found))
        fields.as_text(initial)
        for name in ("start", "end"):
            initial[name] = timezone.localtime(initial[name]).replace(second=0, microsecond=0)
        super().__init__(data, initial=initial)

    def entries(self) -> OccurrenceEntries:
        """Return what was changed, as the use case takes it.

        Raises:
            InputInvalid: somebody's address is none.
        """
        given = {name: self.cleaned_data[name] for name in self.changed_data}
        fields.as_lists(self, given)
        return cast("OccurrenceEntries", given)
