"""Lets the database keep the promises that columns cannot make.

Why: (1) every user and every queue has exactly one mailbox, made in the statement that makes them, with the
organization's defaults; address, approval and delivery methods are equal on both sides, whichever side is changed;
a disabled user's mailbox is inactive. Triggers were chosen over a deferred constraint because rows come by ORM, COPY
and plain SQL: a constraint could only refuse what a trigger does right. (2) The organization has one row, from now
on. (3) The bytes of attachments are stored uncompressed and out of line, so that substring() reads a part of a large
file without the whole.

Lock taken: ACCESS EXCLUSIVE on the empty tables of 0001, for milliseconds. At 10 million rows: does not apply, the
tables are new. Undo: migrate crm 0001; mailboxes that exist stay.
"""

from django.db import migrations

MAILBOX_OF_A_USER = """
create function crm_mailbox_of_systemuser() returns trigger language plpgsql as $$
declare
    box uuid := gen_random_uuid();
begin
    insert into mailbox (
        mailboxid, name, emailaddress, regardingobjectid, regardingobjecttypecode, isforwardmailbox, ownerid,
        emailserverprofile, incomingemaildeliverymethod, outgoingemaildeliverymethod, actdeliverymethod,
        emailrouteraccessapproval, statecode, statuscode)
    select
        box, left(coalesce(nullif(new.fullname, ''), new.domainname), 200), new.internalemailaddress,
        new.systemuserid, 'systemuser', false, new.systemuserid, settings.defaultemailserverprofileid,
        coalesce(new.incomingemaildeliverymethod, settings.defaultincomingemaildeliverymethod, 0),
        coalesce(new.outgoingemaildeliverymethod, settings.defaultoutgoingemaildeliverymethod, 0),
        coalesce(settings.defaultactdeliverymethod, 2),
        crm_approval(new.internalemailaddress, new.emailrouteraccessapproval),
        new.isdisabled::int, 1 + new.isdisabled::int
    from (values (true)) as one left join organization as settings on true;
    update systemuser set
        defaultmailbox = box,
        emailrouteraccessapproval = mailbox.emailrouteraccessapproval,
        incomingemaildeliverymethod = mailbox.incomingemaildeliverymethod,
        outgoingemaildeliverymethod = mailbox.outgoingemaildeliverymethod
    from mailbox where mailboxid = box and systemuserid = new.systemuserid;
    insert into usersettings (systemuserid) values (new.systemuserid) on conflict do nothing;
    return null;
end $$;
create trigger mailbox_of_systemuser after insert on systemuser
    for each row execute function crm_mailbox_of_systemuser();
"""

MAILBOX_OF_A_QUEUE = """
create function crm_mailbox_of_queue() returns trigger language plpgsql as $$
declare
    box uuid := gen_random_uuid();
begin
    insert into mailbox (
        mailboxid, name, emailaddress, regardingobjectid, regardingobjecttypecode, isforwardmailbox, ownerid,
        emailserverprofile, incomingemaildeliverymethod, outgoingemaildeliverymethod,
        emailrouteraccessapproval, statecode, statuscode)
    select
        box, new.name, new.emailaddress, new.queueid, 'queue', false, new.ownerid,
        settings.defaultemailserverprofileid,
        coalesce(new.incomingemaildeliverymethod, nullif(settings.defaultincomingemaildeliverymethod, 1), 0),
        coalesce(new.outgoingemaildeliverymethod, nullif(settings.defaultoutgoingemaildeliverymethod, 1), 0),
        crm_approval(new.emailaddress, new.emailrouteraccessapproval),
        new.statecode, new.statuscode
    from (values (true)) as one left join organization as settings on true;
    update queue set
        defaultmailbox = box,
        emailrouteraccessapproval = mailbox.emailrouteraccessapproval,
        incomingemaildeliverymethod = mailbox.incomingemaildeliverymethod,
        outgoingemaildeliverymethod = mailbox.outgoingemaildeliverymethod
    from mailbox where mailboxid = box and queueid = new.queueid;
    return null;
end $$;
create trigger mailbox_of_queue after insert on queue
    for each row execute function crm_mailbox_of_queue();
"""

