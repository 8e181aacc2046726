"""Time zones: those that have an IANA name, and those that have rules of their own instead.

A zone is kept as a text: the IANA name where there is one, otherwise its rules in the notation of POSIX
(``<+01>-1<+02>,M3.5.0/2,M10.5.0/3``), one for each span of years: ``<-05>5;2030:<-06>6``.

Times that do not exist count by the clock before the change; of times that come twice the first one is meant
(PEP 495, ``fold`` 0).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from serversync.rules.series.recurrence import LAST

UTC_NAME: Final = "Etc/UTC"
_ZERO: Final = timedelta()
_YEARS_COMPARED: Final = 10
_IANA: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the clock, the same every year.

    Attributes:
        month: 1 to 12.
        weekday: Monday is 0; ``None`` for a fixed day of the month.
        day: Which of these weekdays in the month, 1 to 4 or ``LAST``; or the day of the month.
        at: Time of the change by the clock before it.
        offset: Local time minus UTC after it.
    """

    month: int
    weekday: int | None
    day: int
    at: timedelta
    offset: timedelta

    def moment(self, year: int) -> datetime:
        """Return when it is in a year, by the clock before it."""
        if self.weekday is None:
            first = date(year, self.month, 1) + timedelta(self.day - 1)
        elif self.day == LAST:
            following = date(year + self.month // 12, self.month % 12 + 1, 1)
            first = following - timedelta((following.weekday() - self.weekday - 1) % 7 + 1)
        else:
            begins = date(year, self.month, 1)
            first = begins + timedelta((self.weekday - begins.weekday()) % 7 + 7 * (self.day - 1))
        return datetime.combine(first, time()) + self.at


@dataclass(frozen=True, slots=True)
class Era:
    """Rules that hold from a year on: an offset, or two changes of it every year.

    Attributes:
        since: The first year; 1 for always.
        offset: Local time minus UTC where the clock never changes, and that of the winter where it does.
        changes: The changes of a year; none, or at least two.
    """

    since: int
    offset: timedelta
    changes: tuple[Change, ...] = ()


class RuleZone(tzinfo):
    """A zone that follows rules of its own; equal rules make equal zones."""

    def __init__(self, eras: tuple[Era, ...]) -> None:
        if not eras:
            raise ValueError("a zone needs rules")
        self.eras = tuple(sorted(eras, key=lambda era: era.since))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleZone) and self.eras == other.eras

    def __hash__(self) -> int:
        return hash(self.eras)

    def __repr__(self) -> str:
        return f"RuleZone({zone_text(self)!r})"

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return local time minus UTC."""
        if dt is None:
            return None
        local = dt.replace(tzinfo=None, fold=0)
        offset = self._standing(dt.year)
        for when, before, after in _changes(self, dt.year):
            edges = (when + before, when + after)
            if local >= (min(edges) if dt.fold else max(edges)):
                offset = after
        return offset

    def dst(self, dt: datetime | None) -> timedelta | None:
        """Return by how much the clock is ahead of that of the winter."""
        if dt is None:
            return None
        return (self.utcoffset(dt) or _ZERO) - self._era(dt.year).offset

    def tzname(self, dt: datetime | None) -> str:
        """Return its rules."""
        del dt
        return zone_text(self)

    def fromutc(self, dt: datetime) -> datetime:
        """Return a time in UTC on this zone's clock."""
        utc = dt.replace(tzinfo=None)
        year = (utc + self._standing(utc.year)).year
        offset, fold = self._standing(year), 0
        for when, before, after in _changes(self, year):
            if utc >= when:
                offset = after
                fold = int(after < before and utc < when + (before - after))
        return (dt + offset).replace(fold=fold)

    def _era(self, year: int) -> Era:
        return next((era for era in reversed(self.eras) if era.since <= year), self.eras[0])

    def _standing(self, year: int) -> timedelta:
        """Return the offset with which a year begins."""
        era = self._era(year)
        return max(era.changes, key=lambda change: change.moment(year)).offset if era.changes else era.offset


@lru_cache(maxsize=4096)
def _changes(zone: RuleZone, year: int) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """Return the changes of a year in order: when in UTC, the offset before and the one after."""
    era = zone._era(year)  # noqa: SLF001 - the cache must not keep a method
    found = []
    before = zone._standing(year)  # noqa: SLF001
    for change in sorted(era.changes, key=lambda each: each.moment(year)):
        found.append((change.moment(year) - before, before, change.offset))
        before = change.offset
    return tuple(found)


