"""Alerts: one open row a cause, counted, closed when it heals."""

from serversync.adapters.alerts import TraceLogAlerts
from serversync.core.errors import (
    AuthenticationFailed,
    ItemUnreadable,
    ServerUnreachable,
    TrackedFolderMissing,
)
from tests.adapters.test_leases import run_of

REFUSED = AuthenticationFailed(host="h", account="svc", scheme="NTLM", password="never shown")
OPEN = "select code, occurrences, level from tracelog where resolvedon is null order by 1"


async def test_the_same_trouble_is_one_alert_with_a_count(pool, world, query):
    _, run = await run_of(pool, world)
    alerts = TraceLogAlerts(pool)
    for _ in range(3):
        await alerts.raise_for_mailbox(run, REFUSED)
    await alerts.raise_for_mailbox(run, ServerUnreachable(host="h", reason="time-out", port=443))
    assert query(OPEN) == [("exchange.authentication-failed", 3, 3), ("exchange.unreachable", 1, 3)]
    ((text, remedy, owner),) = query(
        "select text, errordetails, regardingobjectownerid from tracelog where code = %s", REFUSED.code
    )
    assert text.startswith("ada@example.org: h refused")
    assert remedy == REFUSED.remedy_text
    assert owner == world.ada.pk
    assert "never shown" not in text + remedy


async def test_what_heals_is_closed_and_opens_anew_when_it_comes_back(pool, world, query):
    _, run = await run_of(pool, world)
    alerts = TraceLogAlerts(pool)
    await alerts.raise_for_mailbox(run, REFUSED)
    await alerts.raise_for_item(
        run, ItemUnreadable(response_code="ErrorItemCorrupt"), subject="Offer", item_id="x" * 99
    )
    await alerts.heal_mailbox(run)
    assert query(OPEN) == [("exchange.item-unreadable", 1, 3)]
    await alerts.raise_for_mailbox(run, REFUSED)
    assert query("select count(*) from tracelog where code = %s", REFUSED.code) == [(2,)]


async def test_who_wants_no_alerts_for_errors_gets_none(pool, world, query):
    _, run = await run_of(pool, world)
    async with pool.connection() as connection:
        await connection.execute("update organization set generatealertsforerrors = false")
    await TraceLogAlerts(pool).raise_for_mailbox(run, REFUSED)
    assert query(OPEN) == []


async def test_messages_that_were_set_aside_are_forgotten_once_they_were_read_but_not_what_was_given_up(
    pool, world, query
):
    _, run = await run_of(pool, world)
    alerts = TraceLogAlerts(pool)
    for code in ("ErrorItemCorrupt", "ErrorCorruptData"):
        error = ItemUnreadable(response_code=code)
        await alerts.raise_for_item(run, error, subject="", item_id="m1")
    await alerts.heal_mailbox(run)
    assert query(OPEN) == [("exchange.item-unreadable", 2, 3)]
    await alerts.heal_items(run)
    assert query(OPEN) == []
    await alerts.raise_for_item(run, error, subject="", item_id="m1", given_up=True)
    await alerts.raise_for_item(run, error, subject="", item_id="m2")
    await alerts.heal_items(run)
    assert query(OPEN) == [("exchange.item-unreadable", 2, 3)]


async def test_an_alert_about_a_folder_does_not_end_because_the_mailbox_works(pool, world, query):
    _, run = await run_of(pool, world)
    alerts = TraceLogAlerts(pool)
    await alerts.raise_for_folder(run, TrackedFolderMissing(folder="Project", mailbox=run.address))
    await alerts.heal_mailbox(run)
    assert query(OPEN) == [("mailbox.tracked-folder-missing", 1, 3)]


def test_a_missing_folder_is_told_until_none_is_missing(world):
    from serversync.administration.alerts import close_mended_folders
    from serversync.crm.models import MailboxTrackingFolder, TraceLog

    alert = TraceLog.objects.create(
        level=3,
        code=TrackedFolderMissing.code,
        regardingobjectid=world.mailbox,
        regardingobjecttypecode="mailbox",
    )
    folder = MailboxTrackingFolder.objects.create(
        mailboxid_id=world.mailbox,
        exchangefolderid="f",
        exchangefoldername="Project",
        folderonboardingstatus=2,
    )
    assert close_mended_folders() == 0
    folder.delete()
    assert close_mended_folders() == 1
    alert.refresh_from_db()
    assert alert.resolvedon is not None
