"""Adds the settings of appointments, and lets the database tell which of them have changed.

Why: a pass compared all appointments with all links. Now triggers write a row of ``exchangesyncrecord`` for each change of an
appointment that is linked in a followed mailbox, or whose owner, organizer or attendee has one; a change of who takes part
is a change of the appointment. Of other parties than those of appointments the triggers look at one column. Locks taken: writes
to ``appointment`` and ``activityparty`` wait for milliseconds; columns of ``organization`` have constant defaults. At 10
million rows: the same. Undo: migrate crm 0023.
"""

from django.db import migrations, models

import serversync.crm.models.columns

FOLLOW_APPOINTMENTS = """
create function crm_tell_of_appointments() returns trigger language plpgsql as $$
begin
    insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
    select l.mailboxid, 'appointment', l.objectid
    from changed r join exchangesyncidmapping l on l.objectid = r.activityid and l.objecttypecode = 'appointment'
        join exchangesyncfolder f on f.mailboxid = l.mailboxid and f.objecttypecode = 'appointment' and f.isfollowed
    where l.stage < 3 and l.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '')
    union
    select f.mailboxid, 'appointment', r.activityid
    from changed r join mailbox m on m.ownerid = r.ownerid
        join exchangesyncfolder f on f.mailboxid = m.mailboxid and f.objecttypecode = 'appointment' and f.isfollowed
    where f.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '')
    union
    select f.mailboxid, 'appointment', r.activityid
    from changed r join activityparty p on p.activityid = r.activityid and p.participationtypemask in (5, 6, 7)
        join mailbox m on m.regardingobjectid = p.partyid
        join exchangesyncfolder f on f.mailboxid = m.mailboxid and f.objecttypecode = 'appointment' and f.isfollowed
    where f.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '');
    return null;
end $$;
create trigger appointment_inserted after insert on appointment referencing new table as changed
    for each statement execute function crm_tell_of_appointments();
create trigger appointment_updated after update on appointment referencing new table as changed
    for each statement execute function crm_tell_of_appointments();
create trigger appointment_deleted after delete on appointment referencing old table as changed
    for each statement execute function crm_tell_of_appointments();
create function crm_attendees_changed() returns trigger language plpgsql as $$
begin
    update appointment set modifiedon = now()
    where activityid = case when tg_op = 'DELETE' then old.activityid else new.activityid end;
    return null;
end $$;
create trigger attendee_joined after insert on activityparty for each row
    when (new.participationtypemask in (5, 6, 7, 10)) execute function crm_attendees_changed();
create trigger attendee_changed after update on activityparty for each row
    when (new.participationtypemask in (5, 6, 7, 10)) execute function crm_attendees_changed();
create trigger attendee_left after delete on activityparty for each row
    when (old.participationtypemask in (5, 6, 7, 10)) execute function crm_attendees_changed();
"""

LEAVE_APPOINTMENTS = """
drop trigger attendee_left on activityparty;
drop trigger attendee_changed on activityparty;
drop trigger attendee_joined on activityparty;
drop function crm_attendees_changed();
drop trigger appointment_deleted on appointment;
drop trigger appointment_updated on appointment;
drop trigger appointment_inserted on appointment;
drop function crm_tell_of_appointments();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0023_expand_list_searches"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="appointmentdeletionbehaviorfromcrm",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Delete"), (1, "Delete unless completed"), (2, "Keep")], db_default=0, default=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="appointmentdeletionbehaviorfromexchange",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Delete"), (1, "Delete unless completed"), (2, "Keep")], db_default=0, default=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="appointmentstartwindowindays",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=30, default=30, highest=36500, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="appointmentsyncdirection",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "None"), (1, "To Exchange"), (2, "To the CRM"), (3, "Both ways")],
                db_default=3,
                default=3,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="defaulttimezone",
            field=models.CharField(db_default="UTC", default="UTC", max_length=100),
        ),
        migrations.AddField(
            model_name="organization",
            name="privateappointments",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Leave out"), (1, "Without their content"), (2, "Whole")],
                db_default=1,
                default=1,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="sendmeetinginvitations",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="ssspropagateappointmentcancellationstoexchange",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="organization",
            name="sssupdatepastmeetingsinnondraftmode",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="organization",
            name="trackappointmentsfromnonorganizer",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.RunSQL(FOLLOW_APPOINTMENTS, LEAVE_APPOINTMENTS),
    ]
