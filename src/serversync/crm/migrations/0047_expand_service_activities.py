"""Adds service activities, which are copied into calendars, with triggers that tell of them and templates of filters.

Why: whoever owns a service activity, or is a resource of it, has a copy in the calendar. Who takes part counts as a change of
the record, for customers too, so that the three triggers on parties look at one part more. Users who have their filters
already get those of the new kind. Locks taken: writes to ``activityparty`` wait for milliseconds while its triggers are made
anew. At 10 million rows: the same; the table is new and empty. Undo: migrate crm 0046.
"""

import json
import uuid

import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns
import serversync.crm.models.words

TRIGGERS = """
create trigger service_inserted after insert on serviceappointment referencing new table as changed
    for each statement execute function crm_tell_of_records('serviceappointment', 'activityid');
create trigger service_updated after update on serviceappointment referencing new table as changed
    for each statement execute function crm_tell_of_records('serviceappointment', 'activityid');
create trigger service_deleted after delete on serviceappointment referencing old table as changed
    for each statement execute function crm_tell_of_records('serviceappointment', 'activityid');
create trigger service_inserted_told_to_all after insert on serviceappointment referencing new table as changed
    for each statement execute function crm_tell_of_all_records('serviceappointment', 'activityid');
create trigger service_updated_told_to_all after update on serviceappointment referencing new table as changed
    for each statement execute function crm_tell_of_all_records('serviceappointment', 'activityid');
create trigger parties_of_deleted_service after delete on serviceappointment
    referencing old table as gone for each statement execute function crm_parties_of_deleted_activities();
create function crm_tell_resources_of_services() returns trigger language plpgsql as $$
begin
    insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
    select distinct f.mailboxid, 'serviceappointment', r.activityid
    from changed r join activityparty p on p.activityid = r.activityid and p.participationtypemask = 10
        join mailbox m on m.regardingobjectid = p.partyid
        join exchangesyncfolder f on f.mailboxid = m.mailboxid
            and f.objecttypecode = 'serviceappointment' and f.isfollowed
    where f.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '');
    return null;
end $$;
create trigger service_updated_with_resources after update on serviceappointment referencing new table as changed
    for each statement execute function crm_tell_resources_of_services();
create or replace function crm_attendees_changed() returns trigger language plpgsql as $$
declare
    activity uuid := case when tg_op = 'DELETE' then old.activityid else new.activityid end;
begin
    update appointment set modifiedon = now() where activityid = activity;
    if not found then
        update recurringappointmentmaster set modifiedon = now() where activityid = activity;
    end if;
    if not found then
        update serviceappointment set modifiedon = now() where activityid = activity;
    end if;
    return null;
end $$;
drop trigger attendee_joined on activityparty;
drop trigger attendee_changed on activityparty;
drop trigger attendee_left on activityparty;
create trigger attendee_joined after insert on activityparty for each row
    when (new.participationtypemask in (5, 6, 7, 10, 11)) execute function crm_attendees_changed();
create trigger attendee_changed after update on activityparty for each row
    when (new.participationtypemask in (5, 6, 7, 10, 11)) execute function crm_attendees_changed();
create trigger attendee_left after delete on activityparty for each row
    when (old.participationtypemask in (5, 6, 7, 10, 11)) execute function crm_attendees_changed();
"""
NO_TRIGGERS = """
drop trigger attendee_left on activityparty;
drop trigger attendee_changed on activityparty;
drop trigger attendee_joined on activityparty;
create trigger attendee_joined after insert on activityparty for each row
    when (new.participationtypemask in (5, 6, 7, 10)) execute function crm_attendees_changed();
create trigger attendee_changed after update on activityparty for each row
    when (new.participationtypemask in (5, 6, 7, 10)) execute function crm_attendees_changed();
create trigger attendee_left after delete on activityparty for each row
    when (old.participationtypemask in (5, 6, 7, 10)) execute function crm_attendees_changed();
create or replace function crm_attendees_changed() returns trigger language plpgsql as $$
declare
    activity uuid := case when tg_op = 'DELETE' then old.activityid else new.activityid end;
begin
    update appointment set modifiedon = now() where activityid = activity;
    if not found then
        update recurringappointmentmaster set modifiedon = now() where activityid = activity;
    end if;
    return null;
end $$;
drop trigger service_updated_with_resources on serviceappointment;
drop function crm_tell_resources_of_services();
drop trigger parties_of_deleted_service on serviceappointment;
drop trigger service_updated_told_to_all on serviceappointment;
drop trigger service_inserted_told_to_all on serviceappointment;
drop trigger service_deleted on serviceappointment;
drop trigger service_updated on serviceappointment;
drop trigger service_inserted on serviceappointment;
"""

