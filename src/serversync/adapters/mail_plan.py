"""What a pass over mail has to know, and what it leaves for later: folders, retries, actions in Exchange."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from serversync.core.errors import ServiceError
from serversync.engine.ports import (
    Action,
    ActionKind,
    Change,
    Listed,
    MailboxRun,
    MailFolder,
    MailPlan,
    PageWrite,
)
from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.category import COLOR, TrackingCategory
from serversync.rules.email.correlation import Regarding
from serversync.rules.email.judgement import FolderKind
from serversync.rules.email.retrying import BETWEEN_ATTEMPTS, MOST_ATTEMPTS
from serversync.rules.email.settings import EmailSettings

SETTINGS: Final = tuple(field.name for field in fields(EmailSettings))
MOST_FOLDERS: Final = 25
MOST_NAMES: Final = 500
"""Names of other categories that are remembered of a mailbox."""
_SENT: Final = "sentitems"
_OPEN, _READ, _MISSING = 0, 1, 2
CATEGORY_CHECK_MINUTES: Final = 15
"""How often the list of categories is looked at."""
_CATEGORY_KEPT, _CATEGORY_REMOVED, _CATEGORY_FAILED = 1, 2, 3

_PLAN: Final = f"""
    select m.mailboxid, o.trackingcategoryname, o.categorizetrackeditems,
        case when m.lastsuccessfulsynccompletedon is null
            or m.lastsuccessfulsynccompletedon::date < current_date then o.messagetracepersistencetimeindays end,
        m.regardingobjectid, m.regardingobjecttypecode, m.isforwardmailbox, m.processanddeleteemails,
        m.undeliverablefolder, coalesce(p.moveundeliveredemails, false),
        exists (select from mailboxaction a where a.mailboxid = m.mailboxid
            and (a.nextattempton is null or a.nextattempton <= now()) and a.attempts < {MOST_ATTEMPTS}),
        exists (select from messagetrace t where t.mailboxid = m.mailboxid and t.nextattempton <= now()),
        (select jsonb_build_array(f.syncstate, f.positionedon is not null) from mailboxfolder f
            where f.mailboxid = m.mailboxid and f.distinguishedfolderid = '{_SENT}'),
        case when o.isfolderbasedtrackingenabled and m.regardingobjecttypecode = 'systemuser' then
            (select jsonb_agg(jsonb_build_array(t.mailboxtrackingfolderid, t.exchangefolderid, t.exchangefoldername,
                t.regardingobjectid, t.regardingobjecttypecode, f.syncstate, f.positionedon is not null)
                order by t.createdon, t.mailboxtrackingfolderid)
             from mailboxtrackingfolder t left join mailboxfolder f
                on f.mailboxtrackingfolderid = t.mailboxtrackingfolderid
             where t.mailboxid = m.mailboxid and t.folderonboardingstatus <> {_MISSING}) end,
        case when c.mailboxid is not null then jsonb_build_array(c.exchangecategoryname, o.trackingcategoryname,
            c.wantedname, c.exchangecategoryid, c.exchangecategorycolor, c.formernames, c.othernames,
            case when o.trackcategorizeditems then c.checkedon is null or c.categoryonboardingstatus = {_CATEGORY_REMOVED}
                or c.checkedon < now() - interval '{CATEGORY_CHECK_MINUTES} minutes'
                or c.wantedname is distinct from o.trackingcategoryname
            else c.categoryonboardingstatus = {_CATEGORY_KEPT} end) end
    from mailbox m left join mailboxtrackingcategory c on c.mailboxid = m.mailboxid left join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
        cross join organization o
    where m.mailboxid = any(%s)
"""  # noqa: S608 - put together from constants
FOLDERS_OF_A_PLAN: Final = f"""
    array(select 'inbox'
        union all select '{_SENT}' where o.autotracksentfolderitems and m.regardingobjecttypecode = 'systemuser'
        union all (select t.exchangefolderid from mailboxtrackingfolder t
            where t.mailboxid = m.mailboxid and t.folderonboardingstatus <> {_MISSING}
                and o.isfolderbasedtrackingenabled and m.regardingobjecttypecode = 'systemuser'
            order by t.createdon, t.mailboxtrackingfolderid limit {MOST_FOLDERS}))
