"""Who gets in: a key that is in force, and nothing else."""

from datetime import timedelta

import pytest

from serversync.administration import actor, apikeys, audit, logon, people
from serversync.core import clock
from serversync.core.errors import InputInvalid, KeyRefused, LogOnLocked, PrivilegeMissing, RecordNotFound
from serversync.crm.models import ApiKey, Audit, LogOnAttempt, SystemUser
from tests.web.company import found

HERE = "192.0.2.7"


@pytest.fixture
def people_of(db):
    return found()


def as_user(user):
    return actor.acting(actor.Actor(user, channel="test"))


@pytest.mark.django_db
def test_a_key_finds_its_user_and_only_its_digest_is_kept(people_of):
    row, key = apikeys.add("ada", "Script")
    assert apikeys.actor_of(key, address=HERE).user == people_of.ada
    assert len(key) > 45
    assert key.startswith(row.firstcharacters)
    kept = " ".join(str(value) for value in ApiKey.objects.values().get().values())
    told = " ".join(str(one) for one in Audit.objects.values_list("act", "objectname", "changedata"))
    for text in (kept, told):
        assert key not in text
        assert key[len(row.firstcharacters) :] not in text


@pytest.mark.django_db
def test_two_keys_are_never_the_same(people_of):
    assert apikeys.add("ada", "One")[1] != apikeys.add("ada", "Two")[1]


@pytest.mark.django_db
def test_making_and_removing_a_key_is_in_the_audit(people_of):
    with as_user(people_of.ada):
        row, _ = apikeys.add("ada", "Script")
        apikeys.remove(str(row.pk))
    rows = Audit.objects.filter(act__startswith="user.key").order_by("createdon")
    assert [(one.act, one.objectname, one.actorname) for one in rows] == [
        ("user.key-add", "Ada", "Ada"),
        ("user.key-remove", "Ada", "Ada"),
    ]
    assert "Script" in audit.told(rows[0])


@pytest.mark.django_db
def test_a_removed_key_is_refused(people_of):
    row, key = apikeys.add("ada", "Script")
    apikeys.remove(str(row.pk))
    with pytest.raises(KeyRefused, match="nobody has this one"):
        apikeys.actor_of(key, address=HERE)


@pytest.mark.django_db
def test_a_key_is_refused_from_the_moment_that_it_expires(people_of, monkeypatch):
    row, key = apikeys.add("ada", "Script", days=1)
    monkeypatch.setattr(clock, "now", lambda: row.expireson - timedelta(seconds=1))
    assert apikeys.actor_of(key, address=HERE).user == people_of.ada
    monkeypatch.setattr(clock, "now", lambda: row.expireson)
    with pytest.raises(KeyRefused, match="Script has expired"):
        apikeys.actor_of(key, address=HERE)


@pytest.mark.django_db
def test_the_keys_of_a_disabled_user_are_refused(people_of):
    _, key = apikeys.add("ada", "Script")
    people.edit(people_of.ada, disabled=True)
    with pytest.raises(KeyRefused, match="disabled"):
        apikeys.actor_of(key, address=HERE)
    with pytest.raises(InputInvalid, match="disabled"):
        apikeys.add("ada", "Another")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", ["", "x", "sskey_", "sskey_\x00", "sskey_" + "é" * 30, "sskey_" + "x" * 10_000]
)
def test_what_is_no_key_is_refused(people_of, wrong):
    with pytest.raises(KeyRefused):
        apikeys.actor_of(wrong, address=HERE)


@pytest.mark.django_db
def test_the_last_use_is_noted_at_most_once_a_minute(people_of, monkeypatch):
    row, key = apikeys.add("ada", "Script")
    start = clock.now()
    noted = []
    for seconds in (0, 30, 61):
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: start + timedelta(seconds=seconds))
        apikeys.actor_of(key, address=HERE)
        noted.append(ApiKey.objects.get(pk=row.pk).lastusedon)
    assert noted == [start, start, start + timedelta(seconds=61)]


@pytest.mark.django_db
def test_wrong_keys_count_as_failed_log_ins_of_the_address_and_right_ones_go_on(people_of):
    _, key = apikeys.add("ada", "Script")
    for _ in range(logon.ADDRESS_ALLOWED):
        with pytest.raises(KeyRefused):
            apikeys.actor_of("sskey_wrong", address=HERE)
    with pytest.raises(LogOnLocked) as locked:
        apikeys.actor_of("sskey_wrong", address=HERE)
    assert "in force" in locked.value.remedy_text
    with pytest.raises(LogOnLocked):
        logon.log_on("ada", "a long password", address=HERE)
    assert apikeys.actor_of(key, address=HERE).user == people_of.ada
    assert LogOnAttempt.objects.exists()
    with pytest.raises(KeyRefused):
        apikeys.actor_of("sskey_wrong", address="192.0.2.8")


@pytest.mark.django_db
def test_nobody_makes_a_key_with_which_to_be_somebody_else(people_of):
    with as_user(people_of.dora), pytest.raises(PrivilegeMissing, match="act as somebody else"):
        apikeys.add("ada", "Script")
    with as_user(people_of.ada), pytest.raises((PrivilegeMissing, RecordNotFound)):
        apikeys.add("dora", "Script")
    assert not ApiKey.objects.exists()


@pytest.mark.django_db
def test_people_see_and_remove_their_own_keys_and_administrators_everybodys(people_of):
    of_ada, _ = apikeys.add("ada", "A")
    of_ben, _ = apikeys.add("ben", "B")
    with as_user(people_of.ada):
        assert apikeys.find_all() == apikeys.find_all("ada@example.org") == [of_ada]
        with pytest.raises(RecordNotFound):
            apikeys.remove(str(of_ben.pk))
        with pytest.raises(RecordNotFound):
            apikeys.find_all("ben")
    with as_user(people_of.dora):
        assert apikeys.find_all() == [of_ada, of_ben]
        assert apikeys.find_all("ben") == [of_ben]
        apikeys.remove(str(of_ben.pk))
    assert list(ApiKey.objects.all()) == [of_ada]


@pytest.mark.django_db
def test_a_name_is_taken_once_for_each_user(people_of):
    apikeys.add("ada", "Script")
    apikeys.add("ben", "Script")
    with pytest.raises(InputInvalid, match="already"):
        apikeys.add("ada", " Script ")


@pytest.mark.django_db
@pytest.mark.parametrize("days", [0, -1, 3651])
def test_no_key_is_in_force_for_ever(people_of, days):
    with pytest.raises(InputInvalid, match="Days"):
        apikeys.add("ada", "Script", days=days)


@pytest.mark.django_db
def test_the_keys_of_a_user_go_with_the_user(people_of):
    apikeys.add("ada", "Script")
    new = people.add("grete")
    apikeys.add("grete", "Script")
    SystemUser.objects.filter(pk=new.pk).delete()
    assert [one.systemuserid for one in ApiKey.objects.all()] == [people_of.ada]
