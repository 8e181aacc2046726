"""The settings of appointments are those of the organization."""

from datetime import UTC, datetime, timedelta

import pytest

from serversync.adapters import act_settings
from serversync.rules.appointment import Policy, PrivateItems
from serversync.rules.record import Direction, Kind

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(db):
    from serversync.crm.models import Organization

    row = Organization.objects.current()
    return {name: getattr(row, name) for name in act_settings.COLUMNS}


def test_what_nobody_has_set_is_as_in_the_reference(settings):
    assert act_settings.appointments(settings, NOON) == Policy(starts_on=NOON - timedelta(days=30))
    assert act_settings.rules(settings)[Kind.APPOINTMENT].limit is Direction.BOTH


def test_each_setting_has_its_effect(settings):
    changed = settings | {
        "sendmeetinginvitations": False,
        "sssupdatepastmeetingsinnondraftmode": True,
        "ssspropagateappointmentcancellationstoexchange": True,
        "trackappointmentsfromnonorganizer": False,
        "privateappointments": 2,
        "appointmentstartwindowindays": 0,
    }
    assert act_settings.appointments(changed, NOON) == Policy(
        may_send=False, tells_of_past=True, cancels=True, attendees_track=False, private=PrivateItems.WHOLE
    )


def test_options_have_the_numbers_of_the_rules():
    from serversync.crm.models.syncoptions import PrivateAppointments

    assert {each.name: each.value for each in PrivateAppointments} == {
        each.name: each.value for each in PrivateItems
    }
