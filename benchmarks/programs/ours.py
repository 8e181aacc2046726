"""Exchange to committed CRM rows: one pass of ours over one mailbox."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.measure import peak_megabytes, spending, take_processor
from serversync import bootstrap

PLAIN: dict[str, Any] = {
    "emailcorrelationenabled": False,
    "istrackingtokenenabled": False,
    "enablesmartmatching": False,
    "disablesmartmatchingemailhashcreation": True,
    "autocreatecontactonpromote": False,
    "categorizetrackeditems": False,
}
"""The main job alone: every message becomes an activity, whatever it belongs to."""
EVERYTHING: dict[str, Any] = {
    "emailcorrelationenabled": True,
    "istrackingtokenenabled": True,
    "enablesmartmatching": True,
    "disablesmartmatchingemailhashcreation": False,
    "autocreatecontactonpromote": True,
    "categorizetrackeditems": False,
}
"""All that is found out about a message besides; but nothing is written to Exchange."""


def main(arguments: dict[str, str]) -> dict[str, float]:
    """Make the mailbox ready, run the pass, count what it wrote."""
    with bootstrap.start() as environment:
        mailboxid = prepare(arguments)
        from serversync.adapters.leases import claim_one
        from serversync.adapters.profiles import ProfileConnections
        from serversync.jobs.batch import BatchRunner
        from serversync.jobs.tuning import tune_process
        from serversync.jobs.worker import open_pool

        lease = timedelta(minutes=5)
        tune_process()

        async def run() -> tuple[float, float]:
            async with open_pool(environment.dsn) as pool:
                profiles = ProfileConnections(pool, user_agent="serversync-bench")
                runner = BatchRunner(pool, profiles, host="bench", lease=lease)
                await connect(pool, profiles, arguments["mailbox"])
                async with pool.connection() as connection:
                    fence = await claim_one(connection, mailboxid, host="bench", lease=lease)
                with spending() as spent:
                    outcome = await runner.run_one(mailboxid, fence)
                await profiles.close()
                if outcome is None or outcome[1] is not None:
                    raise SystemExit(f"the pass failed: {outcome}")
                return spent.seconds, outcome[0].processed

        from serversync.jobs import loop

        seconds, messages = loop.run(run())
        return {"cpu": seconds, "messages": messages, "peak": peak_megabytes()}


async def connect(pool: Any, profiles: Any, mailbox: str) -> None:
    """Open the connection to Exchange, as the peer's is open before its work is measured."""
    from serversync.exchange.operations.get_folder import GetFolder
    from serversync.exchange.types.ids import DistinguishedFolderId

    async with pool.connection() as connection:
        rows = await connection.execute(
            "select emailserverprofileid from emailserverprofile where name = 'bench'"
        )
        (profileid,) = await rows.fetchone()
    async with profiles.client(profileid, address=mailbox) as (client, acts_as):
        await client.call(GetFolder(folder_ids=(DistinguishedFolderId("inbox"),)), mailbox=acts_as)


def prepare(arguments: dict[str, str]) -> object:
    """Make profile and user, and empty what an earlier run tracked; return the mailbox."""
    from django.db import connection

    from serversync.crm.models import EmailServerProfile, Mailbox, Organization, SystemUser, UserSettings

    with connection.cursor() as cursor:
        cursor.execute("truncate email, messagetrace, mailboxfolder, attachment cascade")
    Organization.objects.current()
    Organization.objects.update(**(EVERYTHING if arguments.get("rules") == "everything" else PLAIN))
    profile = EmailServerProfile.objects.filter(name="bench").first() or EmailServerProfile(name="bench")
    profile.incomingserverlocation = arguments["url"]
    profile.cafile = arguments["ca_file"]
    profile.incomingusername = arguments["account"]
    profile.incominguseimpersonation = True
    profile.incomingauthenticationprotocol = 3
    profile.set_incomingpassword(arguments["password"])
    profile.save()
    address = arguments["mailbox"]
    user = SystemUser.objects.filter(domainname=address).first()
    if user is None:
        user = SystemUser.objects.create_user(address, fullname="Bench", internalemailaddress=address)
    UserSettings.objects.filter(pk=user.pk).update(incomingemailfilteringmethod=0)
    Mailbox.objects.filter(pk=user.defaultmailbox_id).update(
        emailserverprofile=profile,
        incomingemaildeliverymethod=2,
        emailrouteraccessapproval=1,
        nextpasson=datetime.now(UTC),
        leaseuntil=None,
    )
    return user.defaultmailbox_id


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
