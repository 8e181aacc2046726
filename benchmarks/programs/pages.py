"""How long each page takes to answer in a large company: every layer of the program, from the address to the HTML."""

import json
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

import psycopg

from benchmarks.programs.crowd import HEAVY, Size, fill
from serversync import bootstrap, logs

TURNS = 7


def main(arguments: Mapping[str, Any]) -> dict[str, list[float]]:
    """Fill the database and return seconds by page: the first answer, the middle one, and the slowest of the rest."""
    with bootstrap.start() as environment:
        logs.configure()
        from serversync.administration import actor, work

        with psycopg.connect(environment.dsn, autocommit=True) as connection:
            began = time.monotonic()
            fill(connection, Size(arguments["mailboxes"], arguments["emails"]))
            found = {"filled": [time.monotonic() - began, 0.0, 0.0]}
        with actor.acting(actor.INSTALLATION):
            work.sum_up()  # as the worker's housekeeping has done it
        return found | _measure(arguments.get("turns", TURNS))


def _measure(turns: int) -> dict[str, list[float]]:
    from django.test import Client

    from serversync.crm.models import SystemUser

    administrator = SystemUser.objects.filter(domainname="administrator").first()
    administrator = administrator or SystemUser.objects.create_superuser("administrator")
    found = {}
    for who, user in (
        ("", administrator),
        ("salesperson-", SystemUser.objects.get(domainname="user9")),
        ("heavy-", SystemUser.objects.get(domainname=HEAVY)),
    ):
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        for name, address in _addresses(user).items():
            if who and name not in _EVERYBODYS:
                continue
            found[who + name] = _times(client, address, turns)
            print(f"{who + name} {found[who + name][1]:.3f}", file=sys.stderr)
    return found


_EVERYBODYS = frozenset(
    {
        "overview",
        "mailboxes",
        "mail",
        "mail-middle",
        "mail-search",
        "mail-search-rare",
        "mail-search-two",
        "mail-search-nothing",
        "mail-search-some",
        "mail-failed",
        "mail-outgoing",
        "mail-of-own-mailbox",
        "mail-of-own-mailbox-search",
        "own-email",
        "alerts",
        "jobs",
        "contacts",
        "contacts-search",
        "appointments",
        "appointments-search",
        "tasks",
        "tasks-search",
    }
)
"""Pages that somebody without the depth Organization opens as well."""


