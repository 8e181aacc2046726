"""Files of records of the CRM that are kept in step: rows of ``activitymimeattachment``, as fields and back.

Only files whose id follows from their content take part: all that people or passes attach to an appointment.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from serversync.engine.act_ports import ActRun
from serversync.rules.attachments import PREFIX, THERE, File, field_of, files
from serversync.rules.record import Fields, Kind, Value

OF_RECORD: Final = """(select json_agg(json_build_array(f.attachmentid, coalesce(f.filename, '')))
    from activitymimeattachment f where f.activityid = r.activityid)"""
"""Id and name of every file of a record ``r``."""
_LEAVE: Final = """
    delete from activitymimeattachment f
    using json_to_recordset(%(rows)s::json) x (objectid uuid, fileid uuid, name text, there boolean)
    where not x.there and f.activityid = x.objectid and f.attachmentid = x.fileid and f.filename = x.name
"""
_JOIN: Final = """
    insert into activitymimeattachment
        (activityid, objecttypecode, attachmentid, attachmentnumber, filename, mimetype, filesize)
    select x.objectid, %(kind)s, x.fileid,
        coalesce((select max(f.attachmentnumber) from activitymimeattachment f where f.activityid = x.objectid), 0)
            + row_number() over (partition by x.objectid order by x.name),
        x.name, a.mimetype, a.filesize
    from json_to_recordset(%(rows)s::json) x (objectid uuid, fileid uuid, name text, there boolean)
        left join attachment a on a.attachmentid = x.fileid
    where x.there and not exists (select from activitymimeattachment f
        where f.activityid = x.objectid and f.attachmentid = x.fileid and f.filename = x.name)
"""


def are_told(run: ActRun, kind: Kind) -> bool:
    """Tell whether the files of a kind go any way."""
    rules = run.rules.get(kind)
    return rules is not None and PREFIX in rules.directions


def fields_of(found: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """Return files as fields, given id and name of each."""
    return {field_of(File(fileid, name)): THERE for fileid, name in found}


async def write(connection: AsyncConnection, kind: Kind, changed: Mapping[UUID, Fields]) -> None:
    """Attach files to records, and take away those that they are to lose; others stay.

    A file that is not here any more breaks the transaction, and is asked for again at the next pass.
    """
    rows: list[dict[str, Any]] = [
        {"objectid": key, "fileid": file.fileid, "name": file.name, "there": is_there}
        for key, fields in changed.items()
        for file, is_there in files(fields)
    ]
    if rows:
        names = {"rows": msgspec.json.encode(rows).decode(), "kind": kind.value}
        await connection.execute(_LEAVE, names)
        await connection.execute(_JOIN, names)
