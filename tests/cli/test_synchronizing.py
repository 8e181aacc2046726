"""Contacts are brought into step by commands: enable, look at the plan, let it happen, see what was done."""

from collections.abc import Iterator
from typing import Any

import exchangelib
import pytest

from serversync.simulator import SimulatorThread
from tests.cli.conftest import ACCOUNT, ADA, PASSWORD, CommandLine
from tests.simulator.conftest import account


@pytest.fixture
def act(ready: CommandLine) -> CommandLine:
    """Ada's mailbox, tested and enabled for contacts too."""
    assert ready("mailbox", "edit", ADA, "--act", "server-side").exit_code == 0
    assert ready("settings", "set", "trackallcontacts", "yes").exit_code == 0
    return ready


@pytest.fixture
def ada(exchange: SimulatorThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[exchangelib.Account]:
    """Ada in Outlook."""
    with account(exchange, monkeypatch, exchangelib.NTLM, user=ACCOUNT, password=PASSWORD) as opened:
        yield opened


def grace(ada: exchangelib.Account) -> None:
    exchangelib.Contact(
        account=ada, folder=ada.contacts, display_name="Grace Hopper", given_name="Grace", surname="Hopper"
    ).save()


def surnames(ada: exchangelib.Account) -> list[str]:
    return sorted(one.surname for one in ada.contacts.all())


def warnings(act: CommandLine) -> list[str]:
    return [one["code"] for one in act.json("alert", "list") if one["code"].startswith("act.")]


def add_contact(**columns: Any) -> None:
    from serversync.crm.models import Contact, SystemUser

    Contact.objects.create(ownerid=SystemUser.objects.get(internalemailaddress=ADA), **columns)


def contacts() -> list[str]:
    from serversync.crm.models import Contact

    return sorted(str(one.lastname) for one in Contact.objects.all())


def test_a_dry_run_prints_the_plan_and_writes_neither_side(
    act: CommandLine, ada: exchangelib.Account
) -> None:
    grace(ada)
    add_contact(lastname="Lovelace")
    result = act("mailbox", "sync", ADA, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "create in Exchange: 1" in result.stdout
    assert "create in the CRM: contact 'Grace Hopper' (new in Exchange)" in result.stdout
    assert contacts() == ["Lovelace"]
    assert surnames(ada) == ["Hopper"]


def test_a_dry_run_as_json_has_counts_and_reasons(act: CommandLine) -> None:
    add_contact(lastname="Lovelace")
    (told,) = act.json("mailbox", "sync", ADA, "--dry-run")
    assert told["counts"] == [{"kind": "contact", "step": "create in Exchange", "count": 1}]
    assert [(one["title"], one["reason"]) for one in told["actions"]] == [("Lovelace", "new in the CRM")]
    assert (told["isdone"], told["error"]) == (False, None)


def test_nothing_is_written_before_somebody_has_looked_at_the_plan(
    act: CommandLine, ada: exchangelib.Account
) -> None:
    add_contact(lastname="Lovelace")
    assert act("mailbox", "test-enable", ADA).exit_code == 0
    waiting = act("mailbox", "sync", ADA, "--wait")
    assert "nothing was written, the plan waits (create in Exchange: 1)" in waiting.stdout
    assert surnames(ada) == []
    assert warnings(act) == ["act.plan-waiting"]
    assert act("mailbox", "approve-plan", ADA).exit_code == 0
    done = act("mailbox", "sync", ADA, "--wait")
    assert "contacts and tasks: create in Exchange: 1" in done.stdout
    assert surnames(ada) == ["Lovelace"]
    assert warnings(act) == []


def test_a_pass_by_hand_says_what_it_did_as_json(act: CommandLine, ada: exchangelib.Account) -> None:
    assert act("settings", "set", "actplanfirst", "no").exit_code == 0
    grace(ada)
    act("mailbox", "test-enable", ADA)
    (told,) = act.json("mailbox", "sync", ADA, "--wait")
    assert told["synchronization"]["counts"] == [{"kind": "contact", "step": "create in the CRM", "count": 1}]
    assert (told["synchronization"]["processed"], told["error"]) == (1, None)
    assert contacts() == ["Hopper"]


def test_a_plan_is_refused_where_nothing_was_chosen(ready: CommandLine) -> None:
    result = ready("mailbox", "sync", ADA, "--dry-run")
    assert result.exit_code == 2
    assert "mailbox edit ada@example.org --act server-side" in result.stderr


def test_deletions_that_wait_are_listed_and_kept_or_carried_out(
    act: CommandLine, ada: exchangelib.Account
) -> None:
    from serversync.crm.models import Contact

    for setting, value in {"actplanfirst": "no", "actbrakecount": "1"}.items():
        act("settings", "set", setting, value)
    for number in range(3):
        add_contact(lastname=f"N{number}")
    act("mailbox", "test-enable", ADA)
    act("mailbox", "sync", ADA, "--wait")
    Contact.objects.all().delete()
    age_second_look(act)
    stopped = act("mailbox", "sync", ADA, "--wait")
    assert "3 deletions wait for you" in stopped.stdout
    (held,) = act.json("mailbox", "held", ADA)
    assert (held["step"], held["deletions"], held["linked"]) == ("delete in Exchange", 3, 3)
    assert warnings(act) == ["act.deletions-held"]
    refused = act("mailbox", "held", ADA, "--fill")
    assert refused.exit_code == 2
    assert "only where it was replaced by another mailbox" in refused.stderr
    refused = act("mailbox", "held", ADA, "--fill", "--keep")
    assert "give only one of --delete, --keep and --fill" in refused.stderr
    act("mailbox", "held", ADA, "--keep")
    act("mailbox", "sync", ADA, "--wait")
    assert surnames(ada) == ["N0", "N1", "N2"]
    assert act.json("mailbox", "held", ADA) == []
    assert warnings(act) == []


def test_only_the_deletions_that_were_shown_happen(act: CommandLine, ada: exchangelib.Account) -> None:
    from serversync.crm.models import Contact

    for setting, value in {"actplanfirst": "no", "actbrakecount": "1"}.items():
        act("settings", "set", setting, value)
    for number in range(6):
        add_contact(lastname=f"N{number}")
    act("mailbox", "test-enable", ADA)
    act("mailbox", "sync", ADA, "--wait")
    Contact.objects.filter(lastname__lt="N3").delete()
    age_second_look(act)
    act("mailbox", "sync", ADA, "--wait")
    (held,) = act.json("mailbox", "held", ADA)
    assert (held["deletions"], len(held["records"])) == (3, 3)
    Contact.objects.all().delete()
    act("mailbox", "held", ADA, "--delete")
    act(
        "mailbox", "sync", ADA, "--wait"
    )  # the three that were shown; the others are missed for the first time
    assert surnames(ada) == ["N3", "N4", "N5"]
    age_second_look(act)
    act("mailbox", "sync", ADA, "--wait")
    (held,) = act.json("mailbox", "held", ADA)
    assert held["deletions"] == 3
    assert surnames(ada) == ["N3", "N4", "N5"]


def age_second_look(act: CommandLine) -> None:
    """The records are missed once, and the time until the second look passes."""
    from datetime import timedelta

    from django.db.models import F

    from serversync.crm.models import ExchangeSyncIdMapping

    act("mailbox", "sync", ADA, "--wait")
    minutes = timedelta(minutes=5)
    ExchangeSyncIdMapping.objects.update(crmmissedon=F("crmmissedon") - minutes, dueon=F("dueon") - minutes)


def test_a_question_that_nobody_asked_cannot_be_answered(act: CommandLine) -> None:
    result = act("mailbox", "held", ADA, "--delete")
    assert result.exit_code == 2
    assert "no deletions wait" in result.stderr


def test_a_field_goes_the_way_that_was_set(act: CommandLine, ada: exchangelib.Account) -> None:
    act("settings", "set", "actplanfirst", "no")
    (now_set,) = act.json("settings", "field", "contact", "department", "to-crm")
    assert (now_set["column"], now_set["direction"], now_set["default"]) == ("department", "to-crm", "both")
    add_contact(lastname="Lovelace", department="Engines", jobtitle="Countess")
    act("mailbox", "test-enable", ADA)
    assert act("mailbox", "sync", ADA, "--wait").exit_code == 0
    (found,) = ada.contacts.all()
    assert (found.department, found.job_title) == (None, "Countess")
    listed = {one["column"]: one["direction"] for one in act.json("settings", "fields", "contact")}
    assert (listed["department"], listed["jobtitle"]) == ("to-crm", "both")


def test_a_mailbox_of_another_organization_is_refused_until_it_is_overtaken(
    act: CommandLine, ada: exchangelib.Account
) -> None:
    theirs = {"OrganizationId": "00000000-0000-0000-0000-000000000007", "OrganizationName": "Theirs"}
    ada.root.create_user_configuration(name="serversync.Organization", dictionary=theirs)
    refused = act("mailbox", "test-enable", ADA)
    assert refused.exit_code != 0
    assert "Theirs (00000000-0000-0000-0000-000000000007), since an unknown time" in refused.stderr
    assert f"serversync mailbox test-enable {ADA} --primary" in refused.stderr
    assert set(warnings(act)) == {"act.another-organization"}  # of the mailbox, and of its profile
    assert act("mailbox", "test-enable", ADA, "--primary").exit_code == 0
    found = ada.root.get_user_configuration(name="serversync.Organization").dictionary
    assert found["OrganizationId"] != theirs["OrganizationId"]
    assert warnings(act) == []
    assert "mailbox.overtake" in [one["act"] for one in act.json("audit", "list")]
