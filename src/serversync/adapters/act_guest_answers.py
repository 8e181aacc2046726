"""What guests of one occurrence of a series alone have answered, written to the parties of that occurrence.

Their items have no link. So the answer that was told last stays with the item's row in ``exchangesyncitem``: an item tells only
what is another answer than that, so that it takes none away that another mailbox has told meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection, DataError, IntegrityError

from serversync.adapters.act_records import Lengths, read_records, write_records
from serversync.adapters.arrays import text_array
from serversync.core.errors import ChangeConflict, RecordRefused, ServiceError
from serversync.engine.act_apply import retry_wait
from serversync.engine.act_ports import ActRun, CrmChange, GuestAnswer, Record
from serversync.mapping.appointment import INVITED, people_of
from serversync.rules.answers import RESPONSES, is_other
from serversync.rules.record import Kind
from serversync.rules.series.changes import DELETED, changed_days, own_of
from serversync.rules.series.timetable import PATTERN, TIMES, timetable_of

_KNOWN: Final = """
    select exchangeentryid, answer, retries from exchangesyncitem
    where mailboxid = %s and objecttypecode = %s and exchangeentryid = any(%s::text[])
"""
_SERIES: Final = (
    "select activityid, globalobjectid from recurringappointmentmaster where globalobjectid = any(%s::text[])"
)
_TOLD: Final = """
    update exchangesyncitem i set isheard = false, answer = x.answer, dueon = null, retries = 0, lastsyncerror = null,
        modifiedon = now()
    from unnest(%s::text[], %s::smallint[]) x (id, answer)
    where i.mailboxid = %s and i.objecttypecode = %s and i.exchangeentryid = x.id
"""
_LATER: Final = """
    update exchangesyncitem i set dueon = x.dueon, retries = i.retries + 1, modifiedon = now()
    from unnest(%s::text[], %s::timestamptz[]) x (id, dueon)
    where i.mailboxid = %s and i.objecttypecode = %s and i.exchangeentryid = x.id
"""


async def hear(
    connection: AsyncConnection, run: ActRun, answers: Sequence[GuestAnswer], now: datetime, lengths: Lengths
) -> None:
    """Write what is another answer than the one that was told last.

    Args:
        connection: In a transaction.
        run: The run of the guest's mailbox.
        answers: What the items say.
        now: The time.
        lengths: How long the texts of a series may be.
    """
    kind = Kind.APPOINTMENT.value
    known = await connection.execute(
        _KNOWN, (run.mailboxid, kind, text_array([each.item_id for each in answers]))
    )
    before = {item_id: (answer, retries) for item_id, answer, retries in await known.fetchall()}
    news = [each for each in answers if is_other(each.answer, before.get(each.item_id, (None, 0))[0])]
    told = [each for each in answers if each not in news]
    later: list[GuestAnswer] = []
    series = await _series(connection, run, news)
    by_series: dict[UUID, list[GuestAnswer]] = {}
    for each in news:
        record = series.get(each.series)
        if record is None or (record.appointment is not None and record.appointment.is_completed):
            told.append(each)
        elif _is_invited(record, each):
            by_series.setdefault(record.crmid, []).append(each)
        else:
            (told if each.ends_on < now else later).append(each)
    for record in sorted(series.values(), key=lambda each: each.crmid):
        if (those := by_series.get(record.crmid)) is None:
            continue
        outcome = await _write(connection, run, record, those, lengths)
        if not isinstance(outcome, ServiceError):
            told += those
        elif not isinstance(outcome, ChangeConflict):
            later += those
        # Of a conflict the series is another one by now; the items stay due.
    if told:
        await connection.execute(
            _TOLD,
            ([each.item_id for each in told], [each.answer for each in told], run.mailboxid, kind),
        )
    if later:
        due = [now + retry_wait(before.get(each.item_id, (None, 0))[1]) for each in later]
        await connection.execute(_LATER, ([each.item_id for each in later], due, run.mailboxid, kind))


async def _series(
    connection: AsyncConnection, run: ActRun, answers: Sequence[GuestAnswer]
) -> dict[str, Record]:
    """Return the series by their ids in Exchange."""
    if not answers:
        return {}
    rows = await connection.execute(_SERIES, (text_array({each.series for each in answers}),))
    names: dict[UUID, str] = dict(await rows.fetchall())
    return {
        names[record.crmid]: record
        for record in await read_records(connection, run, Kind.SERIES, list(names))
    }


async def _write(
    connection: AsyncConnection,
    run: ActRun,
    series: Record,
    answers: Sequence[GuestAnswer],
    lengths: Lengths,
) -> object:
    """Write answers to occurrences of a series, and return what has come of it; what the database refuses is an error of them."""
    said = tuple((each.address, None, each.answer, each.day.isoformat()) for each in answers)
    change = CrmChange(series.crmid, Kind.SERIES, series.version, {RESPONSES: said})
    try:
        async with connection.transaction():
            outcomes = await write_records(connection, run, Kind.SERIES, [change], lengths)
    except (DataError, IntegrityError) as error:
        return RecordRefused(reason=type(error).__name__)
    return outcomes[series.crmid]


def _is_invited(record: Record, answer: GuestAnswer) -> bool:
    """Tell whether the CRM has the occurrence, with whoever has answered it."""
    try:
        timetable = timetable_of(record.fields.get(PATTERN), record.fields.get(TIMES))
    except ValueError:
        return False
    value = changed_days(record.fields).get(answer.day)
    if value == DELETED or not timetable.recurrence.falls_on(answer.day):
        return False
    has = dict(own_of(value).fields)
    return any(answer.address in people_of(has.get(name, record.fields.get(name))) for name in INVITED)
