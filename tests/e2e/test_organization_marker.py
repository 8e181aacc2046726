"""A mailbox is kept in step by one organization: its marker says by which, and exchangelib reads and writes it too."""

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.db.models import F
from exchangelib.errors import ErrorItemNotFound, ErrorItemSave

from serversync.adapters.profiles import ProfileConnections
from serversync.administration import audit, bulk, connection, jobs, mailboxes, synchronization, timeline
from serversync.administration.enabling import Trial
from serversync.core.errors import SyncedByAnotherOrganization
from serversync.crm.models import (
    Audit,
    Contact,
    ExchangeSyncIdMapping,
    ExchangeSyncMailbox,
    Mailbox,
    Organization,
    TraceLog,
)
from serversync.crm.models.exchangesyncmailbox import SyncAnswer
from serversync.exchange.client import EwsClient
from serversync.jobs.operations import OperationRunner
from serversync.jobs.single import synchronize_now
from serversync.jobs.worker import USER_AGENT, open_pool
from tests.e2e.place import company
from tests.e2e.seen_by_exchangelib import account

ADA = "ada@example.org"
NAME = "serversync.Organization"
CODE = "act.another-organization"


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        Mailbox.objects.filter(emailaddress=ADA).update(actdeliverymethod=1, enabledforact=False)
        Organization.objects.update(name="Ours", actplanfirst=False)
        yield made


def enable() -> tuple[Mailbox, Trial]:
    (result,) = connection.enable([mailboxes.find(ADA)])
    return Mailbox.objects.get(emailaddress=ADA), result.trial


def run(place, *, may_write=True):
    return asyncio.run(synchronize_now(place.mailboxes[ADA], may_write=may_write))


def marker(place) -> dict[str, str] | None:
    """What exchangelib finds."""
    with account(place, ADA) as opened:
        try:
            return dict(opened.root.get_user_configuration(name=NAME).dictionary)
        except ErrorItemNotFound:
            return None


def ours() -> str:
    return str(Organization.objects.get().organizationid)


@contextmanager
def as_organization(name: str, organizationid: UUID):
    """Be another organization, over the same database: what it is called and its id are all that a mailbox sees of it."""
    kept = Organization.objects.values("pk", "name").get()
    Organization.objects.update(organizationid=organizationid, name=name)
    try:
        yield
    finally:
        Organization.objects.update(organizationid=kept["pk"], name=kept["name"])


def given_to_another(place, **texts: str) -> None:
    """Another program writes another organization's marker."""
    content = {
        "OrganizationId": str(UUID(int=7)),
        "OrganizationName": "Theirs",
        "SetOn": "2026-05-04T09:00:00+00:00",
    } | texts
    with account(place, ADA) as opened:
        try:
            opened.root.create_user_configuration(name=NAME, dictionary=content)
        except ErrorItemSave:
            opened.root.update_user_configuration(name=NAME, dictionary=content)


def contact(name: str) -> None:
    owner = Mailbox.objects.get(emailaddress=ADA).ownerid
    Contact.objects.create(lastname=name, ownerid=owner)


def contacts_in_exchange(place) -> list[str]:
    with account(place, ADA) as opened:
        return [one.surname for one in opened.contacts.all()]


def test_a_test_leaves_the_marker_of_this_organization(place):
    mailbox, trial = enable()
    assert trial.error is None
    assert mailbox.enabledforact
    found = marker(place)
    assert found is not None
    assert (found["OrganizationId"], found["OrganizationName"]) == (ours(), "Ours")
    first = found["SetOn"]
    assert enable()[1].error is None
    assert marker(place)["SetOn"] == first


def test_a_mailbox_of_another_organization_is_refused_and_its_mail_is_not(place):
    given_to_another(place)
    mailbox, trial = enable()
    assert isinstance(trial.error, SyncedByAnotherOrganization)
    assert (mailbox.incomingemailstatus, mailbox.enabledforincomingemail) == (1, True)
    assert (mailbox.actstatus, mailbox.enabledforact) == (2, False)
    alert = TraceLog.objects.get(code=CODE, regardingobjectid=mailbox.pk, resolvedon=None)
    assert "Theirs (00000000-0000-0000-0000-000000000007), since 2026-05-04 09:00 UTC" in alert.text
    assert "--primary" in alert.errordetails
    assert marker(place)["OrganizationName"] == "Theirs"
    with account(place, ADA) as opened:
        assert not opened.trash.all().count()
        assert not opened.contacts.all().count()


def test_the_box_overtakes_the_mailbox_and_that_is_written_down(place):
    given_to_another(place)
    enable()
    mailboxes.mark_primary([mailboxes.find(ADA)], primary=True)
    mailbox, trial = enable()
    assert trial.error is None
    assert mailbox.enabledforact
    assert marker(place)["OrganizationId"] == ours()
    sentences = [one.sentence for one in timeline.of(mailbox)]
    assert any("mailbox.overtake" in one and "Theirs (0000" in one for one in sentences)
    assert not TraceLog.objects.filter(code=CODE, regardingobjectid=mailbox.pk, resolvedon=None).exists()


