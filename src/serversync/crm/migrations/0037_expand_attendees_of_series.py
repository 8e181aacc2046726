"""Lets series have attendees: parties, the id of the meeting in Exchange, and triggers that tell of them.

Why: a meeting that recurs is one record for everybody, as a single one is. A change of who takes part touches the series;
those who take part are told of its changes; parties go with it. The template of filters that shows a series to those who
were invited is added where there are templates; users who have theirs get it by *Reset to the organization's defaults*.
Locks taken: ``recurringappointmentmaster`` gets an empty column and a unique index, writes to it and to ``activityparty``
wait meanwhile. At 10 million rows: under a minute. Undo: migrate crm 0036, after deleting the parties of series.
"""

import json

from django.db import migrations, models

ATTENDEES_OF_SERIES = """
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
create trigger parties_of_deleted_series after delete on recurringappointmentmaster
    referencing old table as gone for each statement execute function crm_parties_of_deleted_activities();
create function crm_tell_attendees_of_series() returns trigger language plpgsql as $$
begin
    insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
    select distinct f.mailboxid, 'recurringappointmentmaster', r.activityid
    from changed r join activityparty p on p.activityid = r.activityid and p.participationtypemask in (5, 6, 7)
        join mailbox m on m.regardingobjectid = p.partyid
        join exchangesyncfolder f on f.mailboxid = m.mailboxid
            and f.objecttypecode = 'recurringappointmentmaster' and f.isfollowed
    where f.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '');
    return null;
end $$;
create trigger series_updated_with_attendees after update on recurringappointmentmaster referencing new table as changed
    for each statement execute function crm_tell_attendees_of_series();
"""
ALONE = """
drop trigger series_updated_with_attendees on recurringappointmentmaster;
drop function crm_tell_attendees_of_series();
drop trigger parties_of_deleted_series on recurringappointmentmaster;
create or replace function crm_attendees_changed() returns trigger language plpgsql as $$
begin
    update appointment set modifiedon = now()
    where activityid = case when tg_op = 'DELETE' then old.activityid else new.activityid end;
    return null;
end $$;
"""
TEMPLATE = "4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a006"


def add_template(apps, schema_editor):
    templates = apps.get_model("crm", "SavedQuery").objects.using(schema_editor.connection.alias)
    if templates.exists():
        templates.get_or_create(
            savedqueryid=TEMPLATE,
            defaults={
                "returnedtypecode": "recurringappointmentmaster",
                "name": "My Recurring Meetings",
                "conditions": json.loads(
                    '[{"attribute": "activityparty", "operator": "eq-userid", "value": null},'
                    ' {"attribute": "statecode", "operator": "in", "value": [0, 3]}]'
                ),
            },
        )


def remove_template(apps, schema_editor):
    templates = apps.get_model("crm", "SavedQuery").objects.using(schema_editor.connection.alias)
    templates.filter(savedqueryid=TEMPLATE).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0036_expand_api_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="recurringappointmentmaster",
            name="globalobjectid",
            field=models.CharField(blank=True, max_length=300, null=True),
        ),
        migrations.AddConstraint(
            model_name="recurringappointmentmaster",
            constraint=models.UniqueConstraint(
                fields=("globalobjectid",), name="recurringappointmentmaster_one_a_meeting"
            ),
        ),
        migrations.RunSQL(ATTENDEES_OF_SERIES, ALONE),
        migrations.RunPython(add_template, remove_template),
    ]
