"""Lets mailboxes hear that another one is not synchronized any more, so that one of them speaks for its meetings.

Why: of the mailboxes that have a meeting one speaks for it; the others remember what their items say newly, and have to look
at it again when it is their turn. Triggers write a row of ``exchangesyncrecord`` for each meeting that a mailbox shares with
one that is deactivated, switched off, has another method, is not approved any more or loses its profile, and where a link ends, rests
or is deleted; passes drop those that say nothing new. Locks taken: writes to four tables wait for milliseconds while the triggers are made. At 10
million rows: the same. Undo: migrate crm 0049.
"""

from django.db import migrations

LET_OTHERS_SPEAK = """
create function crm_let_others_speak(silent uuid[]) returns void language sql as $$
    insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
    select distinct l.mailboxid, l.objecttypecode, l.objectid
    from exchangesyncidmapping s join exchangesyncidmapping l on l.objectid = s.objectid and l.mailboxid <> s.mailboxid
        join exchangesyncfolder f on f.mailboxid = l.mailboxid and f.objecttypecode = l.objecttypecode and f.isfollowed
    where s.mailboxid = any(silent) and not (l.mailboxid = any(silent)) and s.stage < 3 and l.stage < 3
        and s.objecttypecode in ('appointment', 'recurringappointmentmaster');
$$;
create function crm_mailbox_falls_silent() returns trigger language plpgsql as $$
begin
    perform crm_let_others_speak(array[new.mailboxid]);
    return null;
end $$;
create trigger mailbox_falls_silent
    after update of statecode, actdeliverymethod, enabledforact, emailrouteraccessapproval, emailserverprofile on mailbox
    for each row when (
        (old.statecode = 0 and new.statecode <> 0) or (old.actdeliverymethod = 1 and new.actdeliverymethod <> 1)
        or (old.enabledforact and not new.enabledforact)
        or (old.emailrouteraccessapproval = 1 and new.emailrouteraccessapproval <> 1)
        or (old.emailserverprofile is not null and new.emailserverprofile is null))
    execute function crm_mailbox_falls_silent();
create function crm_profile_falls_silent() returns trigger language plpgsql as $$
begin
    perform crm_let_others_speak(array(select mailboxid from mailbox where emailserverprofile = new.emailserverprofileid));
    return null;
end $$;
create trigger profile_falls_silent after update of statecode on emailserverprofile
    for each row when (old.statecode = 0 and new.statecode <> 0) execute function crm_profile_falls_silent();
create function crm_unapproved_fall_silent() returns trigger language plpgsql as $$
begin
    perform crm_let_others_speak(array(select mailboxid from mailbox where emailrouteraccessapproval <> 1));
    return null;
end $$;
create trigger unapproved_fall_silent after update of requireapprovalforuseremail on organization
    for each row when (new.requireapprovalforuseremail and not old.requireapprovalforuseremail)
    execute function crm_unapproved_fall_silent();
create function crm_links_of_deleted_mailboxes() returns trigger language plpgsql as $$
begin
    insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
    select distinct l.mailboxid, l.objecttypecode, l.objectid
    from gone s join exchangesyncidmapping l on l.objectid = s.objectid and l.mailboxid <> s.mailboxid
        join exchangesyncfolder f on f.mailboxid = l.mailboxid and f.objecttypecode = l.objecttypecode and f.isfollowed
    where s.stage < 3 and l.stage < 3 and s.objecttypecode in ('appointment', 'recurringappointmentmaster');
    return null;
end $$;
create function crm_link_falls_silent() returns trigger language plpgsql as $$
begin
    insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
    select l.mailboxid, l.objecttypecode, l.objectid from exchangesyncidmapping l
        join exchangesyncfolder f on f.mailboxid = l.mailboxid and f.objecttypecode = l.objecttypecode and f.isfollowed
    where l.objectid = new.objectid and l.mailboxid <> new.mailboxid and l.stage < 3;
    return null;
end $$;
create trigger link_falls_silent after update of stage, isparked on exchangesyncidmapping for each row when (
        new.objecttypecode in ('appointment', 'recurringappointmentmaster')
        and ((old.stage < 3 and new.stage >= 3) or (new.isparked and not old.isparked)))
    execute function crm_link_falls_silent();
create trigger links_gone after delete on exchangesyncidmapping referencing old table as gone
    for each statement execute function crm_links_of_deleted_mailboxes();
"""
LET_ORGANIZERS_SPEAK = """
drop trigger link_falls_silent on exchangesyncidmapping;
drop function crm_link_falls_silent();
drop trigger links_gone on exchangesyncidmapping;
drop function crm_links_of_deleted_mailboxes();
drop trigger unapproved_fall_silent on organization;
drop function crm_unapproved_fall_silent();
drop trigger profile_falls_silent on emailserverprofile;
drop function crm_profile_falls_silent();
drop trigger mailbox_falls_silent on mailbox;
drop function crm_mailbox_falls_silent();
drop function crm_let_others_speak(uuid[]);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0049_expand_files_of_tasks"),
    ]

    operations = [migrations.RunSQL(LET_OTHERS_SPEAK, LET_ORGANIZERS_SPEAK)]