def test_a_job_overtakes_it_too_where_the_box_is_ticked(place):
    given_to_another(place)
    mailboxes.mark_primary([mailboxes.find(ADA)], primary=True)
    jobs.start(bulk.TEST_ENABLE, [mailboxes.find(ADA)])
    asyncio.run(work_off(place.dsn))
    assert marker(place)["OrganizationId"] == ours()
    assert Mailbox.objects.get(emailaddress=ADA).enabledforact
    (noted,) = Audit.objects.filter(act="mailbox.overtake")
    assert audit.told(noted).startswith("organization: Theirs (0000")


async def work_off(dsn: str) -> None:
    """Work off all jobs."""
    async with open_pool(dsn) as pool:
        runner = OperationRunner(pool, lambda: ProfileConnections(pool, user_agent=USER_AGENT), host="w1")
        while await runner.step():
            await runner.settle()
    await sync_to_async(connections.close_all)()


def test_a_pass_stops_where_another_organization_has_overtaken_the_mailbox(place):
    enable()
    contact("Hopper")
    assert run(place)[1] is None
    assert contacts_in_exchange(place) == ["Hopper"]
    theirs = uuid4()
    with as_organization("Theirs", theirs):
        mailboxes.mark_primary([mailboxes.find(ADA)], primary=True)
        enable()
    assert marker(place)["OrganizationId"] == str(theirs)
    contact("Lovelace")
    outcome, error = run(place)
    assert isinstance(error, SyncedByAnotherOrganization)
    assert outcome.processed == 0
    assert contacts_in_exchange(place) == ["Hopper"]
    mailbox = Mailbox.objects.get(emailaddress=ADA)
    assert (mailbox.enabledforact, mailbox.actstatus) == (False, 2)
    assert (mailbox.enabledforincomingemail, mailbox.incomingemailstatus) == (True, 1)
    alert = TraceLog.objects.get(code=CODE, regardingobjectid=mailbox.pk, resolvedon=None)
    assert f"Theirs ({theirs})" in alert.text
    # Ours takes it back by a test, whose box is still ticked, and goes on where it stopped.
    assert enable()[1].error is None
    assert run(place)[1] is None
    assert sorted(contacts_in_exchange(place)) == ["Hopper", "Lovelace"]
    assert not TraceLog.objects.filter(code=CODE, regardingobjectid=mailbox.pk, resolvedon=None).exists()


def test_what_people_deleted_after_it_was_overtaken_is_not_deleted_here(place):
    enable()
    contact("Hopper")
    run(place)
    given_to_another(place)
    with account(place, ADA) as opened:
        opened.contacts.all().delete()
    assert isinstance(run(place)[1], SyncedByAnotherOrganization)
    assert Contact.objects.filter(lastname="Hopper", statecode=0).exists()


@pytest.fixture
def asked(monkeypatch):
    """The operations that Exchange is asked for, as they are asked."""
    names: list[str] = []
    call = EwsClient.call

    async def remembering(self, operation, **options):
        names.append(operation.name)
        return await call(self, operation, **options)

    monkeypatch.setattr(EwsClient, "call", remembering)
    return names


def test_a_pass_asks_for_the_marker_once_and_not_at_all_where_nothing_is_to_be_done(place, asked):
    enable()
    for name in ("Hopper", "Lovelace"):
        contact(name)
    asked.clear()
    assert run(place)[0].processed == 2
    assert asked.count("GetUserConfiguration") == 1
    run(place)  # hears of what the first one wrote
    given_to_another(place)
    asked.clear()
    assert run(place)[1] is None
    assert "SyncFolderItems" in asked
    assert "GetUserConfiguration" not in asked


def test_a_mailbox_without_a_marker_gets_one_with_the_first_change_but_not_from_a_plan(place):
    Mailbox.objects.filter(emailaddress=ADA).update(enabledforact=True)
    contact("Hopper")
    run(place, may_write=False)
    assert marker(place) is None
    assert run(place)[1] is None
    assert marker(place)["OrganizationId"] == ours()


def test_a_marker_that_names_nobody_is_replaced(place):
    given_to_another(place, OrganizationId="nobody")
    assert enable()[1].error is None
    assert marker(place)["OrganizationId"] == ours()


def replaced_by_an_empty_one(place) -> None:
    """What is left of a mailbox when an empty one takes its address: neither items nor the marker."""
    with account(place, ADA) as opened:
        opened.root.delete_user_configuration(name=NAME)
        opened.contacts.all().delete()


