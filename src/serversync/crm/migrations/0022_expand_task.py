"""Adds tasks, and the settings of keeping them in step.

Why: a task of the CRM and one of Exchange are kept in step. State, percentage and date of completion are one thing said
three ways; Exchange keeps them in step itself, and a trigger does so here, whichever way a row comes in: otherwise the
two sides would mean different things after the same edit. Lock taken: on organization for the moment of adding columns
(one row). At 10 million rows: the table is new and empty. Undo: migrate crm 0021.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns

TASK_STATUS = """
create function crm_task_status() returns trigger language plpgsql as $$
declare
    says_end boolean := new.actualend is not null;
    says_status boolean := new.statecode <> 0 or new.statuscode <> 2;
    says_percent boolean := new.percentcomplete <> 0;
begin
    if tg_op = 'UPDATE' then
        says_end := new.actualend is not null and new.actualend is distinct from old.actualend;
        says_status := (new.statecode, new.statuscode) is distinct from (old.statecode, old.statuscode);
        says_percent := new.percentcomplete is distinct from old.percentcomplete;
    end if;
    if new.statecode = 2 then
        return new;
    end if;
    if says_end and not (says_status and new.statecode = 0) then
        new.statecode := 1;
        new.statuscode := 5;
    elsif says_percent and not says_status then
        new.statecode := (new.percentcomplete = 100)::int;
        new.statuscode := case when new.percentcomplete = 100 then 5 when new.percentcomplete > 0 then 3 else 2 end;
    end if;
    if new.statecode = 1 then
        new.percentcomplete := 100;
        new.actualend := coalesce(new.actualend, current_date);
    elsif new.statecode = 0 then
        new.actualend := null;
        new.percentcomplete := case when new.percentcomplete = 100 then 0 else new.percentcomplete end;
    end if;
    return new;
end $$;
create trigger task_status before insert or update on task
    for each row execute function crm_task_status();
"""
TELL_OF_TASKS = """
create trigger task_inserted after insert on task referencing new table as changed
    for each statement execute function crm_tell_of_records('task', 'activityid');
create trigger task_updated after update on task referencing new table as changed
    for each statement execute function crm_tell_of_records('task', 'activityid');
create trigger task_deleted after delete on task referencing old table as changed
    for each statement execute function crm_tell_of_records('task', 'activityid');
"""
NO_TASK_STATUS = "drop trigger task_status on task; drop function crm_task_status();"


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0021_expand_streams"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="ssstaskdeletionsyncbehaviorfromexchange",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Delete"), (1, "Delete unless completed"), (2, "Keep")], db_default=0, default=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="taskdeletionbehaviorfromcrm",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Delete"), (1, "Delete unless completed"), (2, "Keep")], db_default=1, default=1
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="tasksyncdirection",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "None"), (1, "To Exchange"), (2, "To the CRM"), (3, "Both ways")],
                db_default=3,
                default=3,
            ),
        ),
        migrations.CreateModel(
            name="Task",
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
                ("actualend", models.DateField(blank=True, null=True)),
                (
                    "percentcomplete",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=100, lowest=0
                    ),
                ),
                (
                    "prioritycode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Low"), (1, "Normal"), (2, "High")], db_default=1, default=1
                    ),
                ),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Open"), (1, "Completed"), (2, "Canceled")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (2, "Not Started"),
                            (3, "In Progress"),
                            (4, "Waiting on someone else"),
                            (5, "Completed"),
                            (6, "Canceled"),
                            (7, "Deferred"),
                        ],
                        db_default=2,
                        default=2,
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
                "db_table": "task",
                "indexes": [
                    models.Index(fields=["ownerid", "statecode", "scheduledend"], name="task_of_owner"),
                    models.Index(
                        condition=models.Q(("regardingobjectid__isnull", False)),
                        fields=["regardingobjectid"],
                        name="task_regarding",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 0), ("statuscode__in", (2, 3, 4, 7))),
                            models.Q(("statecode", 1), ("statuscode__in", (5,))),
                            models.Q(("statecode", 2), ("statuscode__in", (6,))),
                            _connector="OR",
                        ),
                        name="task_status_of_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 1), _negated=True),
                            models.Q(("actualend__isnull", False), ("percentcomplete", 100)),
                            _connector="OR",
                        ),
                        name="task_completed_whole_and_on_a_day",
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
                        name="task_regarding_id_and_type",
                    ),
                ],
            },
        ),
        migrations.RunSQL(TASK_STATUS, NO_TASK_STATUS),
        migrations.RunSQL(TELL_OF_TASKS, migrations.RunSQL.noop),
    ]