def _addresses(viewer: Any) -> dict[str, str]:
    from datetime import timedelta

    from serversync.core.clock import now
    from serversync.crm.models import (
        Appointment,
        AsyncOperation,
        Contact,
        Email,
        EmailServerProfile,
        Mailbox,
        Queue,
        SystemUser,
        Task,
    )
    from serversync.web.keyset import Position

    mailbox = Mailbox.objects.get(name=SystemUser.objects.get(domainname=HEAVY).fullname)
    email = Email.objects.order_by("createdon").first()
    contact = Contact.objects.order_by("createdon").first()
    if email is None or contact is None:
        raise SystemExit("the database is empty")
    own = Mailbox.objects.filter(regardingobjectid=viewer.pk).first() or mailbox
    own_email = Email.objects.filter(ownerid=viewer).first() or email
    appointment, task = Appointment.objects.all()[0], Task.objects.all()[0]
    profile = EmailServerProfile.objects.get(name="Exchange")
    queue = Queue.objects.order_by("createdon")[0]
    job = AsyncOperation.objects.get(name="Test & Enable all")
    pages = Mailbox.objects.count() // 50
    deep = Position(now() - timedelta(days=200), email.pk)
    return {
        "healthz": "/healthz",
        "overview": "/",
        "overview-month": "/?span=month",
        "mailboxes": "/mailboxes/",
        "mailboxes-last-page": f"/mailboxes/?page={pages}",
        **{
            f"mailboxes-by-{sort}": f"/mailboxes/?sort={sort}"
            for sort in ("-name", "address", "profile", "approval", "incoming", "-act", "-last", "next")
        },
        **{
            f"mailboxes-{view}": f"/mailboxes/?view={view}"
            for view in ("healthy", "waiting", "failing", "untested", "pending", "queues", "inactive", "all")
        },
        "mailboxes-of-profile": f"/mailboxes/?profile={profile.pk}",
        "mailboxes-search": "/mailboxes/?q=user777@",
        "mailboxes-search-nothing": "/mailboxes/?q=zzzz",
        "mailboxes-search-profile": "/mailboxes/?q=exchange",
        "mailbox": f"/mailboxes/{mailbox.pk}/",
        "mailbox-why": f"/mailboxes/{mailbox.pk}/?message=Lighthouse+No7000",
        "mailbox-why-part": f"/mailboxes/{mailbox.pk}/?message=ighthouse",
        "mailbox-diagnostics": f"/mailboxes/{mailbox.pk}/diagnostics/",
        "mail": "/mail/",
        "mail-middle": f"/mail/?after={deep}",
        "mail-search": "/mail/?q=Lighthouse",
        "mail-search-rare": "/mail/?q=No4711",
        "mail-search-two": "/mail/?q=compiler+grete77",
        "mail-search-nothing": "/mail/?q=zzzz",
        "mail-search-some": "/mail/?q=grete77",
        "mail-search-some-middle": f"/mail/?q=grete77&after={deep}",
        "mail-failed": "/mail/?show=failed",
        "mail-drafts": "/mail/?show=drafts",
        "mail-outgoing": "/mail/?show=outgoing",
        "mail-of-mailbox": f"/mail/?mailbox={mailbox.pk}",
        "mail-of-mailbox-search": f"/mail/?mailbox={mailbox.pk}&q=Lighthouse",
        "mail-of-mailbox-search-nothing": f"/mail/?mailbox={mailbox.pk}&q=zzzz",
        "mail-of-own-mailbox": f"/mail/?mailbox={own.pk}",
        "mail-of-own-mailbox-search": f"/mail/?mailbox={own.pk}&q=Lighthouse",
        "own-email": f"/mail/{own_email.pk}/",
        "email": f"/mail/{email.pk}/",
        "email-body": f"/mail/{email.pk}/body",
        "alerts": "/alerts/",
        "alerts-errors": "/alerts/?show=error",
        "alerts-over": "/alerts/?show=over",
        "alerts-muted": "/alerts/?show=muted",
        "jobs": "/jobs/",
        "job": f"/jobs/{job.pk}/",
        "audit": "/audit/",
        "audit-search": "/audit/?q=Dora+77777",
        "audit-search-nothing": "/audit/?q=zzzz",
        "users": "/users/",
        "users-last-page": f"/users/?page={pages}",
        "users-search": "/users/?q=user777@",
        "users-search-nothing": "/users/?q=zzzz",
        "profiles": "/profiles/",
        "profile": f"/profiles/{profile.pk}/",
        "settings": "/settings/",
        "contacts": "/contacts/",
        "contacts-search": "/contacts/?q=grete777",
        "contacts-search-nothing": "/contacts/?q=zzzz",
        "contact": f"/contacts/{contact.pk}/",
        "accounts": "/accounts/",
        "accounts-search": "/accounts/?q=company+77",
        "appointments": "/appointments/",
        "appointments-search": "/appointments/?q=Lighthouse",
        "appointments-search-nothing": "/appointments/?q=zzzz",
        "appointment": f"/appointments/{appointment.pk}/",
        "tasks": "/tasks/",
        "tasks-search": "/tasks/?q=Lighthouse",
        "task": f"/tasks/{task.pk}/",
        "mailbox-synchronization": f"/mailboxes/{mailbox.pk}/synchronization/",
        "mailbox-folders": f"/mailboxes/{mailbox.pk}/folders/",
        "filters": "/filters/",
        "filters-count": "/filters/?count=appointment",
        "queues": "/queues/",
        "queues-search": "/queues/?q=queue77",
        "queue": f"/queues/{queue.pk}/",
        "metrics": "/metrics",
    }


def _times(client: Any, address: str, turns: int) -> list[float]:
    taken = []
    for _ in range(turns):
        began = time.perf_counter()
        answer = client.get(address)
        taken.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
    return [taken[0], statistics.median(taken), max(taken[1:])]


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
