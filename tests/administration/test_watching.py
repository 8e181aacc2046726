"""Alerts that are dismissed and muted, the outage of a profile, clearing away, the timeline, diagnostics, views."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from serversync.administration import (
    alerts,
    diagnostics,
    mailboxes,
    organization,
    outage,
    people,
    profiles,
    records,
    systemviews,
    timeline,
)
from serversync.core import clock
from serversync.core.errors import ImpersonationDenied
from serversync.crm.models import (
    Email,
    EmailServerProfile,
    ExchangeSyncIdMapping,
    ExchangeSyncMailbox,
    Mailbox,
    MailboxStatistics,
    Organization,
    SystemUser,
    TraceLog,
)
from serversync.jobs import housekeeping

pytestmark = pytest.mark.django_db
SECRET = "planted-Secret-4711"
PROFILE: profiles.ProfileEntries = {
    "incomingserverlocation": "mail.example.org",
    "incomingusername": "svc-crm@example.org",
    "incomingpassword": SECRET,
    "sendemailalert": True,
}
ERROR = ImpersonationDenied(account="svc", mailbox="ada@example.org")


@pytest.fixture
def profile():
    made = profiles.add("Exchange", PROFILE)
    organization.change("defaultemailserverprofileid", "Exchange")
    return made


@pytest.fixture
def boxes(profile):
    for name in ("ada", "ben", "cleo", "dan"):
        people.add(f"{name}@example.org")
    Mailbox.objects.update(
        incomingemailstatus=1, mailboxstatus=1, emailrouteraccessapproval=1, nextpasson=clock.now()
    )
    return list(Mailbox.objects.order_by("emailaddress"))


def shown():
    return list(TraceLog.objects.filter(resolvedon=None).exclude(alerts.muted()))


def test_a_dismissed_alert_is_over_and_opens_anew_when_its_cause_goes_on(boxes):
    alerts.tell_failure(boxes[0], ERROR)
    assert alerts.dismiss(shown()) == 2
    assert shown() == []
    alerts.tell_failure(boxes[0], ERROR)
    assert len(shown()) == 2


def test_a_muted_alert_comes_back_when_it_happens_ten_times_as_often(boxes):
    alerts.tell_failure(boxes[0], ERROR)
    alerts.mute(shown())
    for _ in range(8):
        alerts.tell_failure(boxes[0], ERROR)
    assert shown() == []
    alerts.tell_failure(boxes[0], ERROR)
    assert {one.occurrences for one in shown()} == {10}


def test_a_muted_alert_comes_back_at_a_higher_level(boxes):
    alerts.tell_failure(boxes[0], ERROR)
    TraceLog.objects.update(level=2)
    alerts.mute(shown())
    assert shown() == []
    TraceLog.objects.update(level=3)
    assert len(shown()) == 2


def test_an_outage_is_said_once_and_once_more_when_it_is_over(boxes, profile):
    def fail(count):
        Mailbox.objects.update(mailboxstatus=1)
        failing = [box.pk for box in boxes[:count]]
        Mailbox.objects.filter(pk__in=failing).update(mailboxstatus=2, lastsyncerroroccurredon=clock.now())

    fail(2)
    assert outage.watch() == [], "half is not more than half"
    fail(3)
    assert outage.watch() == [outage.MANY_FAILING]
    assert outage.watch() == []
    fail(0)
    assert outage.watch() == [outage.RECOVERED]
    assert outage.watch() == []
    fail(4)
    assert outage.watch() == [outage.MANY_FAILING]
    assert TraceLog.objects.filter(regardingobjectid=profile.pk, resolvedon=None).count() == 1


def test_the_owner_hears_of_an_outage_by_e_mail_and_of_its_end(boxes, profile):
    owner = people.find("ada@example.org")
    profile.ownerid = owner
    profile.owneremailaddress = "on-call@elsewhere.example"
    profile.save()
    Mailbox.objects.update(outgoingemaildeliverymethod=2, emailrouteraccessapproval=1)
    Mailbox.objects.update(mailboxstatus=2, lastsyncerroroccurredon=clock.now())
    healthy = boxes[-1]
    Mailbox.objects.filter(pk=healthy.pk).update(mailboxstatus=1)
    outage.watch()
    outage.watch()
    Mailbox.objects.update(mailboxstatus=1)
    outage.watch()
    first, second = Email.objects.order_by("createdon")
    assert "failed within the last hour" in (first.subject or "")
    assert "synchronize again" in (second.subject or "")
    assert (first.torecipients, first.statuscode) == ("on-call@elsewhere.example", 6)
    assert first.sendermailboxid == healthy, "through a mailbox that works"
    assert second.sendermailboxid.pk == owner.defaultmailbox_id, "the own one, now that it works"


def test_where_nothing_can_send_the_alert_is_there_all_the_same(boxes, profile):
    Mailbox.objects.update(
        mailboxstatus=2, lastsyncerroroccurredon=clock.now(), outgoingemaildeliverymethod=0
    )
    assert outage.watch() == [outage.MANY_FAILING]
    assert not Email.objects.exists()


def test_what_failed_more_than_an_hour_ago_is_no_outage(boxes):
    Mailbox.objects.update(mailboxstatus=2, lastsyncerroroccurredon=clock.now() - timedelta(minutes=61))
    assert outage.watch() == []


def test_a_profile_that_nobody_wants_to_hear_of_is_not_watched(boxes):
    profiles.edit("Exchange", {"sendemailalert": False})
    Mailbox.objects.update(mailboxstatus=2, lastsyncerroroccurredon=clock.now())
    assert outage.watch() == []


def test_old_alerts_are_cleared_away_but_open_errors_are_not(boxes):
    alerts.tell_failure(boxes[0], ERROR)
    alerts.tell_success(boxes[1], "Works.")
    TraceLog.objects.update(laston=clock.now() - timedelta(days=31))
    assert alerts.clear_away(Organization.objects.current()) == 1
    assert {one.level for one in TraceLog.objects.all()} == {3}
    alerts.dismiss(list(TraceLog.objects.all()))
    TraceLog.objects.update(laston=clock.now() - timedelta(days=29))
    assert housekeeping.once() == {}


def test_the_timeline_tells_passes_alerts_and_acts_latest_first(boxes):
    box = mailboxes.find("ada@example.org")
    now = clock.now()
    MailboxStatistics.objects.create(
        mailboxid=box,
        mailboxprocessstartedon=now - timedelta(hours=1),
        mailboxprocesscompletedon=now - timedelta(hours=1),
        itemsprocessed=3,
        processresult=True,
    )
    alerts.tell_failure(box, ERROR)
    mailboxes.reject([box])
    found = timeline.of(box)
    assert [one.kind.value for one in found if one.kind.value != "act"][-1] == "pass"
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    told = " ".join(one.sentence for one in found)
    assert "3 items" in told
    assert "mailbox.reject" in told
    assert "not allowed to impersonate" in told


def test_diagnostics_tell_everything_but_secrets(boxes):
    box = mailboxes.find("ada@example.org")
    box.set_password(f"{SECRET}-of-the-mailbox")
    box.save()
    profiles.edit("Exchange", {"proxyurl": f"http://u:{SECRET}@proxy.example.org:3128"})
    alerts.tell_failure(box, ERROR)
    box = mailboxes.find("ada@example.org")
    for text in (diagnostics.as_json(box), diagnostics.as_markdown(box)):
        assert SECRET not in text
        assert "exchange.impersonation-denied" in text
        assert "mail.example.org" in text


def test_diagnostics_tell_the_latest_calls_with_the_ids_of_exchange(boxes):
    at = clock.now()
    for number in range(3):
        MailboxStatistics.objects.create(
            mailboxid=boxes[0],
            operationtypeid=number,
            mailboxprocessstartedon=at - timedelta(minutes=number),
            asynceventid=UUID(int=number),
            exchangecalls=[
                {
                    "at": records.iso(at - timedelta(minutes=number)),
                    "operation": "SyncFolderItems",
                    "status": 200,
                    "requestid": f"request-{number}",
                }
            ],
        )
    calls = diagnostics.document(boxes[0])["exchangecalls"]
    assert [(one["requestid"], one["direction"]) for one in calls] == [
        ("request-0", "Incoming Email"),
        ("request-1", "Outgoing Email"),
        ("request-2", "Appointments, Contacts, and Tasks"),
    ]
    told = diagnostics.as_markdown(boxes[0])
    assert f"SyncFolderItems, HTTP 200, request id `request-1`, pass `{UUID(int=1)}`" in told


def test_diagnostics_tell_how_appointments_contacts_and_tasks_stand_without_their_titles(boxes):
    box = boxes[0]
    Mailbox.objects.filter(pk=box.pk).update(actdeliverymethod=1, enabledforact=True)
    ExchangeSyncMailbox.objects.create(
        mailboxid=box,
        failures=2,
        lastsyncerror="Exchange was busy.",
        nextpasson=clock.now() + timedelta(hours=1),
    )
    for number, stage in enumerate((2, 2, 1)):
        ExchangeSyncIdMapping.objects.create(
            mailboxid=box,
            objectid=UUID(int=number),
            objecttypecode="contact",
            stage=stage,
            itemsubject="Secret guest",
            lastsyncerror="exchange.item-unreadable: it cannot be read." if stage == 1 else None,
            retries=int(stage == 1),
        )
    found = diagnostics.document(mailboxes.find("ada@example.org"))["appointmentscontactstasks"]
    assert found["state"]["code"] == "retrying"
    assert found["pairs"] == {"contact creating in exchange": 1, "contact linked": 2}
    assert found["notsynchronized"] == {"contact exchange.item-unreadable": 1}
    assert found["failures"] == 2
    told = diagnostics.as_markdown(mailboxes.find("ada@example.org"))
    assert "They are tried again at" in told
    assert "Secret guest" not in told


def test_diagnostics_tell_the_steps_of_the_last_connection_test(boxes):
    kept = {
        "profile": "Exchange",
        "mailbox": None,
        "outside": None,
        "result": "failed",
        "startedon": "2026-05-01T10:00:00Z",
        "milliseconds": 7,
        "program": "serversync 1",
        "steps": [
            {
                "title": "DNS",
                "milliseconds": 3,
                "result": "failed",
                "sentence": "No such host.",
                "code": "exchange.host-unknown",
                "remedy": "Correct the host.",
                "evidence": [],
                "parts": [],
            }
        ],
    }
    EmailServerProfile.objects.update(lasttestresponse=json.dumps(kept))
    box = mailboxes.find("ada@example.org")
    assert diagnostics.document(box)["connectiontest"] == kept
    assert "## DNS: FAILED (3 ms)\n\nNo such host. (`exchange.host-unknown`)" in diagnostics.as_markdown(box)
    assert diagnostics.as_markdown(box).count("No such host.") == 1


def test_the_four_states_part_the_active_mailboxes(boxes):
    Mailbox.objects.filter(pk=boxes[0].pk).update(mailboxstatus=2)
    Mailbox.objects.filter(pk=boxes[1].pk).update(mailboxstatus=0)
    Mailbox.objects.filter(pk=boxes[2].pk).update(emailrouteraccessapproval=2)
    people.edit(people.add("gone@example.org"), disabled=True)
    counts = systemviews.count_states()
    assert counts == {"healthy": 1, "waiting": 1, "failing": 1, "untested": 1}
    assert sum(counts.values()) == systemviews.select("active").count()
    for word, count in counts.items():
        assert systemviews.select(word).count() == count


def test_the_first_start_makes_an_administrator_once():
    made = people.ensure_administrator()
    assert made is not None
    user = SystemUser.objects.get(domainname=made[0])
    assert user.check_password(made[1])
    assert user.mustchangepassword
    assert people.ensure_administrator() is None


def test_an_administrator_who_cannot_log_in_counts_as_none():
    people.add("dora", administrator=True)
    assert people.ensure_administrator() is not None