TEMPLATES = (
    (
        "4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a007",
        "My Service Activities",
        (
            '[{"attribute": "ownerid", "operator": "eq-userid", "value": null},'
            ' {"attribute": "statecode", "operator": "in", "value": [0, 3]}]'
        ),
    ),
    (
        "4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a008",
        "Service Activities I Am Scheduled For",
        (
            '[{"attribute": "resources", "operator": "eq-userid", "value": null},'
            ' {"attribute": "statecode", "operator": "in", "value": [0, 3]}]'
        ),
    ),
)


def add_templates(apps, schema_editor):
    using = schema_editor.connection.alias
    templates = apps.get_model("crm", "SavedQuery").objects.using(using)
    if not templates.exists():
        return
    filters = apps.get_model("crm", "UserQuery").objects.using(using)
    settings_of = apps.get_model("crm", "UserSettings").objects.using(using)
    users = list(settings_of.filter(aresyncfiltersset=True).values_list("systemuserid", flat=True))
    for key, name, conditions in TEMPLATES:
        given = {"returnedtypecode": "serviceappointment", "name": name, "conditions": json.loads(conditions)}
        templates.get_or_create(savedqueryid=key, defaults=given)
        filters.bulk_create(
            [filters.model(ownerid_id=user, **given) for user in users], ignore_conflicts=True
        )


def remove_templates(apps, schema_editor):
    using = schema_editor.connection.alias
    apps.get_model("crm", "UserQuery").objects.using(using).filter(
        returnedtypecode="serviceappointment"
    ).delete()
    apps.get_model("crm", "SavedQuery").objects.using(using).filter(
        returnedtypecode="serviceappointment"
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0046_expand_correspondence"),
    ]

    operations = [
        migrations.CreateModel(
            name="ServiceAppointment",
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
                ("location", models.CharField(blank=True, max_length=200, null=True)),
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
                        choices=[(0, "Open"), (1, "Closed"), (2, "Canceled"), (3, "Scheduled")],
                        db_default=3,
                        default=3,
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "Requested"),
                            (2, "Tentative"),
                            (3, "Pending"),
                            (4, "Reserved"),
                            (6, "In Progress"),
                            (7, "Arrived"),
                            (8, "Completed"),
                            (9, "Canceled"),
                            (10, "No Show"),
                        ],
                        db_default=4,
                        default=4,
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
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "serviceappointment",
                "indexes": [
                    models.Index(fields=["ownerid", "statecode"], name="serviceappointment_of_owner"),
                    models.Index(fields=["-scheduledstart", "-activityid"], name="serviceappointment_list"),
                    django.contrib.postgres.indexes.GinIndex(
                        serversync.crm.models.words.Words("subject", "location"),
                        name="serviceappointment_words",
                    ),
                    models.Index(
                        condition=models.Q(("regardingobjectid__isnull", False)),
                        fields=["regardingobjectid"],
                        name="serviceappointment_regarding",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("scheduledend__gte", models.F("scheduledstart"))),
                        name="serviceappointment_ends_after_its_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("statecode", 0), ("statuscode__in", (1, 2))),
                            models.Q(("statecode", 1), ("statuscode__in", (8,))),
                            models.Q(("statecode", 2), ("statuscode__in", (9, 10))),
                            models.Q(("statecode", 3), ("statuscode__in", (3, 4, 6, 7))),
                            _connector="OR",
                        ),
                        name="serviceappointment_status_of_state",
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
                        name="serviceappointment_regarding_id_and_type",
                    ),
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunPython(add_templates, remove_templates),
    ]
