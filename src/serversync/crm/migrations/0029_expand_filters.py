"""Adds synchronization filters of users, and the organization's templates of them.

Why: which records stand in a mailbox was fixed; now each user has filters that can be changed. Users get the
organization's templates at their next pass. Filters that reach beyond what is the user's own are told of every changed
record of their kind, by triggers of their own that find nothing to do elsewhere. Locks taken: ``exchangesyncfolder`` and ``usersettings`` get a
column with a constant default; writes to four tables of records wait for milliseconds while the triggers are made. At 10
million rows: the same. Undo: migrate crm 0028.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns

_TABLES = (
    ("contact", "contactid"),
    ("appointment", "activityid"),
    ("recurringappointmentmaster", "activityid"),
    ("task", "activityid"),
)
TELL_ALL = """
create function crm_tell_of_all_records() returns trigger language plpgsql as $$
begin
    -- Arguments: the kind, and the key of its table.
    if not exists (select from exchangesyncfolder f
            where f.objecttypecode = tg_argv[0] and f.isfollowed and f.tellsall) then
        return null;
    end if;
    execute format($statement$
        insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
        select f.mailboxid, %1$L, r.%2$I from changed r cross join exchangesyncfolder f
        where f.objecttypecode = %1$L and f.isfollowed and f.tellsall
            and f.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '')
        $statement$, tg_argv[0], tg_argv[1]);
    return null;
end $$;
""" + "".join(  # noqa: S608 - put together from constants
    f"""
create trigger {table}_{act}_told_to_all after {verb} on {table} referencing new table as changed
    for each statement execute function crm_tell_of_all_records('{table}', '{key}');
"""
    for table, key in _TABLES
    for act, verb in (("inserted", "insert"), ("updated", "update"))
)
TELL_OWN = (
    "".join(
        f"drop trigger {table}_{act}_told_to_all on {table};\n"
        for table, _ in _TABLES
        for act in ("inserted", "updated")
    )
    + "drop function crm_tell_of_all_records();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0028_expand_delivery_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedQuery",
            fields=[
                (
                    "savedqueryid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, null=True)),
                ("returnedtypecode", models.CharField(max_length=64)),
                (
                    "conditions",
                    models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
                ),
                ("isany", models.BooleanField(db_default=False, default=False)),
                ("isdefault", models.BooleanField(db_default=True, default=True)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "modifiedon",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "savedquery",
            },
        ),
        migrations.CreateModel(
            name="UserQuery",
            fields=[
                (
                    "userqueryid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, null=True)),
                ("returnedtypecode", models.CharField(max_length=64)),
                (
                    "conditions",
                    models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
                ),
                ("isany", models.BooleanField(db_default=False, default=False)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "modifiedon",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "userquery",
            },
        ),
        migrations.AddField(
            model_name="exchangesyncfolder",
            name="tellsall",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="aresyncfiltersset",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="exchangesyncfolder",
            index=models.Index(
                condition=models.Q(("isfollowed", True), ("tellsall", True)),
                fields=["objecttypecode"],
                name="exchangesyncfolder_tellsall",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedquery",
            constraint=models.UniqueConstraint(fields=("returnedtypecode", "name"), name="savedquery_name"),
        ),
        migrations.AddConstraint(
            model_name="savedquery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="savedquery_status_of_state",
            ),
        ),
        migrations.AddField(
            model_name="userquery",
            name="ownerid",
            field=models.ForeignKey(
                db_column="ownerid",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="userquery",
            constraint=models.UniqueConstraint(
                fields=("ownerid", "returnedtypecode", "name"), name="userquery_name_of_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="userquery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="userquery_status_of_state",
            ),
        ),
        migrations.RunSQL(TELL_ALL, TELL_OWN),
    ]
