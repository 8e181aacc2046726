"""Who takes part in single occurrences of a series, and what they have answered to them: parties of the occurrence's row.

The people of an occurrence are those of its series, unless its row says otherwise. Where ``modifiedfieldsmask`` names a
column of people, its parties with that part are all of them. Otherwise a party that the series does not have is a guest
of this occurrence alone, and one that the series has too stands there for its answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from serversync.adapters.act_meetings import ADDRESS, KnownPeople, join_parties, part_with_parties
from serversync.mapping.appointment import INVITED, MASKS, people, people_of
from serversync.rules.answers import NO_ANSWER, RESPONSES, of_occurrences
from serversync.rules.record import Fields, Value
from serversync.rules.series.changes import DELETED, changed_days, own_of
from serversync.rules.series.timetable import Timetable

PARTIES_OF_OCCURRENCE: Final = f"""(select json_agg(json_build_array(p.participationtypemask, {ADDRESS}, p.responsestatus))
    from activityparty p where p.activityid = a.activityid and p.participationtypemask in (5, 6, 10))"""  # noqa: S608 - put together from constants
"""Part, address and answer of everybody who stands in the row ``a`` of an occurrence."""
_EXCEPTION: Final = 3
_ROWS: Final = f"""
    select a.originalstartdate, a.activityid,
        array(select {ADDRESS} from activityparty p where p.activityid = a.activityid and p.responsestatus in (2, 3, 4))
    from appointment a where a.seriesid = %s and a.instancetypecode = {_EXCEPTION}
"""  # noqa: S608 - put together from constants
_ANSWERED: Final = f"""
    with said as (
        select * from json_to_recordset(%(said)s::json) x (objectid uuid, address text, answer smallint)),
    known as (
        update activityparty p set responsestatus = said.answer from said
        where p.activityid = said.objectid and p.participationtypemask in (5, 6, 10) and {ADDRESS} = said.address
        returning p.activityid, said.address)
    insert into activityparty (activityid, participationtypemask, addressused, partyid, partyobjecttypecode,
        addressusedemailcolumnnumber, unresolvedpartyname, responsestatus)
    select said.objectid, p.participationtypemask, p.addressused, p.partyid, p.partyobjecttypecode,
        p.addressusedemailcolumnnumber, p.unresolvedpartyname, said.answer
    from said join activityparty p on p.activityid = %(series)s and p.participationtypemask in (5, 6, 10)
        and {ADDRESS} = said.address
    where said.answer is not null
        and not exists (select from known k where k.activityid = said.objectid and k.address = said.address)
"""  # noqa: S608 - put together from constants
_FOR_AN_ANSWER: Final = f"""
    delete from activityparty p using appointment a
    where a.seriesid = %(series)s and a.instancetypecode = {_EXCEPTION} and p.activityid = a.activityid
        and p.responsestatus in (2, 3, 4) and not (case p.participationtypemask
            when 5 then 'requiredattendees' when 6 then 'optionalattendees' when 10 then 'resources' end
            = any(string_to_array(replace(coalesce(a.modifiedfieldsmask, ''), ' ', ''), ',')))
        and ({ADDRESS}, p.participationtypemask) in (select {ADDRESS}, p.participationtypemask
            from activityparty p where p.activityid = %(series)s)