"""  # noqa: S608 - put together from constants
"""SQL: the folders of ``m`` that passes read, by the names of those that every mailbox has, otherwise by id."""
_SETTINGS: Final = f"select {', '.join(SETTINGS)} from organization"  # noqa: S608 - put together from constants


async def read(connection: AsyncConnection, mailboxids: Sequence[UUID]) -> dict[UUID, MailPlan]:
    """Return what passes over these mailboxes have to know beside their claims."""
    rows = await connection.execute(_SETTINGS.encode())
    (row,) = await rows.fetchall()
    settings = EmailSettings(**dict(zip(SETTINGS, row, strict=True)))
    rows = await connection.execute(_PLAN.encode(), (list(mailboxids),))
    return {row[0]: _plan(settings, row[1:]) for row in await rows.fetchall()}


def _plan(settings: EmailSettings, row: Sequence[Any]) -> MailPlan:
    (
        category,
        stamps,
        forget_after,
        owner,
        owner_table,
        is_forward,
        delete,
        undeliverable,
        move,
        has_actions,
        has_retries,
        sent,
        tracked,
        kept,
    ) = row
    tracking = _tracking(kept, is_on=settings.trackcategorizeditems) if kept else None
    present = tracking.name if tracking else category
    folders: list[MailFolder] = []
    if settings.autotracksentfolderitems and owner_table == "systemuser":
        position, listed = sent or (None, False)
        folders.append(MailFolder(FolderKind.SENT, _SENT, "Sent Items", position, listed))
    folders.extend(_tracked(one) for one in (tracked or [])[:MOST_FOLDERS])
    return MailPlan(
        settings=settings,
        folders=tuple(folders),
        readerid=owner,
        reader_is_queue=owner_table == "queue",
        is_forward_mailbox=is_forward,
        delete_after_processing=delete,
        category=present if settings.trackcategorizeditems else "",
        tracking=tracking,
        stamps_category=stamps,
        undeliverable_category=f"{category} (Undeliverable)",
        move_undeliverable=move,
        undeliverable=undeliverable,
        has_actions=has_actions,
        has_retries=has_retries,
        forget_reasons_after=forget_after,
    )


def _tracking(row: Sequence[Any], *, is_on: bool) -> TrackingCategory:
    name, wanted, before, categoryid, color, former, others, is_due = row
    return TrackingCategory(
        name or wanted,
        wanted,
        before or "",
        categoryid,
        COLOR if color is None else color,
        tuple(former),
        frozenset(others),
        is_on,
        is_due,
    )


async def category_kept(
    connection: AsyncConnection, run: MailboxRun, known: TrackingCategory, error: ServiceError | None
) -> None:
    """Note what was found of the category in the mailbox's list, or why the list cannot be kept."""
    status = _CATEGORY_KEPT if known.is_on else _CATEGORY_REMOVED
    await connection.execute(
        "update mailboxtrackingcategory set exchangecategoryid = %s, exchangecategoryname = %s,"
        " exchangecategorycolor = %s, categoryonboardingstatus = %s, wantedname = %s, formernames = %s,"
        " othernames = %s, checkedon = now(), lasterror = %s, modifiedon = now() where mailboxid = %s",
        (
            known.categoryid,
            known.name[:256],
            known.color,
            status if error is None else _CATEGORY_FAILED,
            known.wanted,
            Jsonb(list(known.former)),
            Jsonb(sorted(known.others)[:MOST_NAMES]),
            None if error is None else f"{error.code}: {error}"[:2048],
            run.mailboxid,
        ),
    )


def _tracked(row: Sequence[Any]) -> MailFolder:
    trackingid, exchange_id, name, record, table, position, listed = row
    return MailFolder(
        FolderKind.TRACKED,
        "tracked",
        name or "a tracked folder",
        position,
        listed,
        exchange_id,
        UUID(trackingid),
        Regarding(UUID(record), table) if record else None,
    )


async def write_position(connection: AsyncConnection, page: PageWrite) -> None:
    """Note how far a folder has been read, in the transaction of the page."""
    folder = page.folder
    values = {
        "mailbox": page.run.mailboxid,
        "folder": None if folder.trackingid else folder.key,
        "tracking": folder.trackingid,
        "id": folder.exchange_id,
        "name": folder.name[:256],
        "position": page.position,
        "last": page.is_last,
    }
    target = "mailboxtrackingfolderid" if folder.trackingid else "mailboxid, distinguishedfolderid"
    await connection.execute(
        "insert into mailboxfolder (mailboxid, distinguishedfolderid, mailboxtrackingfolderid, exchangefolderid,"  # noqa: S608 - put together from constants
        " displayname, syncstate, positionedon) values (%(mailbox)s, %(folder)s, %(tracking)s, %(id)s, %(name)s,"
        f" %(position)s, case when %(last)s then now() end) on conflict ({target}) do update"
        " set syncstate = excluded.syncstate,"
        " positionedon = coalesce(excluded.positionedon, mailboxfolder.positionedon), modifiedon = now()".encode(),
        values,
    )
    if folder.trackingid and page.is_last:
        await connection.execute(
            "update mailboxtrackingfolder set folderonboardingstatus = %s, modifiedon = now()"
            " where mailboxtrackingfolderid = %s and folderonboardingstatus = %s",
            (_READ, folder.trackingid, _OPEN),
        )


