"""Content for every page: run as a program on the data folder of a running one, it prints all addresses.

Everything that pages show only now and then is there at once: long names, alerts, failures, a plan that waits, conflicts,
a test that failed, a job under way. The addresses are those of ``tests/web/test_every_page.py``, which knows them all.
"""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serversync.crm.models import Mailbox
    from tests.web.company import Company

PASSWORD = "a long password of everybody"
LONG = "Wolfeschlegelsteinhausen-Featherstonehaugh-Berger"
ADDRESS = "wolfeschlegelsteinhausenbergerdorff.featherstonehaugh@subsidiary-of-harbour-coffee.example"
PLAN = {
    "isdone": False,
    "counts": [
        {"kind": "contact", "step": "create in Exchange", "count": 212},
        {"kind": "appointment", "step": "create in the CRM", "count": 3},
    ],
    "actions": [
        {"kind": "contact", "step": "create in Exchange", "title": LONG, "reason": "new in the CRM"},
        {
            "kind": "appointment",
            "step": "create in the CRM",
            "title": "Signing of the contract with everybody who has to be there",
            "reason": "it carries the category Tracked to Dynamics 365",
        },
    ],
    "left_out": 213,
}
HELD = [
    {
        "kind": "contact",
        "step": "delete in Exchange",
        "deletions": 120,
        "linked": 200,
        "titles": [LONG, "Grace"],
    }
]
TEST = {
    "profile": "Main Exchange",
    "mailbox": "ada@example.org",
    "outside": None,
    "result": "failed",
    "startedon": "2026-03-02T08:00:00Z",
    "milliseconds": 1284,
    "program": "serversync",
    "steps": [
        {
            "key": "dns",
            "title": "Host name is found",
            "milliseconds": 4,
            "result": "ok",
            "sentence": "mail.example.org is 192.0.2.7.",
            "code": None,
            "remedy": None,
            "evidence": [{"label": "Addresses", "text": "192.0.2.7"}],
            "parts": [],
        },
        {
            "key": "logon",
            "title": "Account logs on",
            "milliseconds": 77,
            "result": "failed",
            "sentence": "The server refused the password of svc-crm@example.org.",
            "code": "exchange.unauthorized",
            "remedy": "Enter the right password: serversync profile edit 'Main Exchange' --password-stdin.",
            "evidence": [{"label": "Answer", "text": "HTTP 401 " + "x" * 180}],
            "parts": [
                {"title": "NTLM", "result": "failed", "sentence": "401 Unauthorized.", "milliseconds": 30}
            ],
        },
        {
            "key": "version",
            "title": "Version of Exchange",
            "milliseconds": 0,
            "result": "skipped",
            "sentence": "An earlier step failed.",
            "code": None,
            "remedy": None,
            "evidence": [],
            "parts": [],
        },
    ],
}


def fill() -> dict[str, str]:
    """Put everything into the database; return the address of each page by a name for its picture."""
    from django.db import transaction
    from django.urls import reverse

    from serversync.administration import actor
    from tests.web import company as companies
    from tests.web.test_every_page import OPENED

    with actor.acting(actor.INSTALLATION), transaction.atomic():
        company = companies.found()
        _people(company)
        box = companies.mailbox_of(company.ada)
        _mailbox(box)
        _synchronization(box)
        _mail(company)
        _records()
        _work(company)
        places = {name: reverse(name, args=arguments(company)) for name, arguments in OPENED.items()}
        return places | _variants(places, box)


def _people(company: "Company") -> None:
    from serversync.administration import apikeys, people
    from serversync.core.clock import now
    from serversync.crm.models import ApiKey, SystemUser

    for login, name in ((company.dora.domainname, "Nightly report"), (company.ada.domainname, LONG)):
        apikeys.add(login, name)
    ApiKey.objects.filter(name=LONG).update(expireson=now() - timedelta(days=1))
    for user in (company.dora, company.ada, company.ben):
        user.set_password(PASSWORD)
        user.save()
    people.edit(company.ada, roles=["Salesperson"])
    for number in range(60):
        SystemUser.objects.create_user(
            f"user{number}@example.org",
            fullname=f"User {number}",
            internalemailaddress=f"user{number}@example.org",
        )
    SystemUser.objects.create_user(ADDRESS, fullname=LONG, internalemailaddress=ADDRESS)


