"""A zone of rules has the clock of the zone whose rules they are, and is found again as that zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz
from hypothesis import given
from hypothesis import strategies as st
from tzlocal.windows_tz import tz_win, win_tz

from serversync.exchange.zone_names import UTC_NAME, iana_name, named_zones, windows_name
from serversync.rules.series import zones as pure
from serversync.rules.series.recurrence import LAST
from serversync.rules.series.zones import (
    Change,
    Era,
    RuleZone,
    named_like,
    zone_of,
    zone_text,
)

HOUR = timedelta(hours=1)
EUROPE = RuleZone(
    (Era(1, HOUR, (Change(3, 6, LAST, 2 * HOUR, 2 * HOUR), Change(10, 6, LAST, 3 * HOUR, HOUR))),)
)
SYDNEY = RuleZone(
    (Era(1, 10 * HOUR, (Change(10, 6, 1, 2 * HOUR, 11 * HOUR), Change(4, 6, 1, 3 * HOUR, 10 * HOUR))),)
)
KNOWN = {EUROPE: "Europe/Berlin", SYDNEY: "Australia/Sydney"}
FIRST, LAST_ONE = datetime(2012, 1, 1), datetime(2036, 12, 31)  # noqa: DTZ001 - on the wall
moments = st.datetimes(FIRST, LAST_ONE, timezones=st.just(UTC))
zones = st.sampled_from([EUROPE, SYDNEY])


@given(zones, moments)
def test_rules_have_the_clock_of_the_zone_that_follows_them(zone: RuleZone, moment: datetime) -> None:
    ours, theirs = moment.astimezone(zone), moment.astimezone(ZoneInfo(KNOWN[zone]))
    assert (ours.replace(tzinfo=None), ours.fold) == (theirs.replace(tzinfo=None), theirs.fold)


@given(zones, st.datetimes(FIRST, LAST_ONE), st.sampled_from([0, 1]))
def test_clocks_that_stand_twice_or_never_count_as_in_the_known_zone(
    zone: RuleZone, local: datetime, fold: int
) -> None:
    local = local.replace(fold=fold)
    known = local.replace(tzinfo=ZoneInfo(KNOWN[zone]))
    assert local.replace(tzinfo=zone).astimezone(UTC) == known.astimezone(UTC)


@given(st.sampled_from([EUROPE, SYDNEY]), moments)
def test_the_text_of_a_zone_is_what_posix_calls_it(zone: RuleZone, moment: datetime) -> None:
    # dateutil reads the same notation, with the names that POSIX wants and it asks for.
    text = zone_text(zone).replace("<+01>", "CET").replace("<+02>", "CEST")
    text = text.replace("<+10>", "AEST").replace("<+11>", "AEDT")
    theirs = moment.astimezone(tz.tzstr(text, posix_offset=True)).replace(tzinfo=None)
    assert moment.astimezone(zone).replace(tzinfo=None) == theirs


@given(
    st.integers(-48, 56).map(lambda quarters: timedelta(minutes=15 * quarters)),
    st.integers(1, 5),
    st.integers(7, 11),
    st.integers(0, 6),
    st.sampled_from([1, 2, 3, 4, LAST]),
    st.integers(1, 28),
    st.booleans(),
)
def test_a_zone_survives_being_a_text(
    offset: timedelta, spring: int, autumn: int, weekday: int, nth: int, day: int, is_fixed: bool
) -> None:
    first = (
        Change(spring, None, day, HOUR, offset + HOUR)
        if is_fixed
        else Change(spring, weekday, nth, HOUR, offset + HOUR)
    )
    zone = RuleZone(
        (Era(1, offset, (first, Change(autumn, weekday, nth, 2 * HOUR, offset))), Era(2030, offset))
    )
    assert zone_of(zone_text(zone)) == zone


def test_zones_of_the_same_clock_are_found_by_their_rules() -> None:
    assert (
        named_like(EUROPE, 2026, named_zones(), "(UTC+01:00) Amsterdam, Berlin, Bern, Rome")
        == "Europe/Berlin"
    )
    assert named_like(SYDNEY, 2026, named_zones(), "Canberra, Melbourne, Sydney") == "Australia/Sydney"
    assert named_like(SYDNEY, 2026, named_zones()) == "Australia/Hobart"
    india = RuleZone((Era(1, timedelta(hours=5, minutes=30)),))
    assert named_like(india, 2026, named_zones()) in {"Asia/Calcutta", "Asia/Kolkata"}
    assert named_like(RuleZone((Era(1, timedelta(hours=3, minutes=7)),)), 2026, named_zones()) is None


@pytest.mark.parametrize("name", sorted(win_tz))
def test_every_windows_name_leads_to_a_zone_and_back_to_one_of_the_same_clock(name: str) -> None:
    found = iana_name(name)
    assert found is not None
    assert zone_of(found).utcoffset(FIRST) is not None
    back = windows_name(found)
    assert back is not None
    assert iana_name(back) == found


@pytest.mark.parametrize("name", sorted(tz_win))
def test_every_iana_name_of_the_table_has_a_windows_name(name: str) -> None:
    assert windows_name(name) is not None


def test_both_sides_call_utc_the_same() -> None:
    assert pure.UTC_NAME == UTC_NAME
    assert {iana_name(each) for each in ("UTC", "GMT", "tzone://Microsoft/Utc")} == {UTC_NAME}


def test_what_is_no_zone_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone_of("Customized Time Zone")