APPROVAL = """
create function crm_approval(address text, approval smallint) returns smallint language sql immutable as $$
    select (case when coalesce(address, '') = '' then 0 when approval = 0 then 2 else approval end)::smallint
$$;
create function crm_systemuser_before_update() returns trigger language plpgsql as $$
begin
    new.defaultmailbox := coalesce(new.defaultmailbox, old.defaultmailbox);
    if new.internalemailaddress is distinct from old.internalemailaddress
            and new.emailrouteraccessapproval = old.emailrouteraccessapproval then
        new.emailrouteraccessapproval := crm_approval(new.internalemailaddress, 0::smallint);
    end if;
    return new;
end $$;
create trigger systemuser_before_update before update on systemuser
    for each row execute function crm_systemuser_before_update();
create function crm_queue_before_update() returns trigger language plpgsql as $$
begin
    new.defaultmailbox := coalesce(new.defaultmailbox, old.defaultmailbox);
    if new.emailaddress is distinct from old.emailaddress
            and new.emailrouteraccessapproval = old.emailrouteraccessapproval then
        new.emailrouteraccessapproval := crm_approval(new.emailaddress, 0::smallint);
    end if;
    return new;
end $$;
create trigger queue_before_update before update on queue
    for each row execute function crm_queue_before_update();
create function crm_mailbox_before_update() returns trigger language plpgsql as $$
begin
    if new.emailaddress is distinct from old.emailaddress
            and new.emailrouteraccessapproval = old.emailrouteraccessapproval then
        new.emailrouteraccessapproval := crm_approval(new.emailaddress, 0::smallint);
    end if;
    return new;
end $$;
create trigger mailbox_before_update before update of emailaddress on mailbox
    for each row execute function crm_mailbox_before_update();
"""

BOTH_WAYS = """
create function crm_systemuser_to_mailbox() returns trigger language plpgsql as $$
begin
    update mailbox set
        emailaddress = new.internalemailaddress,
        emailrouteraccessapproval = new.emailrouteraccessapproval,
        incomingemaildeliverymethod = coalesce(new.incomingemaildeliverymethod, mailbox.incomingemaildeliverymethod),
        outgoingemaildeliverymethod = coalesce(new.outgoingemaildeliverymethod, mailbox.outgoingemaildeliverymethod),
        modifiedon = now()
    where mailboxid = new.defaultmailbox and (
        emailaddress is distinct from new.internalemailaddress
        or emailrouteraccessapproval <> new.emailrouteraccessapproval
        or incomingemaildeliverymethod <> new.incomingemaildeliverymethod
        or outgoingemaildeliverymethod <> new.outgoingemaildeliverymethod);
    if new.isdisabled <> old.isdisabled then
        update mailbox set statecode = new.isdisabled::int, statuscode = 1 + new.isdisabled::int, modifiedon = now()
        where mailboxid = new.defaultmailbox;
    end if;
    return null;
end $$;
create trigger systemuser_to_mailbox after update of
    internalemailaddress, emailrouteraccessapproval, incomingemaildeliverymethod, outgoingemaildeliverymethod,
    isdisabled on systemuser
    for each row when (old.defaultmailbox is not null) execute function crm_systemuser_to_mailbox();

create function crm_queue_to_mailbox() returns trigger language plpgsql as $$
begin
    update mailbox set
        emailaddress = new.emailaddress,
        emailrouteraccessapproval = new.emailrouteraccessapproval,
        incomingemaildeliverymethod = coalesce(new.incomingemaildeliverymethod, mailbox.incomingemaildeliverymethod),
        outgoingemaildeliverymethod = coalesce(new.outgoingemaildeliverymethod, mailbox.outgoingemaildeliverymethod),
        modifiedon = now()
    where mailboxid = new.defaultmailbox and (
        emailaddress is distinct from new.emailaddress
        or emailrouteraccessapproval <> new.emailrouteraccessapproval
        or incomingemaildeliverymethod <> new.incomingemaildeliverymethod
        or outgoingemaildeliverymethod <> new.outgoingemaildeliverymethod);
    if new.statecode <> old.statecode then
        update mailbox set statecode = new.statecode, statuscode = new.statuscode, modifiedon = now()
        where mailboxid = new.defaultmailbox;
    end if;
    return null;
end $$;
create trigger queue_to_mailbox after update of
    emailaddress, emailrouteraccessapproval, incomingemaildeliverymethod, outgoingemaildeliverymethod, statecode
    on queue
    for each row when (old.defaultmailbox is not null) execute function crm_queue_to_mailbox();

create function crm_mailbox_to_owner() returns trigger language plpgsql as $$
begin
    if new.regardingobjecttypecode = 'systemuser' then
        update systemuser set
            internalemailaddress = new.emailaddress,
            emailrouteraccessapproval = new.emailrouteraccessapproval,
            incomingemaildeliverymethod = new.incomingemaildeliverymethod,
            outgoingemaildeliverymethod = new.outgoingemaildeliverymethod,
            modifiedon = now()
        where systemuserid = new.regardingobjectid and (
            internalemailaddress is distinct from new.emailaddress
            or emailrouteraccessapproval <> new.emailrouteraccessapproval
            or incomingemaildeliverymethod is distinct from new.incomingemaildeliverymethod
            or outgoingemaildeliverymethod is distinct from new.outgoingemaildeliverymethod);
    else
        update queue set
            emailaddress = new.emailaddress,
            emailrouteraccessapproval = new.emailrouteraccessapproval,
            incomingemaildeliverymethod = new.incomingemaildeliverymethod,
            outgoingemaildeliverymethod = new.outgoingemaildeliverymethod,
            modifiedon = now()
        where queueid = new.regardingobjectid and (
            emailaddress is distinct from new.emailaddress
            or emailrouteraccessapproval <> new.emailrouteraccessapproval
            or incomingemaildeliverymethod is distinct from new.incomingemaildeliverymethod
            or outgoingemaildeliverymethod is distinct from new.outgoingemaildeliverymethod);
    end if;
    return null;
end $$;
create trigger mailbox_to_owner after update of
    emailaddress, emailrouteraccessapproval, incomingemaildeliverymethod, outgoingemaildeliverymethod on mailbox
    for each row when (new.regardingobjectid is not null) execute function crm_mailbox_to_owner();
"""