"""  # noqa: S608 - put together from constants


def own_people(parties: Iterable[Sequence[Any]], named: Iterable[str], series: Fields) -> dict[str, Value]:
    """Return the people of an occurrence, by field, where they are not those of its series.

    >>> grace = (5, "grace@example.com", None)
    >>> own_people([grace], [], {"requiredattendees": ("ben@example.org",)})
    {'requiredattendees': ('ben@example.org', 'grace@example.com')}
    >>> own_people([(5, "ben@example.org", 4)], [], {"requiredattendees": ("ben@example.org",)})
    {}

    Args:
        parties: Part, address and answer of everybody who stands in its row.
        named: What its row names as its own.
        series: The fields of the series.
    """
    invited = {address for name in INVITED for address in people_of(series.get(name))}
    there = [(mask, address, answer) for mask, address, answer in parties if address]
    chosen = set(named)
    differs: dict[str, Value] = {}
    for name in INVITED:
        everybody = [(address, answer) for mask, address, answer in there if mask == MASKS[name]]
        if name in chosen:
            value = people(address for address, _ in everybody)
        else:
            guests = [one for one, answer in everybody if answer in NO_ANSWER and one not in invited]
            value = people((*people_of(series.get(name)), *guests))
        if value != series.get(name):
            differs[name] = value
    return differs


async def forget_answers(connection: AsyncConnection, key: UUID) -> None:
    """Forget what was answered to occurrences: Exchange has given their series another pattern, and they are other ones.

    Who stands in a row for an answer alone goes with it, or would be its guest once the series has lost him.
    """
    await connection.execute(_FOR_AN_ANSWER.encode(), {"series": key})
    await connection.execute(
        "update activityparty p set responsestatus = null from appointment a where a.seriesid = %s"
        " and a.instancetypecode = %s and p.activityid = a.activityid and p.responsestatus is not null",
        (key, _EXCEPTION),
    )


async def answered_days(
    connection: AsyncConnection, key: UUID, timetable: Timetable, said: Value
) -> set[date]:
    """Return the days whose occurrences need a row because somebody has answered them, be they changed or not.

    Args:
        connection: In a transaction.
        key: The series.
        timetable: When its occurrences are now; what was answered at another time counts no more.
        said: What is newly heard of answers.
    """
    news = {
        day: {address: answer in NO_ANSWER for address, _, answer in answers}
        for day, answers in of_occurrences(said).items()
    }
    days = {day for day, forgotten in news.items() if not all(forgotten.values())}
    rows = await connection.execute(_ROWS, (key,))
    for original, _, answered in await rows.fetchall():
        day = timetable.day_of(original)
        if original == timetable.start(day) and any(not news.get(day, {}).get(each) for each in answered):
            days.add(day)
    return {day for day in days if timetable.recurrence.falls_on(day)}


async def write(
    connection: AsyncConnection,
    key: UUID,
    timetable: Timetable,
    fields: Fields,
    known: KnownPeople,
) -> None:
    """Make the parties of the rows of occurrences those of the record, and note what is newly heard of answers.

    Args:
        connection: In a transaction.
        key: The series.
        timetable: When its occurrences are.
        fields: The record as it shall be.
        known: The records that people are, by address.
    """
    found = await connection.execute(_ROWS, (key,))
    rows: dict[datetime, UUID] = {original: row for original, row, _ in await found.fetchall()}
    own = {
        timetable.start(day): dict(own_of(value).fields)
        for day, value in changed_days(fields).items()
        if value != DELETED
    }
    news = {timetable.start(day): said for day, said in of_occurrences(fields.get(RESPONSES)).items()}
    as_series = {
        start: {address for address, _, answer in said if answer is None} for start, said in news.items()
    }
    stays: list[Mapping[str, Any]] = []
    joins: list[Mapping[str, Any]] = []
    for original, row in rows.items():
        has = own.get(original, {})
        for name in INVITED:
            named = {"objectid": row, "mask": MASKS[name]}
            # Who stands there for an answer alone goes with it, or would be its guest once the series has lost him.
            goes = () if name in has else as_series.get(original, ())
            wanted = people_of(has.get(name, fields.get(name)))
            stays.append({**named, "addresses": [each for each in wanted if each not in goes]})
            if name in has:
                joins.append({**named, "addresses": people_of(has[name])})
    await part_with_parties(connection, stays)
    await join_parties(connection, joins, known)
    said = [
        {"objectid": rows[start], "address": address, "answer": answer}
        for start, answers in news.items()
        if start in rows
        for address, _, answer in answers
    ]
    if said:
        names = {"said": msgspec.json.encode(said).decode(), "series": key}
        await connection.execute(_ANSWERED.encode(), names)