def _mailbox(box: "Mailbox") -> None:
    """Ada's mailbox: tested, running, with a past."""
    from serversync.core.clock import now
    from serversync.crm.models import EmailServerProfile, Mailbox, MailboxStatistics, MailboxTrackingFolder

    at = now()
    profile = EmailServerProfile.objects.get(name="Main Exchange")
    EmailServerProfile.objects.filter(pk=profile.pk).update(
        lasttestexecutionstatus=0, lastteststarttime=at, lasttestresponse=json.dumps(TEST)
    )
    Mailbox.objects.update(emailserverprofile=profile, lastsuccessfulsynccompletedon=at - timedelta(hours=2))
    for number, other in enumerate(Mailbox.objects.order_by("name")):
        Mailbox.objects.filter(pk=other.pk).update(
            incomingemailstatus=number % 3,
            outgoingemailstatus=number % 3,
            actstatus=number % 3,
            mailboxstatus=number % 3,
            emailrouteraccessapproval=number % 4,
            processinglastattemptedon=at - timedelta(minutes=number),
            lastsyncerror="The server does not answer: connection timed out after 30 seconds." * 2,
            lastsyncerroroccurredon=at - timedelta(minutes=number),
        )
    Mailbox.objects.filter(pk=box.pk).update(actdeliverymethod=1, enabledforact=True)
    for hours in range(1, 40):
        started = at - timedelta(hours=hours)
        MailboxStatistics.objects.create(
            mailboxid=box,
            operationtypeid=hours % 3,
            mailboxprocessscheduledon=started - timedelta(seconds=3),
            mailboxprocessstartedon=started,
            mailboxprocesscompletedon=started + timedelta(seconds=hours),
            itemsprocessed=hours * 7 % 50,
            itemsfailed=hours % 2,
            processresult=hours % 5 > 0,
            machinename="host",
            asynceventid=box.pk,
        )
    for number, name in enumerate(("Projects", f"Projects/{LONG}/{LONG}", "Lighthouse")):
        MailboxTrackingFolder.objects.create(
            mailboxid=box,
            exchangefolderid=f"AAMk{number}",
            exchangefoldername=name,
            folderonboardingstatus=number,
        )


def _synchronization(box: "Mailbox") -> None:
    from uuid import uuid4

    from serversync.core.clock import now
    from serversync.crm.models import ExchangeSyncIdMapping, ExchangeSyncMailbox

    ExchangeSyncMailbox.objects.create(mailboxid=box, plan=PLAN, held=HELD, plannedon=now(), startedon=now())
    for title in ("Grace Hopper", LONG):
        ExchangeSyncIdMapping.objects.create(
            mailboxid=box,
            objectid=uuid4(),
            objecttypecode="contact",
            itemsubject=title,
            lastsyncerror="exchange.item-unreadable: It could not be read, and it is said here at some length.",
            lastsyncerroroccurredon=now(),
            retries=4,
            dueon=now() + timedelta(hours=3),
        )
        ExchangeSyncIdMapping.objects.create(
            mailboxid=box,
            objectid=uuid4(),
            objecttypecode="contact",
            itemsubject=title,
            conflicts=[
                {
                    "name": "telephone1",
                    "crm": "+351 21 000 000",
                    "exchange": "+351 21 000 001",
                    "winner": "crm",
                },
                {"name": "description", "crm": "x" * 120, "exchange": None, "winner": "exchange"},
            ],
        )