async def folder_missing(connection: AsyncConnection, run: MailboxRun, folder: MailFolder) -> None:
    """Note that a tracked folder is no longer there."""
    await connection.execute(
        "update mailboxtrackingfolder set folderonboardingstatus = %s, modifiedon = now()"
        " where mailboxtrackingfolderid = %s and mailboxid = %s",
        (_MISSING, folder.trackingid, run.mailboxid),
    )


async def forget_reasons(connection: AsyncConnection, run: MailboxRun, days: int) -> None:
    """Empty the reasons of what was examined longer ago."""
    await connection.execute(
        "update messagetrace set detail = null where mailboxid = %s and detail is not null"
        " and examinedon < now() - make_interval(days => %s)",
        (run.mailboxid, days),
    )


async def retries(connection: AsyncConnection, run: MailboxRun, limit: int) -> list[Listed]:
    """Return items that were set aside and are due, the longest waiting first."""
    rows = await connection.execute(
        "select exchangeentryid, itemkey, receivedon from messagetrace"
        " where mailboxid = %s and nextattempton <= now() and outcome = %s order by nextattempton limit %s",
        (run.mailboxid, Outcome.SET_ASIDE.value, limit),
    )
    return [
        Listed(Change.UPDATE, item_id, key, received_on=received) async for item_id, key, received in rows
    ]


async def has_waiting_retries(connection: AsyncConnection, run: MailboxRun) -> bool:
    """Tell whether an item is still to be tried again."""
    rows = await connection.execute(
        "select exists (select from messagetrace where mailboxid = %s and nextattempton is not null)",
        (run.mailboxid,),
    )
    (found,) = await rows.fetchall()
    return bool(found[0])


async def actions(connection: AsyncConnection, run: MailboxRun, limit: int) -> list[Action]:
    """Return what is to be done to items now, the oldest first."""
    rows = await connection.execute(
        "select kind, itemkey, exchangeentryid, coalesce(category, ''), attempts from mailboxaction"
        " where mailboxid = %s and (nextattempton is null or nextattempton <= now()) and attempts < %s"
        " order by createdon, mailboxactionid limit %s",
        (run.mailboxid, MOST_ATTEMPTS, limit),
    )
    return [
        Action(ActionKind(kind), key, item_id, category, attempts)
        async for kind, key, item_id, category, attempts in rows
    ]


async def write_actions(connection: AsyncConnection, page: PageWrite) -> None:
    """Keep what is to be done to items, in the transaction that decided it."""
    await connection.execute(
        "insert into mailboxaction (mailboxid, kind, itemkey, exchangeentryid, category)"
        " select %s, kind, itemkey, itemid, nullif(category, '')"
        " from unnest(%s::int2[], %s::uuid[], %s::text[], %s::text[]) as wanted (kind, itemkey, itemid, category)"
        " on conflict (mailboxid, itemkey, kind, category) do nothing",
        (
            page.run.mailboxid,
            [one.kind.value for one in page.actions],
            [one.item_key for one in page.actions],
            [one.item_id for one in page.actions],
            [one.category for one in page.actions],
        ),
    )


async def acted(
    connection: AsyncConnection,
    run: MailboxRun,
    done: Sequence[Action],
    failed: Sequence[tuple[Action, ServiceError]],
    undeliverable: str | None,
) -> None:
    """Remove what was done; what failed is tried again later, five times in all."""
    for action in done:
        await connection.execute(
            "delete from mailboxaction where mailboxid = %s and itemkey = %s and kind = %s"
            " and coalesce(category, '') = %s",
            (run.mailboxid, action.item_key, action.kind.value, action.category),
        )
    for action, error in failed:
        await connection.execute(
            "update mailboxaction set attempts = attempts + 1, nextattempton = now() + %s, lasterror = %s"
            " where mailboxid = %s and itemkey = %s and kind = %s and coalesce(category, '') = %s",
            (
                BETWEEN_ATTEMPTS,
                f"{error.code}: {error}",
                run.mailboxid,
                action.item_key,
                action.kind.value,
                action.category,
            ),
        )
    if undeliverable is not None:
        await connection.execute(
            "update mailbox set undeliverablefolder = %s where mailboxid = %s"
            " and undeliverablefolder is distinct from %s",
            (undeliverable, run.mailboxid, undeliverable),
        )