def later() -> None:
    """Let the time pass after which one looks again for what was missing."""
    minutes = timedelta(minutes=10)
    ExchangeSyncIdMapping.objects.update(
        exchangemissedon=F("exchangemissedon") - minutes, dueon=F("dueon") - minutes
    )


def there() -> list[str]:
    return sorted(Contact.objects.values_list("lastname", flat=True))


@pytest.fixture
def linked(place):
    """Two contacts in both places; one that is deleted in Exchange is to go from the CRM too."""
    Organization.objects.update(contactdeletionbehaviorfromexchange=0)
    enable()
    for name in ("Hopper", "Lovelace"):
        contact(name)
    assert run(place)[0].processed == 2
    run(place)  # hears of what the first one wrote
    return place


@pytest.mark.parametrize("is_tested", [False, True], ids=["a pass finds out", "a test finds out"])
def test_every_deletion_waits_in_an_empty_mailbox_under_an_old_address(linked, is_tested):
    replaced_by_an_empty_one(linked)
    if is_tested:
        assert enable()[1].error is None
    assert run(linked)[1] is None
    later()
    outcome, error = run(linked)
    assert error is None
    assert [(each.deletions, each.linked) for each in outcome.held] == [(2, 2)]
    assert there() == ["Hopper", "Lovelace"]
    mailbox = Mailbox.objects.get(emailaddress=ADA)
    alert = TraceLog.objects.get(code="act.deletions-held", regardingobjectid=mailbox.pk, resolvedon=None)
    assert "it has lost the marker of this organization" in alert.text
    synchronization.answer(mailbox, SyncAnswer.KEEP)
    assert run(linked)[1] is None
    assert there() == ["Hopper", "Lovelace"]
    assert not TraceLog.objects.filter(code="act.deletions-held", resolvedon=None).exists()
    # From now on it is a mailbox like any other.
    contact("Noether")
    run(linked)
    run(linked)
    with account(linked, ADA) as opened:
        opened.contacts.all().delete()
    run(linked)
    later()
    assert run(linked)[0].held == ()
    assert there() == ["Hopper", "Lovelace"]


@pytest.mark.parametrize(
    "rule", [0, 2], ids=["a deletion would be followed", "a deletion would not be followed"]
)
def test_a_replaced_mailbox_is_filled_again_from_the_crm(linked, rule):
    Organization.objects.update(contactdeletionbehaviorfromexchange=rule)
    replaced_by_an_empty_one(linked)
    assert run(linked)[1] is None
    later()
    assert [each.deletions for each in run(linked)[0].held] == [2]
    mailbox = Mailbox.objects.get(emailaddress=ADA)
    (alert,) = TraceLog.objects.filter(code="act.deletions-held", resolvedon=None)
    assert f"'serversync mailbox held {ADA} --fill'" in alert.errordetails
    synchronization.answer(mailbox, SyncAnswer.FILL)
    assert run(linked)[1] is None
    assert sorted(contacts_in_exchange(linked)) == there() == ["Hopper", "Lovelace"]
    assert not TraceLog.objects.filter(code="act.deletions-held", resolvedon=None).exists()
    assert Audit.objects.filter(act="mailbox.fill").count() == 1
    schedule = ExchangeSyncMailbox.objects.get(pk=mailbox.pk)
    assert (schedule.isreplaced, schedule.held, schedule.answer) == (False, None, SyncAnswer.NONE)
    assert ExchangeSyncIdMapping.objects.filter(mailboxid=mailbox, stage=2).count() == 2
    run(linked)
    assert run(linked)[0].processed == 0
    assert sorted(contacts_in_exchange(linked)) == ["Hopper", "Lovelace"]


def test_what_is_missed_after_the_answer_waits_for_another_one(linked):
    replaced_by_an_empty_one(linked)
    run(linked)
    later()
    ExchangeSyncIdMapping.objects.filter(itemsubject="Lovelace").update(exchangemissedon=datetime.now(UTC))
    assert [each.titles for each in run(linked)[0].held] == [("Hopper",)]
    mailbox = Mailbox.objects.get(emailaddress=ADA)
    synchronization.answer(mailbox, SyncAnswer.FILL)
    run(linked)
    assert contacts_in_exchange(linked) == ["Hopper"]
    later()
    assert [each.titles for each in run(linked)[0].held] == [("Lovelace",)]
    synchronization.answer(mailbox, SyncAnswer.FILL)
    run(linked)
    assert sorted(contacts_in_exchange(linked)) == ["Hopper", "Lovelace"]
    assert not ExchangeSyncMailbox.objects.get(pk=mailbox.pk).isreplaced


def test_a_few_deletions_do_not_wait_where_the_marker_is_there(linked):
    with account(linked, ADA) as opened:
        opened.contacts.all().delete()
    run(linked)
    later()
    assert run(linked)[0].held == ()
    assert there() == []
