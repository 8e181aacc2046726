"""Adds appointments; those who take part are parties, as of an e-mail.

Why: appointments are kept in step, and a party belongs to either kind of activity. ``activityparty.activityid`` therefore
loses its foreign key; a trigger takes parties away with their activity, however it is deleted. Locks taken: ACCESS
EXCLUSIVE on ``activityparty`` while the new column, which is empty, is checked, and its small index is built. At 10 million
rows: some seconds. Undo: migrate crm 0016, after deleting the parties of appointments.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns

PARTIES_GO_WITH_THEIR_ACTIVITY = """
create function crm_parties_of_deleted_activities() returns trigger language plpgsql as $$
begin
    delete from activityparty p using gone where p.activityid = gone.activityid;
    return null;
end $$;
create trigger parties_of_deleted_email after delete on email
    referencing old table as gone for each statement execute function crm_parties_of_deleted_activities();
create trigger parties_of_deleted_appointment after delete on appointment
    referencing old table as gone for each statement execute function crm_parties_of_deleted_activities();
"""

PARTIES_STAY = """
drop trigger parties_of_deleted_appointment on appointment;
drop trigger parties_of_deleted_email on email;
drop function crm_parties_of_deleted_activities();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0016_expand_synchronization"),
    ]

    operations = [
        migrations.CreateModel(
            name="Appointment",
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
                ("scheduledstart", models.DateTimeField()),
                ("scheduledend", models.DateTimeField()),
                (
                    "scheduleddurationminutes",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("scheduledend"),
                            models.F("scheduledstart"),
                            arg_joiner=" - ",
                            template="(extract(epoch from %(expressions)s) / 60)::integer",
                        ),
                        output_field=models.IntegerField(),
                    ),
                ),
                ("isalldayevent", models.BooleanField(db_default=False, default=False)),
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
                ("ismapiprivate", models.BooleanField(db_default=False, default=False)),
                ("globalobjectid", models.CharField(blank=True, max_length=300, null=True)),
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
                        db_default=0,
                        default=0,
                    ),
                ),
                ("seriesid", models.UUIDField(blank=True, null=True)),
                ("originalstartdate", models.DateTimeField(blank=True, null=True)),
                ("modifiedfieldsmask", models.TextField(blank=True, null=True)),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                (
                    "importsequencenumber",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=None, lowest=None, null=True
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
                "db_table": "appointment",
            },
        ),
        migrations.AddField(
            model_name="activityparty",
            name="responsestatus",
            field=serversync.crm.models.columns.PicklistField(
                blank=True,
                choices=[
                    (0, "Unknown"),
                    (1, "Organizer"),
                    (2, "Tentative"),
                    (3, "Accept"),
                    (4, "Decline"),
                    (5, "NoResponseReceived"),
                ],
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="activityparty",
            name="activityid",
            field=models.ForeignKey(
                db_column="activityid",
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="activityparties",
                to="crm.email",
            ),
        ),
        migrations.AddIndex(
            model_name="activityparty",
            index=models.Index(
                condition=models.Q(("participationtypemask__in", (5, 6, 7, 10)), ("partyid__isnull", False)),
                fields=["partyid", "participationtypemask", "activityid"],
                name="activityparty_attendee",
            ),
        ),
        migrations.AddField(
            model_name="appointment",
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
            model_name="appointment",
            index=models.Index(fields=["-scheduledstart", "-activityid"], name="appointment_list"),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(("seriesid__isnull", False)),
                fields=["seriesid"],
                name="appointment_seriesid",
            ),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(("regardingobjectid__isnull", False)),
                fields=["regardingobjectid"],
                name="appointment_regarding",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(("scheduledend__gte", models.F("scheduledstart"))),
                name="appointment_ends_after_its_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("statecode", 0), ("statuscode__in", (1, 2))),
                    models.Q(("statecode", 1), ("statuscode__in", (3,))),
                    models.Q(("statecode", 2), ("statuscode__in", (4,))),
                    models.Q(("statecode", 3), ("statuscode__in", (5, 6))),
                    _connector="OR",
                ),
                name="appointment_status_of_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("regardingobjectid", None), ("regardingobjecttypecode", None)),
                    models.Q(
                        ("regardingobjectid__isnull", False), ("regardingobjecttypecode__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="appointment_regarding_id_and_type",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("instancetypecode", 0)),
                fields=("globalobjectid",),
                name="appointment_one_a_meeting",
            ),
        ),
        migrations.RunSQL(PARTIES_GO_WITH_THEIR_ACTIVITY, PARTIES_STAY),
    ]
