"""Time zones as Exchange 2007 wrote them: a bias, and a rule for each change of the clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from serversync.simulator.kinds.forms import read_int, refusal
from serversync.simulator.response import TYPES_NS

T = f"{{{TYPES_NS}}}"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAST = 5


@dataclass(frozen=True, slots=True)
class Switch:
    """When the clock changes, and to what.

    Attributes:
        bias: Minutes that are added to the zone's own from then on.
        hour: Hour of the local time at which it changes, and the minutes and seconds.
        order: Which of the weekdays in the month, 5 for the last.
        month: The month; 0 for a zone without summer time.
        weekday: Name of the weekday.
    """

    bias: int
    hour: tuple[int, int, int]
    order: int
    month: int
    weekday: str

    def in_year(self, year: int) -> datetime:
        """Return the local time of the change, without a zone."""
        first = datetime(year, self.month, 1, *self.hour)  # noqa: DTZ001 - a time on the wall
        ahead = (_DAYS.index(self.weekday) - first.weekday()) % 7 if self.weekday in _DAYS else 0
        day = first + timedelta(days=ahead + 7 * (self.order - 1))
        return day if day.month == self.month else day - timedelta(days=7)


@dataclass(frozen=True, slots=True)
class LegacyZone:
    """A time zone.

    Attributes:
        bias: Minutes that are added to local time for UTC.
        standard: The change to winter time.
        daylight: The change to summer time.
    """

    bias: int
    standard: Switch
    daylight: Switch

    def _bias_at(self, local: datetime) -> int:
        if not self.standard.month or not self.daylight.month:
            return self.bias + self.standard.bias
        winter, summer = self.standard.in_year(local.year), self.daylight.in_year(local.year)
        is_summer = summer <= local < winter if summer < winter else not winter <= local < summer
        return self.bias + (self.daylight if is_summer else self.standard).bias

    def to_utc(self, local: datetime) -> datetime:
        """Return the UTC of a time on the wall.

        Raises:
            SoapFault: it is out of range.
        """
        try:
            return (local + timedelta(minutes=self._bias_at(local))).replace(tzinfo=UTC)
        except (OverflowError, ValueError):
            raise refusal(local.isoformat()) from None

    def to_local(self, utc: datetime) -> datetime:
        """Return the time on the wall of a UTC time, without a zone.

        Raises:
            SoapFault: it is out of range.
        """
        plain = utc.astimezone(UTC).replace(tzinfo=None)
        try:
            winter = plain - timedelta(minutes=self.bias + self.standard.bias)
            summer = plain - timedelta(minutes=self.bias + self.daylight.bias)
        except OverflowError:
            raise refusal(plain.isoformat()) from None
        is_summer = self._bias_at(summer) == self.bias + self.daylight.bias and bool(self.daylight.month)
        return summer if is_summer else winter


def read_zone(element: etree._Element | None) -> LegacyZone:
    """Return the zone of a ``TimeZone`` element; UTC where there is none.

    Raises:
        SoapFault: its times are none.
    """
    if element is None:
        never = Switch(0, (0, 0, 0), 1, 0, "Sunday")
        return LegacyZone(0, never, never)
    bias = read_int(element.findtext(f"{T}Bias", ""))
    return LegacyZone(bias, _switch(element, "StandardTime"), _switch(element, "DaylightTime"))


def _switch(element: etree._Element, name: str) -> Switch:
    def number(child: str) -> int:
        return read_int(element.findtext(f"{T}{name}/{T}{child}", ""))

    clock = (element.findtext(f"{T}{name}/{T}Time") or "").strip()
    try:
        hours, minutes, seconds = (int(part) for part in clock.split(":"))
    except ValueError:
        raise refusal(clock) from None
    order = min(max(number("DayOrder"), 1), _LAST)
    weekday = (element.findtext(f"{T}{name}/{T}DayOfWeek") or "").strip()
    if weekday not in _DAYS:
        raise refusal(weekday)
    return Switch(number("Bias"), (hours, minutes, seconds), order, number("Month"), weekday)
