"""Lets appointments have files as e-mails have, and adds the setting whether these are kept in step.

Why: a file belongs to either kind of activity. ``activitymimeattachment.activityid`` therefore loses its foreign key, as that of
``activityparty`` has; triggers take files away with their activity, let a changed file count as a change of its appointment, and note
which file an appointment has left. Locks taken: ACCESS EXCLUSIVE on ``activitymimeattachment``, ``email`` and
``appointment`` for an instant; no row is read or rewritten, whatever their number. Undo: migrate crm 0044, after deleting the files of appointments.
"""

import django.db.models.deletion
from django.db import migrations, models

FOLLOW_FILES = """
create function crm_files_of_deleted_activities() returns trigger language plpgsql as $$
begin
    delete from activitymimeattachment f using gone where f.activityid = gone.activityid;
    return null;
end $$;
create trigger files_of_deleted_email after delete on email
    referencing old table as gone for each statement execute function crm_files_of_deleted_activities();
create trigger files_of_deleted_appointment after delete on appointment
    referencing old table as gone for each statement execute function crm_files_of_deleted_activities();
create function crm_file_of_appointment() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        insert into attachmentinquestion (attachmentid) values (old.attachmentid);
        update appointment set modifiedon = now() where activityid = old.activityid;
    else
        update appointment set modifiedon = now() where activityid = new.activityid;
    end if;
    return null;
end $$;
create trigger file_joined after insert on activitymimeattachment for each row
    when (new.objecttypecode = 'appointment') execute function crm_file_of_appointment();
create trigger file_left after delete on activitymimeattachment for each row
    when (old.objecttypecode = 'appointment') execute function crm_file_of_appointment();
"""

LEAVE_FILES = """
drop trigger file_left on activitymimeattachment;
drop trigger file_joined on activitymimeattachment;
drop function crm_file_of_appointment();
drop trigger files_of_deleted_appointment on appointment;
drop trigger files_of_deleted_email on email;
drop function crm_files_of_deleted_activities();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0044_expand_calendar_subfolders"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="syncappointmentattachments",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="activitymimeattachment",
            name="activityid",
            field=models.ForeignKey(
                db_column="activityid",
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="activitymimeattachments",
                to="crm.email",
            ),
        ),
        migrations.RunSQL(FOLLOW_FILES, LEAVE_FILES),
    ]
