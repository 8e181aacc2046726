"""The marker that says which organization keeps a mailbox in step."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from serversync.rules.marker import Marker, SyncingOrganization

OURS = SyncingOrganization(UUID(int=1), "Ours")
SINCE = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize("since", [SINCE, SINCE.astimezone(timezone(timedelta(hours=2))), None])
def test_what_is_written_is_read_again(since: datetime | None) -> None:
    assert Marker.read(Marker(OURS, since).texts()) == Marker(OURS, since)


def test_times_are_written_in_utc() -> None:
    there = SINCE.astimezone(timezone(timedelta(hours=2)))
    assert Marker(OURS, there).texts()["SetOn"] == "2026-05-04T09:00:00+00:00"


@pytest.mark.parametrize(
    "texts", [{}, {"OrganizationId": ""}, {"OrganizationId": "x", "OrganizationName": "Y"}]
)
def test_texts_that_name_no_organization_are_no_marker(texts: dict[str, str]) -> None:
    assert Marker.read(texts) is None


def test_a_marker_whose_time_is_spoilt_still_tells_whose_it_is() -> None:
    found = Marker.read({**Marker(OURS, SINCE).texts(), "SetOn": "yesterday"})
    assert found == Marker(OURS, None)


def test_a_time_without_a_zone_counts_as_utc() -> None:
    found = Marker.read({**Marker(OURS, None).texts(), "SetOn": "2026-05-04T09:00:00"})
    assert found == Marker(OURS, SINCE)


def test_an_organization_that_was_renamed_is_the_same_and_a_namesake_is_another() -> None:
    marker = Marker(OURS, SINCE)
    assert marker.is_of(SyncingOrganization(OURS.organizationid, "Renamed"))
    assert not marker.is_of(SyncingOrganization(UUID(int=2), "Ours"))
