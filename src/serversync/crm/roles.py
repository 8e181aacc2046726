"""Puts the root unit and the built-in roles into a database, and hands out privileges that a newer program brings.

The rows of the System Administrator, who may do everything whatever they say, remember what was handed out: a privilege
that is missing among them is new, and every built-in role gets it at its depth. So what somebody has taken from a role
stays taken, and a release may bring privileges without a migration.
"""

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from serversync.crm.privileges import BUILT_IN, SALESPERSON, SYSTEM_ADMINISTRATOR, Privilege


def bring_up_to_date(using: str = "default") -> list[str]:
    """Insert what is missing, and return the names of privileges that were handed out; harmless when repeated.

    Several processes may start at once: one does it, and the others find it done.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        new = _new_privileges(cursor)
        if not new:
            return []
        cursor.execute("lock table role in share row exclusive mode")
        _found(cursor)
        new = _new_privileges(cursor)
        for role in BUILT_IN:
            given = [(name, int(role.privileges[name])) for name in new if name in role.privileges]
            cursor.executemany(
                "insert into roleprivileges (roleid, privilegename, privilegedepthmask)"
                " select roleid, %s, %s from role where roletemplateid = %s on conflict do nothing",
                [(name.value, depth, role.template) for name, depth in given],
            )
        return [name.value for name in new]


def _new_privileges(cursor: CursorWrapper) -> list[Privilege]:
    cursor.execute(
        "select p.privilegename from roleprivileges p join role r using (roleid) where r.roletemplateid = %s",
        [SYSTEM_ADMINISTRATOR.template],
    )
    known = {name for (name,) in cursor.fetchall()}
    return [privilege for privilege in Privilege if privilege.value not in known]


def _found(cursor: CursorWrapper) -> None:
    """Insert unit and roles where no role is known, and give users theirs.

    Users who are older than the roles keep what they could do: who could do everything administers.
    """
    cursor.execute("select 1 from role limit 1")
    if cursor.fetchone() is not None:
        return
    cursor.execute("insert into businessunit (name) values ('Organization') on conflict do nothing")
    cursor.executemany(
        "insert into role (name, roletemplateid) values (%s, %s) on conflict do nothing",
        [(role.name, role.template) for role in BUILT_IN],
    )
    cursor.execute(
        "insert into systemuserroles (systemuserid, roleid) select u.systemuserid, r.roleid from systemuser u"
        " join role r on r.name = case when u.is_superuser then %s else %s end on conflict do nothing",
        [SYSTEM_ADMINISTRATOR.name, SALESPERSON.name],
    )