def _mail(company: "Company") -> None:
    from serversync.crm.models import ActivityParty, Email, MessageTrace
    from tests.web import company as companies

    box = companies.mailbox_of(company.ada)
    for number in range(40):
        companies.track(
            box, f"Offer {number}: {LONG}" if number % 5 == 0 else f"Offer {number}", number=number + 2
        )
    from uuid import uuid4

    for number in range(3):
        MessageTrace.objects.create(
            mailboxid=box,
            itemkey=uuid4(),
            subject=f"Strange {LONG}" if number else None,
            senderaddress=ADDRESS,
            receivedon=companies.FIRST_RECEIVED,
            outcome=4,
            reasoncode="item-unreadable",
            attempts=5,
        )
    for number in range(12):
        ActivityParty.objects.create(
            activityid=company.of_ada,
            participationtypemask=2 + number % 2,
            addressused=ADDRESS if number == 0 else f"guest{number}@harbour.example",
            unresolvedpartyname=LONG if number == 0 else None,
        )
    companies.attach(company.of_ada, b"%PDF", f"{LONG}-{LONG}.pdf", mimetype="application/pdf")
    Email.objects.filter(pk=company.of_ada.pk).update(description=f"<p>Dear Ada,</p><p>{'word ' * 200}</p>")


def _records() -> None:
    from serversync.administration import customers, queues

    for number in range(3):
        customers.add(
            customers.CONTACT,
            {
                "firstname": "Grete",
                "lastname": LONG if number == 0 else f"Sørensen {number}",
                "emailaddress1": ADDRESS if number == 0 else f"g{number}@harbour.example",
            },
        )
        customers.add(customers.ACCOUNT, {"name": f"Harbour Coffee and Company {number}"})
        queues.add(f"Support {number}", address=f"support{number}@example.org")


def _work(company: "Company") -> None:
    """Jobs, alerts and acts."""
    from serversync.administration import jobs
    from serversync.core.clock import now
    from serversync.crm.models import AsyncOperation, AsyncOperationItem, TraceLog
    from tests.web import company as companies

    boxes = [companies.mailbox_of(user) for user in (company.ada, company.ben)]
    done = jobs.start("sync", boxes)
    items = AsyncOperationItem.objects.filter(asyncoperationid=done)
    items.update(itemstate=3, code="exchange.unreachable", message="The server does not answer.", attempts=10)
    AsyncOperation.objects.filter(pk=done.pk).update(
        statecode=3, statuscode=31, failedcount=2, startedon=now() - timedelta(hours=1), completedon=now()
    )
    TraceLog.objects.filter(regardingobjectid=boxes[0].pk).update(
        occurrences=1204, firston=now() - timedelta(days=3), laston=now()
    )
    TraceLog.objects.create(
        level=2,
        text=f"An e-mail was set aside: {LONG} {LONG}",
        errordetails="Look at it in Outlook, and send it again where it matters.",
        code="exchange.item-unreadable",
        regardingobjectid=boxes[0].pk,
        regardingobjecttypecode="mailbox",
        regardingobjectownerid=company.ada,
    )
    TraceLog.objects.create(
        level=1,
        text="The mailbox ada@example.org answered.",
        code="mailbox.connected",
        regardingobjectid=boxes[0].pk,
        regardingobjecttypecode="mailbox",
        regardingobjectownerid=company.ada,
        resolvedon=now(),
    )


def _variants(places: dict[str, str], box: "Mailbox") -> dict[str, Any]:
    """Pages whose address says how they look."""
    return {
        "overview-month": f"{places['overview']}?span=month",
        "alerts-information": f"{places['alerts']}?show=information",
        "alerts-over": f"{places['alerts']}?show=over",
        "mail-of-mailbox": f"{places['mail']}?mailbox={box.pk}",
        "mail-outgoing": f"{places['mail']}?show=outgoing",
        "mail-nothing-found": f"{places['mail']}?q=nothing+like+it",
        "mailboxes-second-page": f"{places['mailboxes']}?page=2&sort=-last",
        "mailboxes-failing": f"{places['mailboxes']}?view=failing",
        "mailboxes-pending": f"{places['mailboxes']}?view=pending",
        "mailboxes-nothing-found": f"{places['mailboxes']}?q=nobody",
        "mailbox-why": f"{places['mailbox']}?message=Offer",
        "profile-hybrid": "/profiles/new/hybrid/",
        "settings-fields-appointment": "/settings/fields/appointment/",
        "users-second-page": f"{places['users']}?page=2",
        "not-found": "/nothing-here/",
    }


def main() -> None:
    """Fill, and print the addresses as JSON."""
    from serversync.cli import session

    with session.start_database():
        print(json.dumps(fill()))


if __name__ == "__main__":
    main()
