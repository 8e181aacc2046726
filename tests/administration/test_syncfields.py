"""Which way each field goes can be set, as far as the field maps let it, by those who may."""

import pytest

from serversync.administration import actor, syncfields
from serversync.core.errors import InputInvalid, PrivilegeMissing, RecordNotFound
from serversync.crm.models import Audit, SyncAttributeMapping, SystemUser

pytestmark = pytest.mark.django_db


def way(kind: str, column: str) -> str:
    (found,) = [one.direction for one in syncfields.find_all(kind) if one.column == column]
    return found


def test_a_field_goes_the_way_of_the_map_until_somebody_sets_another() -> None:
    assert way("contact", "jobtitle") == "both"
    assert way("contact", "address2_city") == "none"
    (changed,) = syncfields.change("contact", {"jobtitle": "to-exchange", "nickname": "both"})
    assert (changed.column, changed.direction, changed.default) == ("jobtitle", "to-exchange", "both")
    assert way("contact", "jobtitle") == "to-exchange"
    assert SyncAttributeMapping.objects.get().attributeexchangename == "contacts:JobTitle"
    assert Audit.objects.filter(act="organization.field-direction").count() == 1


@pytest.mark.parametrize(
    ("kind", "words", "error"),
    [
        ("contact", {"lastname": "none"}, InputInvalid),
        ("contact", {"jobtitle": "sideways"}, InputInvalid),
        ("contact", {"shoesize": "both"}, RecordNotFound),
        ("invoice", {"subject": "both"}, RecordNotFound),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_is_changed(
    kind: str, words: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        syncfields.change(kind, {"nickname": "none", **words})
    assert not SyncAttributeMapping.objects.exists()


def test_who_may_not_change_settings_may_not_change_this() -> None:
    user = SystemUser.objects.create_user("ada", internalemailaddress="ada@example.org")
    with actor.acting(actor.Actor(user, channel="test")), pytest.raises(PrivilegeMissing):
        syncfields.change("task", {"subject": "none"})


def test_the_fields_of_series_are_set_by_the_word_for_them() -> None:
    (changed,) = syncfields.change("series", {"location": "to-crm"})
    assert (changed.kind, changed.direction) == ("series", "to-crm")
    assert SyncAttributeMapping.objects.get().entitytypecode == "recurringappointmentmaster"
    assert way("recurringappointmentmaster", "location") == "to-crm"
    assert way("appointment", "location") == "both"
    for column in ("recurrencepattern", "starttime", "occurrence:"):
        with pytest.raises(InputInvalid):
            syncfields.change("series", {column: "none"})


def test_phone_calls_letters_and_faxes_have_the_fields_of_tasks_without_percentage_and_files() -> None:
    tasks = {one.column: (one.label, one.default, one.is_fixed) for one in syncfields.find_all("task")}
    del tasks["percentcomplete"], tasks["activitymimeattachment"]
    for kind in ("phonecall", "letter", "fax"):
        assert {
            one.column: (one.label, one.default, one.is_fixed) for one in syncfields.find_all(kind)
        } == tasks
    (changed,) = syncfields.change("letter", {"scheduledend": "to-exchange"})
    assert (changed.kind, changed.direction, way("fax", "scheduledend")) == ("letter", "to-exchange", "both")
    with pytest.raises(InputInvalid):
        syncfields.change("fax", {"statecode": "none"})
