"""The filters that users begin with: those of the reference, as templates of the organization, and how a user gets them.

Source: the server-side synchronization inventory. Unlike the reference, what somebody merely owns counts among
appointments too, because the owner stands for an organizer that is missing; and what was completed of tasks,
phone calls, letters and faxes stays in, so that it can be opened again (only open ones begin to take part).
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import connections

_MINE: Final = {"attribute": "ownerid", "operator": "eq-userid", "value": None}
DEFAULTS: Final[Mapping[UUID, tuple[str, str, list[dict[str, Any]]]]] = {
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a001"): (
        "contact",
        "My Outlook Contacts",
        [_MINE, {"attribute": "statecode", "operator": "eq", "value": 0}],
    ),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a002"): (
        "appointment",
        "My Appointments",
        [{"attribute": "activityparty", "operator": "eq-userid", "value": None}],
    ),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a003"): ("appointment", "Appointments I Own", [_MINE]),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a004"): ("task", "My Tasks", [_MINE]),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a005"): (
        "recurringappointmentmaster",
        "My Recurring Appointments",
        [_MINE, {"attribute": "statecode", "operator": "in", "value": [0, 3]}],
    ),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a006"): (
        "recurringappointmentmaster",
        "My Recurring Meetings",
        [
            {"attribute": "activityparty", "operator": "eq-userid", "value": None},
            {"attribute": "statecode", "operator": "in", "value": [0, 3]},
        ],
    ),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a007"): (
        "serviceappointment",
        "My Service Activities",
        [_MINE, {"attribute": "statecode", "operator": "in", "value": [0, 3]}],
    ),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a008"): (
        "serviceappointment",
        "Service Activities I Am Scheduled For",
        [
            {"attribute": "resources", "operator": "eq-userid", "value": None},
            {"attribute": "statecode", "operator": "in", "value": [0, 3]},
        ],
    ),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a00a"): ("phonecall", "My Phone Calls", [_MINE]),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a00b"): ("letter", "My Letters", [_MINE]),
    UUID("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a00c"): ("fax", "My Faxes", [_MINE]),
}
"""Key, kind, name and conditions."""

SET_UP: Final = """
    with fresh as (
        update usersettings set aresyncfiltersset = true
        where systemuserid = %(user)s and not aresyncfiltersset returning systemuserid)
    insert into userquery (ownerid, name, description, returnedtypecode, conditions, isany)
    select f.systemuserid, q.name, q.description, q.returnedtypecode, q.conditions, q.isany
    from fresh f cross join savedquery q where q.isdefault and q.statecode = 0
    on conflict do nothing
"""
"""Gives a user, named ``user``, the organization's default filters, once."""


def keep(using: str = "default") -> None:
    """Insert the templates of the reference where there are no templates; what people have made of them stays."""
    with connections[using].cursor() as cursor:
        cursor.execute("select 1 from savedquery limit 1")
        if cursor.fetchone() is not None:
            return
        cursor.executemany(
            "insert into savedquery (savedqueryid, returnedtypecode, name, conditions)"
            " values (%s, %s, %s, %s::jsonb) on conflict do nothing",
            [(key, kind, name, json.dumps(given)) for key, (kind, name, given) in DEFAULTS.items()],
        )


def set_up(user: UUID, using: str = "default") -> None:
    """Give a user the organization's default filters unless that was done before."""
    with connections[using].cursor() as cursor:
        cursor.execute(SET_UP, {"user": user})
