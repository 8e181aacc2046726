"""Files of records of the CRM that are kept in step: rows of ``activitymimeattachment``, as fields and back.

Only files whose id follows from their content take part: all that people or passes attach to an appointment or a task.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from serversync.adapters.arrays import uuid_array
from serversync.engine.act_ports import ActRun
from serversync.rules.attachments import PREFIX, THERE, File, field_of, files, name_of
from serversync.rules.record import Fields, Kind, Value

OF_RECORD: Final = """(select json_agg(json_build_array(f.attachmentid, f.filename))
    from activitymimeattachment f where f.activityid = r.activityid)"""
"""Id and name of every file of a record ``r``."""
_THERE: Final = """
    select activityid, attachmentid::text, filename, activitymimeattachmentid from activitymimeattachment
    where activityid = any(%s::uuid[])
"""
_LEAVE: Final = "delete from activitymimeattachment where activitymimeattachmentid = any(%s::uuid[])"
_JOIN: Final = """
    insert into activitymimeattachment
        (activityid, objecttypecode, attachmentid, attachmentnumber, filename, mimetype, filesize)
    select x.objectid, %(kind)s, x.fileid,
        coalesce((select max(f.attachmentnumber) from activitymimeattachment f where f.activityid = x.objectid), 0)
            + row_number() over (partition by x.objectid order by x.name),
        x.name, a.mimetype, a.filesize
    from json_to_recordset(%(rows)s::json) x (objectid uuid, fileid uuid, name text)
        left join attachment a on a.attachmentid = x.fileid
"""


def are_told(run: ActRun, kind: Kind) -> bool:
    """Tell whether the files of a kind go any way."""
    rules = run.rules.get(kind)
    return rules is not None and PREFIX in rules.directions


def fields_of(found: Iterable[tuple[str, str | None]]) -> dict[str, Value]:
    """Return files as fields, given id and name of each."""
    return {field_of(File(fileid, name_of(name))): THERE for fileid, name in found}


async def write(connection: AsyncConnection, kind: Kind, changed: Mapping[UUID, Fields]) -> list[UUID]:
    """Attach files to records, and take away those that they are to lose; others stay. Return whose files these are.

    A file that is not here any more breaks the transaction, and is asked for again at the next pass.
    """
    wanted = {key: found for key, fields in changed.items() if (found := dict(files(fields)))}
    if not wanted:
        return []
    there: dict[tuple[UUID, File], list[UUID]] = {}
    cursor = await connection.execute(_THERE, (uuid_array(wanted),))
    for key, fileid, name, row in await cursor.fetchall():
        there.setdefault((key, File(fileid, name_of(name))), []).append(row)
    leave: list[UUID] = []
    join: list[dict[str, Any]] = []
    for key, those in wanted.items():
        for file, is_there in those.items():
            if not is_there:
                leave += there.get((key, file), ())
            elif (key, file) not in there:
                join.append({"objectid": key, "fileid": file.fileid, "name": file.name})
    if leave:
        await connection.execute(_LEAVE, (uuid_array(leave),))
    if join:
        names = {"rows": msgspec.json.encode(join).decode(), "kind": kind.value}
        await connection.execute(_JOIN, names)
    return list(wanted)
