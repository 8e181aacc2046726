"""The page about contacts and tasks of a mailbox: what it shows to whom, and what one can decide on it."""

import re
from typing import Any

import pytest
from django.urls import reverse

from serversync.crm.models import (
    Audit,
    ExchangeSyncIdMapping,
    ExchangeSyncMailbox,
    Mailbox,
    SyncAttributeMapping,
)
from serversync.crm.models.exchangesyncmailbox import SyncAnswer
from tests.web.company import Company, logged_in, mailbox_of

PLAN = {
    "isdone": False,
    "counts": [{"kind": "contact", "step": "create in Exchange", "count": 2}],
    "actions": [
        {"kind": "contact", "step": "create in Exchange", "title": "<b>Grace</b>", "reason": "new in the CRM"}
    ],
    "left_out": 1,
}
HELD: list[dict[str, Any]] = [
    {
        "kind": "contact",
        "step": "delete in Exchange",
        "deletions": 12,
        "linked": 20,
        "titles": ["Grace"],
        "records": [f"00000000-0000-4000-8000-{number:012}" for number in range(12)],
    }
]


@pytest.fixture
def box(company: Company) -> Mailbox:
    found = mailbox_of(company.ada)
    Mailbox.objects.filter(pk=found.pk).update(actdeliverymethod=1, enabledforact=True)
    ExchangeSyncMailbox.objects.create(mailboxid=found, plan=PLAN, held=HELD)
    return found


def page(company: Company, box: Mailbox) -> str:
    answer = logged_in(company.dora).get(reverse("mailbox-synchronization", args=[box.pk]))
    return str(answer.content.decode())


def act(user: Any, box: Mailbox, word: str, **values: Any) -> Any:
    return logged_in(user).post(reverse("mailbox-synchronization-act", args=[box.pk, word]), values)


def test_plan_and_deletions_that_wait_are_shown_without_strangers_markup(
    company: Company, box: Mailbox
) -> None:
    shown = page(company, box)
    assert "<strong>2</strong> contacts" in shown
    assert "&lt;b&gt;Grace&lt;/b&gt;" in shown
    assert "1 more are not shown" in shown
    assert "<strong>12</strong> of 20 linked contacts, such as Grace" in shown


def test_the_page_of_the_mailbox_leads_to_it(company: Company, box: Mailbox) -> None:
    shown = logged_in(company.ada).get(reverse("mailbox", args=[box.pk])).content.decode()
    assert reverse("mailbox-synchronization", args=[box.pk]) in shown


def test_deletions_are_let_happen_or_kept(company: Company, box: Mailbox) -> None:
    act(company.dora, box, "let-happen")
    assert ExchangeSyncMailbox.objects.get().answer == SyncAnswer.DELETE
    act(company.dora, box, "keep")
    assert ExchangeSyncMailbox.objects.get().answer == SyncAnswer.KEEP
    assert set(Audit.objects.values_list("act", flat=True)) >= {
        "mailbox.deletions-happen",
        "mailbox.deletions-kept",
    }


def test_a_mailbox_that_was_replaced_and_no_other_one_is_filled_again(company: Company, box: Mailbox) -> None:
    assert "Fill the mailbox again" not in page(company, box)
    url = reverse("mailbox-synchronization-act", args=[box.pk, "fill"])
    refused = logged_in(company.dora).post(url, follow=True).content.decode()
    assert "only where it was replaced by another mailbox" in refused
    assert ExchangeSyncMailbox.objects.get().answer == SyncAnswer.NONE
    ExchangeSyncMailbox.objects.update(isreplaced=True)
    shown = page(company, box)
    assert "This is another mailbox under the same address" in shown
    assert url in shown
    answered = logged_in(company.dora).post(url, follow=True).content.decode()
    assert "nobody is invited again" in answered
    assert ExchangeSyncMailbox.objects.get().answer == SyncAnswer.FILL
    assert Audit.objects.filter(act="mailbox.fill").count() == 1


def test_an_answer_is_about_the_deletions_that_the_page_has_shown(company: Company, box: Mailbox) -> None:
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page(company, box))
    assert seen is not None
    more = [HELD[0] | {"records": [*HELD[0]["records"], "00000000-0000-4000-8000-0000000000ff"]}]
    ExchangeSyncMailbox.objects.update(held=more)
    url = reverse("mailbox-synchronization-act", args=[box.pk, "let-happen"])
    refused = logged_in(company.dora).post(url, {"seen": seen[1]}, follow=True)
    assert "other deletions wait by now" in refused.content.decode()
    assert ExchangeSyncMailbox.objects.get().answer == SyncAnswer.NONE
    ExchangeSyncMailbox.objects.update(held=HELD)
    act(company.dora, box, "let-happen", seen=seen[1])
    assert ExchangeSyncMailbox.objects.get().answer == SyncAnswer.DELETE


def test_only_who_administers_mailboxes_lets_a_plan_happen(company: Company, box: Mailbox) -> None:
    assert act(company.ada, box, "approve-plan").status_code == 403
    assert not ExchangeSyncMailbox.objects.get().isplanapproved
    act(company.dora, box, "approve-plan")
    schedule = ExchangeSyncMailbox.objects.get()
    assert schedule.isplanapproved
    assert schedule.nextpasson is not None


def test_an_item_that_failed_is_ignored_and_retried(company: Company, box: Mailbox) -> None:
    failed = ExchangeSyncIdMapping.objects.create(
        mailboxid=box,
        objectid=box.pk,
        objecttypecode="contact",
        itemsubject="Grace Hopper",
        lastsyncerror="exchange.item-unreadable: It could not be read.",
    )
    assert "Grace Hopper" in page(company, box)
    act(company.dora, box, "ignore", item=str(failed.pk))
    assert "ignored" in page(company, box)
    act(company.dora, box, "retry", item=str(failed.pk))
    failed.refresh_from_db()
    assert failed.dueon is not None
    assert failed.dueon.year < 9999


def test_somebody_elses_page_is_not_there(company: Company, box: Mailbox) -> None:
    ben = logged_in(company.ben)
    assert ben.get(reverse("mailbox-synchronization", args=[box.pk])).status_code == 404
    assert act(company.ben, box, "keep").status_code == 404
    assert act(company.dora, box, "nonsense").status_code == 404
    assert act(company.dora, box, "retry", item="no-id").status_code == 404


def test_the_way_of_a_field_is_set_on_its_page_by_who_may(company: Company) -> None:
    address = reverse("settings-fields", args=["task"])
    shown = logged_in(company.dora).get(address)
    entered = {name: field.initial for name, field in shown.context["form"].fields.items()}
    logged_in(company.dora).post(address, {**entered, "percentcomplete": "to-crm", "statecode": "none"})
    changed = {one.attributecrmname: one.syncdirection for one in SyncAttributeMapping.objects.all()}
    assert changed == {"percentcomplete": 2}
    assert logged_in(company.ada).post(address, {**entered, "subject": "none"}).status_code == 403
    assert logged_in(company.dora).get(reverse("settings-fields", args=["invoice"])).status_code == 404
