"""A company on a simulated Exchange and in the CRM, ready to be synchronized, for end-to-end tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg

from serversync.simulator import Exchange, SimulatorThread

SERVICE, PASSWORD = "svc-crm@example.org", "correct horse"
PEOPLE = ("ada@example.org", "ben@example.org", "cleo@example.org")
QUEUE = "service@example.org"


@contextmanager
def company(dsn: str, *, protocol: int = 3, **server_options) -> Iterator[SimpleNamespace]:
    """Give ``exchange``, ``simulator``, ``mailboxes`` (by address) and ``query``; all mailboxes are due."""
    from serversync.crm.models import (
        EmailServerProfile,
        Mailbox,
        Organization,
        Queue,
        SystemUser,
        UserSettings,
    )

    exchange = Exchange("Exchange2016")
    exchange.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for address in (*PEOPLE, QUEUE):
        exchange.add_mailbox(address)
    Organization.objects.current()
    Organization.objects.update(
        pollingintervalinseconds=1, maximumidlepollingintervalinseconds=1, streamedpollingintervalinseconds=1
    )
    with psycopg.connect(dsn) as connection:
        connection.execute("truncate procrastinate_jobs, procrastinate_workers cascade")
    with SimulatorThread(exchange, **server_options) as simulator:
        profile = EmailServerProfile(
            name="Exchange",
            incomingserverlocation=simulator.url,
            incomingusername=SERVICE,
            incominguseimpersonation=True,
            incomingauthenticationprotocol=protocol,
            cafile=str(simulator.ca_file),
        )
        profile.set_incomingpassword(PASSWORD)
        profile.save()
        for address in PEOPLE:
            SystemUser.objects.create_user(address, internalemailaddress=address)
        UserSettings.objects.update(incomingemailfilteringmethod=0)
        Queue.objects.create(name="Service", emailaddress=QUEUE)
        Mailbox.objects.update(
            emailserverprofile=profile,
            incomingemaildeliverymethod=2,
            emailrouteraccessapproval=1,
            nextpasson=datetime.now(UTC),
        )
        ids = {m.emailaddress: m.pk for m in Mailbox.objects.all()}

        def query(statement, *arguments):
            with psycopg.connect(dsn) as connection:
                return connection.execute(statement, arguments).fetchall()

        def query_and_commit(statement, *arguments):
            with psycopg.connect(dsn) as connection:
                if statement.startswith("update mailbox "):  # workers lock several of them in this order too
                    connection.execute("select from mailbox order by mailboxid for no key update")
                connection.execute(statement, arguments)

        yield SimpleNamespace(
            query_and_commit=query_and_commit,
            exchange=exchange,
            simulator=simulator,
            profile=profile,
            mailboxes=ids,
            query=query,
            dsn=dsn,
        )