@lru_cache(maxsize=1024)
def zone_of(text: str) -> tzinfo:
    """Return the zone that a text names or describes.

    Raises:
        ValueError: it does neither.
    """
    if text == UTC_NAME:
        return UTC
    known = _zoneinfo(text) if _IANA.fullmatch(text) else None
    return known if known is not None else RuleZone(tuple(_eras(text)))


def _zoneinfo(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a name that is a folder, none at all, or unknown
        return None


def zone_text(zone: RuleZone) -> str:
    """Return the rules of a zone as a text."""
    return ";".join((f"{era.since}:" if number else "") + _posix(era) for number, era in enumerate(zone.eras))


def named_like(zone: RuleZone, year: int, candidates: Iterable[str], hint: str = "") -> str | None:
    """Return the name of a zone that has the same clock in this year and the nine after it, or ``None``.

    Args:
        zone: The zone without a name.
        year: From when on it matters.
        candidates: IANA names, in the order in which they are preferred.
        hint: What people call the zone; of several that are alike, the one whose place occurs in it is taken.
    """
    alike = [name for name in candidates if _is_alike(zone, name, year)]
    for name in alike:
        if name.rpartition("/")[2].replace("_", " ") in hint:
            return name
    return alike[0] if alike else None


def _is_alike(zone: RuleZone, name: str, year: int) -> bool:
    known = _zoneinfo(name)
    if known is None:
        return False
    for each in range(year, year + _YEARS_COMPARED):
        moments = [datetime(each, month, 15, tzinfo=UTC) for month in range(1, 13)]
        for when, _, _ in _changes(zone, each):
            moments += [(when + shift).replace(tzinfo=UTC) for shift in (timedelta(minutes=-1), _ZERO)]
        if any(one.astimezone(known).utcoffset() != one.astimezone(zone).utcoffset() for one in moments):
            return False
    return True


_NAME: Final = r"<[+-]\d+>"
_OFFSET: Final = r"([+-]?\d+)(?::(\d+))?(?::(\d+))?"
_ERA: Final = re.compile(
    rf"(?:(\d+):)?{_NAME}{_OFFSET}(?:{_NAME}{_OFFSET},([MJ][\d.]+)/{_OFFSET},([MJ][\d.]+)/{_OFFSET})?",
    re.ASCII,
)
_DAYS_BEFORE: Final = tuple((date(2001, month, 1) - date(2001, 1, 1)).days for month in range(1, 13))


def _posix(era: Era) -> str:
    text = f"{_label(era.offset)}{_clock(-era.offset)}"
    if not era.changes:
        return text
    summer = next((each for each in era.changes if each.offset != era.offset), era.changes[0])
    winter = next((each for each in era.changes if each is not summer), era.changes[-1])
    rules = "".join(f",{_day(each)}/{_clock(each.at)}" for each in (summer, winter))
    return f"{text}{_label(summer.offset)}{_clock(-summer.offset)}{rules}"


def _label(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"<{'-' if minutes < 0 else '+'}{hours:02}{f'{rest:02}' if rest else ''}>"


def _clock(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{'-' if seconds < 0 else ''}{hours}"
    if minutes or rest:
        text += f":{minutes:02}"
    return text + (f":{rest:02}" if rest else "")


def _day(change: Change) -> str:
    if change.weekday is None:
        return f"J{_DAYS_BEFORE[change.month - 1] + change.day}"
    return f"M{change.month}.{5 if change.day == LAST else change.day}.{(change.weekday + 1) % 7}"


def _eras(text: str) -> list[Era]:
    found = []
    for part in text.split(";"):
        match = _ERA.fullmatch(part)
        if match is None:
            raise ValueError(f"{text!r} is no time zone")
        groups = match.groups()
        offset, since = -_duration(groups[1:4]), int(groups[0] or 1)
        if groups[4] is None:
            found.append(Era(since, offset))
            continue
        summer = -_duration(groups[4:7])
        changes = (
            _change(groups[7], groups[8:11], summer),
            _change(groups[11], groups[12:15], offset),
        )
        found.append(Era(since, offset, changes))
    return found


def _duration(groups: tuple[str | None, ...]) -> timedelta:
    hours, minutes, seconds = groups
    sign = -1 if (hours or "").startswith("-") else 1
    return sign * timedelta(hours=abs(int(hours or 0)), minutes=int(minutes or 0), seconds=int(seconds or 0))


def _change(day: str | None, at: tuple[str | None, ...], offset: timedelta) -> Change:
    day = day or ""
    if day.startswith("J"):
        when = date(2001, 1, 1) + timedelta(int(day[1:]) - 1)
        return Change(when.month, None, when.day, _duration(at), offset)
    month, week, weekday = (int(each) for each in day[1:].split("."))
    return Change(month, (weekday - 1) % 7, LAST if week == 5 else week, _duration(at), offset)
