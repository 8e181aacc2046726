"""Lets tasks have files as appointments have, and adds the setting whether these are kept in step.

Why: a file belongs to any of the three kinds of activity. Triggers take files away with their task, let a changed file count as a
change of it, and note which file a task has left. One more trigger does so of files that are renamed or replaced in their row, of either kind. Locks taken: ACCESS EXCLUSIVE on ``organization``,
``activitymimeattachment`` and ``task`` for an instant; no row of the latter two is read or rewritten, whatever their number. Undo: migrate crm 0048,
after deleting the files of tasks.
"""

from django.db import migrations, models

FOLLOW_FILES = """
create trigger files_of_deleted_task after delete on task
    referencing old table as gone for each statement execute function crm_files_of_deleted_activities();
create function crm_file_of_task() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        insert into attachmentinquestion (attachmentid) values (old.attachmentid);
        update task set modifiedon = now() where activityid = old.activityid;
    else
        update task set modifiedon = now() where activityid = new.activityid;
    end if;
    return null;
end $$;
create function crm_file_of_activity_renamed() returns trigger language plpgsql as $$
begin
    if old.attachmentid <> new.attachmentid then
        insert into attachmentinquestion (attachmentid) values (old.attachmentid);
    end if;
    update appointment set modifiedon = now() where activityid in (old.activityid, new.activityid);
    update task set modifiedon = now() where activityid in (old.activityid, new.activityid);
    return null;
end $$;
create trigger file_renamed after update of activityid, attachmentid, filename on activitymimeattachment for each row
    when (new.objecttypecode in ('appointment', 'task')) execute function crm_file_of_activity_renamed();
create trigger file_joined_task after insert on activitymimeattachment for each row
    when (new.objecttypecode = 'task') execute function crm_file_of_task();
create trigger file_left_task after delete on activitymimeattachment for each row
    when (old.objecttypecode = 'task') execute function crm_file_of_task();
"""

LEAVE_FILES = """
drop trigger file_renamed on activitymimeattachment;
drop function crm_file_of_activity_renamed();
drop trigger file_left_task on activitymimeattachment;
drop trigger file_joined_task on activitymimeattachment;
drop function crm_file_of_task();
drop trigger files_of_deleted_task on task;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0048_expand_filters_of_correspondence"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="synctaskattachments",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(FOLLOW_FILES, LEAVE_FILES),
    ]