NO_STRAY_MAILBOX = """
create function crm_mailbox_has_owner() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        raise foreign_key_violation using message = 'a mailbox belongs to one user or queue for good';
    end if;
    if not exists (
        select from systemuser where systemuserid = new.regardingobjectid and new.regardingobjecttypecode = 'systemuser'
        union all
        select from queue where queueid = new.regardingobjectid and new.regardingobjecttypecode = 'queue'
    ) then
        raise foreign_key_violation using message = 'a mailbox that forwards nothing belongs to a user or queue';
    end if;
    return new;
end $$;
create trigger mailbox_has_owner before insert on mailbox
    for each row when (not new.isforwardmailbox) execute function crm_mailbox_has_owner();
create trigger mailbox_keeps_owner before update of regardingobjectid on mailbox
    for each row when (old.regardingobjectid is distinct from new.regardingobjectid)
    execute function crm_mailbox_has_owner();

create function crm_mailbox_goes_with_owner() returns trigger language plpgsql as $$
begin
    delete from mailbox where mailboxid = old.defaultmailbox;
    return null;
end $$;
create trigger mailbox_goes_with_systemuser after delete on systemuser
    for each row execute function crm_mailbox_goes_with_owner();
create trigger mailbox_goes_with_queue after delete on queue
    for each row execute function crm_mailbox_goes_with_owner();
"""

UNDO = """
drop function crm_mailbox_goes_with_owner, crm_mailbox_has_owner, crm_mailbox_to_owner, crm_queue_to_mailbox,
    crm_systemuser_to_mailbox, crm_mailbox_before_update, crm_queue_before_update, crm_systemuser_before_update,
    crm_mailbox_of_queue, crm_mailbox_of_systemuser, crm_approval cascade;
"""

ONE_ORGANIZATION = """
create unique index organization_one_row on organization ((true));
insert into organization default values on conflict do nothing;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [
        migrations.RunSQL(
            APPROVAL + MAILBOX_OF_A_USER + MAILBOX_OF_A_QUEUE + BOTH_WAYS + NO_STRAY_MAILBOX, UNDO
        ),
        migrations.RunSQL(ONE_ORGANIZATION, "drop index organization_one_row"),
        migrations.RunSQL(
            "alter table attachment alter column body set storage external",
            "alter table attachment alter column body set storage extended",
        ),
    ]
