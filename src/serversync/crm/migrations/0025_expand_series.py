"""Adds series of appointments: one row each, with changed occurrences as appointments.

Why: series are kept in step. A change of an occurrence touches its series, so that the version of that row is the version of
all of it; triggers tell of series as of contacts. An item of a calendar is heard of as an appointment or as a series, so
what was heard is unique for each kind. Locks taken: writes to ``appointment`` and ``exchangesyncitem`` wait while two
constraints and an index are made; workers of the release before cannot write down what they hear until they are replaced,
and hear it again then. At 10 million rows of ``exchangesyncitem``, which holds only what is still to be looked at: a minute.
Undo: migrate crm 0024, after deleting the series.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns

SERIES = """
create function crm_touch_series() returns trigger language plpgsql as $$
begin
    update recurringappointmentmaster r set modifiedon = now()
    from (select distinct seriesid from changed where seriesid is not null) c where r.activityid = c.seriesid;
    return null;
end $$;
create trigger appointment_inserted_in_series after insert on appointment referencing new table as changed
    for each statement execute function crm_touch_series();
create trigger appointment_updated_in_series after update on appointment referencing new table as changed
    for each statement execute function crm_touch_series();
create trigger appointment_deleted_in_series after delete on appointment referencing old table as changed
    for each statement execute function crm_touch_series();
create function crm_occurrences_of_deleted_series() returns trigger language plpgsql as $$
begin
    delete from appointment a using changed r where a.seriesid = r.activityid;
    return null;
end $$;
create trigger series_deleted_occurrences after delete on recurringappointmentmaster referencing old table as changed
    for each statement execute function crm_occurrences_of_deleted_series();
create trigger series_inserted after insert on recurringappointmentmaster referencing new table as changed
    for each statement execute function crm_tell_of_records('recurringappointmentmaster', 'activityid');
create trigger series_updated after update on recurringappointmentmaster referencing new table as changed
    for each statement execute function crm_tell_of_records('recurringappointmentmaster', 'activityid');
create trigger series_deleted after delete on recurringappointmentmaster referencing old table as changed
    for each statement execute function crm_tell_of_records('recurringappointmentmaster', 'activityid');
