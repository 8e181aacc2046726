"""What people do is written down with before and after, and no secret is among it."""

import pytest

from serversync.administration import actor, audit, logon, mailboxes, organization, people, profiles
from serversync.core.errors import LogOnRefused
from serversync.crm.models import Audit, Mailbox

pytestmark = pytest.mark.django_db
SECRET = "planted-Secret-4711"
PROFILE: profiles.ProfileEntries = {
    "incomingserverlocation": "mail.example.org",
    "incomingusername": "svc-crm@example.org",
    "incomingpassword": SECRET,
}


def changed(row: Audit) -> dict[str, tuple[object, object]]:
    return {
        one["logicalName"]: (one["oldValue"], one["newValue"]) for one in row.changedata["changedAttributes"]
    }


def test_a_change_is_kept_with_the_values_before_and_after():
    dora = people.add("dora@example.org", administrator=True)
    with actor.acting(actor.Actor(dora, channel="web", address="192.0.2.7")):
        mailboxes.approve([mailboxes.find("dora@example.org")])
    row = Audit.objects.get(act="mailbox.approve")
    assert changed(row) == {"emailrouteraccessapproval": ("Pending Approval", "Approved")}
    assert (row.actorname, row.channel, row.address) == ("dora@example.org", "web", "192.0.2.7")
    assert row.objectid == dora.defaultmailbox_id


def test_what_changes_nothing_leaves_no_row():
    people.add("ada@example.org")
    box = mailboxes.find("ada@example.org")
    mailboxes.edit([box], {"active": True})
    assert not Audit.objects.filter(act="mailbox.edit").exists()


def test_a_change_that_fails_leaves_no_row(monkeypatch):
    people.add("ada@example.org")
    box = mailboxes.find("ada@example.org")
    monkeypatch.setattr(Mailbox, "save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        mailboxes.edit([box], {"active": False})
    assert not Audit.objects.filter(act="mailbox.edit").exists()


def test_of_a_password_only_that_it_was_changed_is_kept():
    profiles.add("Exchange", PROFILE)
    profiles.edit("Exchange", {"incomingpassword": f"{SECRET}-2"})
    ada = people.add("ada@example.org", password=f"{SECRET}-3")
    people.edit(ada, password=f"{SECRET}-4")
    kept = [str(row.changedata) for row in Audit.objects.all()]
    assert SECRET not in "".join(kept)
    assert "argon2" not in "".join(kept)
    assert changed(Audit.objects.get(act="profile.edit")) == {"incomingpassword": ("(set)", "(set) anew")}
    assert changed(Audit.objects.get(act="user.edit"))["password"] == ("(set)", "(set) anew")


def test_settings_and_roles_are_kept_in_words():
    ada = people.add("ada@example.org")
    people.edit(ada, roles=["Mailbox Administrator"])
    organization.change("enablesmartmatching", "yes")
    told = [audit.told(row) for row in audit.find_all()]
    assert told[:2] == ["enablesmartmatching: no → yes", "roles: Salesperson → Mailbox Administrator"]


def test_failed_log_ins_are_kept_without_the_name_of_nobody():
    people.add("ada@example.org", password="right password")
    for name in ("ada@example.org", "my-password-by-mistake"):
        with pytest.raises(LogOnRefused):
            logon.log_on(name, "guess", address="192.0.2.7")
    names = list(Audit.objects.filter(act="session.log-on-failed").values_list("actorname", flat=True))
    assert sorted(names) == ["(unknown name)", "ada@example.org"]


def test_the_audit_is_searched_by_act_person_and_object():
    people.add("ada@example.org", fullname="Ada Lovelace")
    assert [row.act for row in audit.find_all(search="user.add lovelace")] == ["user.add"]
    assert audit.find_all(search="nothing like it") == []
