"""Adds phone calls, letters and faxes, which are kept in step with tasks of Exchange.

Why: Dynamics 365 keeps them in step as tasks. State and date of completion are one thing said twice; Exchange keeps them in
step itself, and a trigger does so here, whichever way a row comes in. Lock taken: none on tables that are there. At 10 million
rows: the tables are new and empty. Undo: migrate crm 0045.
"""

import uuid

import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns
import serversync.crm.models.words

_TABLES = (("phonecall", 2), ("letter", 4), ("fax", 2))
"""Each table with the usual status of what is completed."""
STATUS = """
create function crm_correspondence_status() returns trigger language plpgsql as $$
declare
    -- Argument: the usual status of what is completed.
    says_end boolean := new.actualend is not null;
    says_open boolean := false;
begin
    if tg_op = 'UPDATE' then
        says_end := new.actualend is not null and new.actualend is distinct from old.actualend;
        says_open := (new.statecode, new.statuscode) is distinct from (old.statecode, old.statuscode)
            and new.statecode = 0;
    end if;
    if new.statecode = 2 then
        return new;
    end if;
    if says_end and not says_open and new.statecode = 0 then
        new.statecode := 1;
        new.statuscode := tg_argv[0]::smallint;
    end if;
    if new.statecode = 1 then
        new.actualend := coalesce(new.actualend, current_date);
    else
        new.actualend := null;
    end if;
    return new;
end $$;
""" + "".join(
    f"""
create trigger {table}_status before insert or update on {table}
    for each row execute function crm_correspondence_status('{done}');
create trigger {table}_inserted after insert on {table} referencing new table as changed
    for each statement execute function crm_tell_of_records('{table}', 'activityid');
create trigger {table}_updated after update on {table} referencing new table as changed
    for each statement execute function crm_tell_of_records('{table}', 'activityid');
create trigger {table}_deleted after delete on {table} referencing old table as changed
    for each statement execute function crm_tell_of_records('{table}', 'activityid');
create trigger {table}_inserted_told_to_all after insert on {table} referencing new table as changed
    for each statement execute function crm_tell_of_all_records('{table}', 'activityid');
create trigger {table}_updated_told_to_all after update on {table} referencing new table as changed
    for each statement execute function crm_tell_of_all_records('{table}', 'activityid');
"""
    for table, done in _TABLES
)
NO_STATUS = (
    "".join(f"drop trigger {table}_status on {table};\n" for table, _ in _TABLES)
    + "drop function crm_correspondence_status();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0045_expand_files_of_appointments"),
    ]

    operations = [
        migrations.CreateModel(
            name="Fax",
            fields=[
                (
                    "activityid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=200, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("scheduledstart", models.DateField(blank=True, null=True)),
                ("scheduledend", models.DateField(blank=True, null=True)),
                ("actualstart", models.DateField(blank=True, null=True)),
                ("actualend", models.DateField(blank=True, null=True)),
                ("reminderon", models.DateTimeField(blank=True, null=True)),
                (
                    "prioritycode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Low"), (1, "Normal"), (2, "High")], db_default=1, default=1
                    ),
                ),
                ("directioncode", models.BooleanField(db_default=True, default=True)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Open"), (1, "Completed"), (2, "Canceled")], db_default=0, default=0
                    ),
                ),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
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
                ("faxnumber", models.CharField(blank=True, max_length=200, null=True)),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "Open"),
                            (2, "Completed"),
                            (3, "Sent"),
                            (4, "Received"),
                            (5, "Canceled"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
                (
                    "ownerid",
                    models.ForeignKey(
                        blank=True,
                        db_column="ownerid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "fax",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        serversync.crm.models.words.Words("subject"), name="fax_words"
                    ),
                    models.Index(fields=["-createdon", "-activityid"], name="fax_newest"),
                    models.Index(fields=["ownerid", "statecode", "scheduledend"], name="fax_of_owner"),
                    models.Index(
                        condition=models.Q(("regardingobjectid__isnull", False)),
                        fields=["regardingobjectid"],
                        name="fax_regarding",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 0), ("statuscode__in", (1,))),
                            models.Q(("statecode", 1), ("statuscode__in", (2, 3, 4))),
                            models.Q(("statecode", 2), ("statuscode__in", (5,))),
                            _connector="OR",
                        ),
                        name="fax_status_of_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 1), _negated=True),
                            ("actualend__isnull", False),
                            _connector="OR",
                        ),
                        name="fax_completed_on_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("regardingobjectid", None), ("regardingobjecttypecode", None)),
                            models.Q(
                                ("regardingobjectid__isnull", False),
                                ("regardingobjecttypecode__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="fax_regarding_id_and_type",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                (
                    "activityid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=200, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("scheduledstart", models.DateField(blank=True, null=True)),
                ("scheduledend", models.DateField(blank=True, null=True)),
                ("actualstart", models.DateField(blank=True, null=True)),
                ("actualend", models.DateField(blank=True, null=True)),
                ("reminderon", models.DateTimeField(blank=True, null=True)),
                (
                    "prioritycode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Low"), (1, "Normal"), (2, "High")], db_default=1, default=1
                    ),
                ),
                ("directioncode", models.BooleanField(db_default=True, default=True)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Open"), (1, "Completed"), (2, "Canceled")], db_default=0, default=0
                    ),
                ),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
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
                ("address", models.CharField(blank=True, max_length=200, null=True)),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Open"), (2, "Draft"), (3, "Received"), (4, "Sent"), (5, "Canceled")],
                        db_default=2,
                        default=2,
                    ),
                ),
                (
                    "ownerid",
                    models.ForeignKey(
                        blank=True,
                        db_column="ownerid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "letter",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        serversync.crm.models.words.Words("subject"), name="letter_words"
                    ),
                    models.Index(fields=["-createdon", "-activityid"], name="letter_newest"),
                    models.Index(fields=["ownerid", "statecode", "scheduledend"], name="letter_of_owner"),
                    models.Index(
                        condition=models.Q(("regardingobjectid__isnull", False)),
                        fields=["regardingobjectid"],
                        name="letter_regarding",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 0), ("statuscode__in", (2, 1))),
                            models.Q(("statecode", 1), ("statuscode__in", (4, 3))),
                            models.Q(("statecode", 2), ("statuscode__in", (5,))),
                            _connector="OR",
                        ),
                        name="letter_status_of_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 1), _negated=True),
                            ("actualend__isnull", False),
                            _connector="OR",
                        ),
                        name="letter_completed_on_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("regardingobjectid", None), ("regardingobjecttypecode", None)),
                            models.Q(
                                ("regardingobjectid__isnull", False),
                                ("regardingobjecttypecode__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="letter_regarding_id_and_type",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PhoneCall",
            fields=[
                (
                    "activityid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=200, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("scheduledstart", models.DateField(blank=True, null=True)),
                ("scheduledend", models.DateField(blank=True, null=True)),
                ("actualstart", models.DateField(blank=True, null=True)),
                ("actualend", models.DateField(blank=True, null=True)),
                ("reminderon", models.DateTimeField(blank=True, null=True)),
                (
                    "prioritycode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Low"), (1, "Normal"), (2, "High")], db_default=1, default=1
                    ),
                ),
                ("directioncode", models.BooleanField(db_default=True, default=True)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Open"), (1, "Completed"), (2, "Canceled")], db_default=0, default=0
                    ),
                ),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
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
                ("phonenumber", models.CharField(blank=True, max_length=200, null=True)),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Open"), (2, "Made"), (3, "Canceled"), (4, "Received")],
                        db_default=1,
                        default=1,
                    ),
                ),
                (
                    "ownerid",
                    models.ForeignKey(
                        blank=True,
                        db_column="ownerid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "phonecall",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        serversync.crm.models.words.Words("subject"), name="phonecall_words"
                    ),
                    models.Index(fields=["-createdon", "-activityid"], name="phonecall_newest"),
                    models.Index(fields=["ownerid", "statecode", "scheduledend"], name="phonecall_of_owner"),
                    models.Index(
                        condition=models.Q(("regardingobjectid__isnull", False)),
                        fields=["regardingobjectid"],
                        name="phonecall_regarding",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 0), ("statuscode__in", (1,))),
                            models.Q(("statecode", 1), ("statuscode__in", (2, 4))),
                            models.Q(("statecode", 2), ("statuscode__in", (3,))),
                            _connector="OR",
                        ),
                        name="phonecall_status_of_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 1), _negated=True),
                            ("actualend__isnull", False),
                            _connector="OR",
                        ),
                        name="phonecall_completed_on_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("regardingobjectid", None), ("regardingobjecttypecode", None)),
                            models.Q(
                                ("regardingobjectid__isnull", False),
                                ("regardingobjecttypecode__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="phonecall_regarding_id_and_type",
                    ),
                ],
            },
        ),
        migrations.RunSQL(STATUS, NO_STATUS),
    ]