"""

NO_SERIES = """
drop trigger series_deleted on recurringappointmentmaster;
drop trigger series_updated on recurringappointmentmaster;
drop trigger series_inserted on recurringappointmentmaster;
drop trigger series_deleted_occurrences on recurringappointmentmaster;
drop function crm_occurrences_of_deleted_series();
drop trigger appointment_deleted_in_series on appointment;
drop trigger appointment_updated_in_series on appointment;
drop trigger appointment_inserted_in_series on appointment;
drop function crm_touch_series();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0024_expand_appointment_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecurringAppointmentMaster",
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
                ("subject", models.CharField(blank=True, max_length=400, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("location", models.CharField(blank=True, max_length=400, null=True)),
                (
                    "prioritycode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Low"), (1, "Normal"), (2, "High")], db_default=1, default=1
                    ),
                ),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Open"), (1, "Completed"), (2, "Canceled"), (3, "Scheduled")],
                        db_default=3,
                        default=3,
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "Free"),
                            (2, "Tentative"),
                            (3, "Completed"),
                            (4, "Canceled"),
                            (5, "Busy"),
                            (6, "Out of Office"),
                        ],
                        db_default=5,
                        default=5,
                    ),
                ),
                (
                    "instancetypecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Not Recurring"),
                            (1, "Recurring Master"),
                            (2, "Recurring Instance"),
                            (3, "Recurring Exception"),
                            (4, "Recurring Future Exception"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
                ("starttime", models.DateTimeField()),
                ("endtime", models.DateTimeField()),
                ("isalldayevent", models.BooleanField(db_default=False, default=False)),
                ("timezone", models.CharField(max_length=400)),
                (
                    "recurrencepatterntype",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Daily"), (1, "Weekly"), (2, "Monthly"), (3, "Yearly")],
                        db_default=1,
                        default=1,
                    ),
                ),
                (
                    "interval",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=1, default=1, highest=999, lowest=1
                    ),
                ),
                (
                    "daysofweekmask",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=127, lowest=1, null=True
                    ),
                ),
                (
                    "dayofmonth",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=31, lowest=1, null=True
                    ),
                ),
                (
                    "monthofyear",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=12, lowest=1, null=True
                    ),
                ),
                (
                    "instance",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[(1, "First"), (2, "Second"), (3, "Third"), (4, "Fourth"), (5, "Last")],
                        null=True,
                    ),
                ),
                ("isnthmonthly", models.BooleanField(db_default=False, default=False)),
                ("isnthyearly", models.BooleanField(db_default=False, default=False)),
                ("isweekdaypattern", models.BooleanField(db_default=False, default=False)),
                (
                    "firstdayofweek",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=6, lowest=0
                    ),
                ),
                ("patternstartdate", models.DateField()),
                ("patternenddate", models.DateField(blank=True, null=True)),
                (
                    "patternendtype",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "No End Date"), (2, "Occurrences"), (3, "Pattern End Date")],
                        db_default=1,
                        default=1,
                    ),
                ),
                (
                    "occurrences",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=999, lowest=1, null=True
                    ),
                ),
                ("deletedexceptionslist", models.TextField(blank=True, null=True)),
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
            ],
            options={
                "db_table": "recurringappointmentmaster",
            },
        ),
        migrations.RemoveConstraint(
            model_name="exchangesyncitem",
            name="exchangesyncitem_entry",
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("instancetypecode", 3)),
                fields=("seriesid", "originalstartdate"),
                name="appointment_one_an_occurrence",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("instancetypecode", 3), _negated=True),
                    models.Q(("originalstartdate__isnull", False), ("seriesid__isnull", False)),
                    _connector="OR",
                ),
                name="appointment_occurrence_of_a_series",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangesyncitem",
            constraint=models.UniqueConstraint(
                fields=("mailboxid", "objecttypecode", "exchangeentryid"), name="exchangesyncitem_kind_entry"
            ),
        ),
        migrations.AddField(
            model_name="recurringappointmentmaster",
            name="ownerid",
            field=models.ForeignKey(
                blank=True,
                db_column="ownerid",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="recurringappointmentmaster",
            index=models.Index(fields=["ownerid"], name="recurringappointment_ownerid"),
        ),
        migrations.AddConstraint(
            model_name="recurringappointmentmaster",
            constraint=models.CheckConstraint(
                condition=models.Q(("endtime__gte", models.F("starttime"))),
                name="recurringappointmentmaster_ends_after_its_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringappointmentmaster",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("statecode", 0), ("statuscode__in", (1, 2))),
                    models.Q(("statecode", 1), ("statuscode__in", (3,))),
                    models.Q(("statecode", 2), ("statuscode__in", (4,))),
                    models.Q(("statecode", 3), ("statuscode__in", (5, 6))),
                    _connector="OR",
                ),
                name="recurringappointmentmaster_status_of_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringappointmentmaster",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("occurrences", None), ("patternenddate", None), ("patternendtype", 1)),
                    models.Q(("occurrences__isnull", False), ("patternenddate", None), ("patternendtype", 2)),
                    models.Q(
                        ("occurrences", None),
                        ("patternenddate__gte", models.F("patternstartdate")),
                        ("patternendtype", 3),
                    ),
                    _connector="OR",
                ),
                name="recurringappointmentmaster_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringappointmentmaster",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recurrencepatterntype", 0),
                    models.Q(("daysofweekmask__isnull", False), ("recurrencepatterntype", 1)),
                    models.Q(
                        ("recurrencepatterntype", 2),
                        models.Q(
                            models.Q(
                                ("dayofmonth__isnull", False), ("isnthmonthly", False), ("isnthyearly", False)
                            ),
                            models.Q(
                                ("daysofweekmask__isnull", False),
                                ("instance__isnull", False),
                                ("isnthmonthly", True),
                            ),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("monthofyear__isnull", False),
                        ("recurrencepatterntype", 3),
                        models.Q(
                            models.Q(
                                ("dayofmonth__isnull", False), ("isnthmonthly", False), ("isnthyearly", False)
                            ),
                            models.Q(
                                ("daysofweekmask__isnull", False),
                                ("instance__isnull", False),
                                ("isnthyearly", True),
                            ),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="recurringappointmentmaster_pattern",
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringappointmentmaster",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("regardingobjectid", None), ("regardingobjecttypecode", None)),
                    models.Q(
                        ("regardingobjectid__isnull", False), ("regardingobjecttypecode__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="recurringappointmentmaster_regarding_id_and_type",
            ),
        ),
        migrations.RunSQL(SERIES, NO_SERIES),
    ]
