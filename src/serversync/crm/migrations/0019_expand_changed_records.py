"""Lets the database tell which records have changed that are kept in step, and finds links and items by indexes.

Why: a pass compared all links with all records. Now triggers write a row of ``exchangesyncrecord`` for each change of a
contact that is linked in a followed mailbox, or whose owner's mailbox is followed; a pass tells with the setting ``serversync.mailbox`` of its
transaction that a change is its own. Locks taken: writes to ``exchangesyncidmapping``, ``exchangesyncitem`` and
``contact`` wait while the indexes and triggers are made. At 10 million rows: about a minute. Undo: migrate crm 0018.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns

FOLLOW_RECORDS = """
create function crm_tell_of_records() returns trigger language plpgsql as $$
begin
    -- Arguments: the kind, and the key of its table. Planned each time, because the size of "changed" matters.
    execute format($statement$
        insert into exchangesyncrecord (mailboxid, objecttypecode, objectid)
        select l.mailboxid, %1$L, l.objectid
        from changed r join exchangesyncidmapping l on l.objectid = r.%2$I and l.objecttypecode = %1$L
            join exchangesyncfolder f on f.mailboxid = l.mailboxid and f.objecttypecode = %1$L and f.isfollowed
        where l.stage < 3 and l.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '')
        union
        select f.mailboxid, %1$L, r.%2$I
        from changed r join mailbox m on m.ownerid = r.ownerid
            join exchangesyncfolder f on f.mailboxid = m.mailboxid and f.objecttypecode = %1$L and f.isfollowed
        where f.mailboxid::text <> coalesce(current_setting('serversync.mailbox', true), '')
        $statement$, tg_argv[0], tg_argv[1]);
    return null;
end $$;
create trigger contact_inserted after insert on contact referencing new table as changed
    for each statement execute function crm_tell_of_records('contact', 'contactid');
create trigger contact_updated after update on contact referencing new table as changed
    for each statement execute function crm_tell_of_records('contact', 'contactid');
create trigger contact_deleted after delete on contact referencing old table as changed
    for each statement execute function crm_tell_of_records('contact', 'contactid');
"""

LEAVE_RECORDS = """
drop trigger contact_deleted on contact;
drop trigger contact_updated on contact;
drop trigger contact_inserted on contact;
drop function crm_tell_of_records();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0018_expand_synchronization_schedule"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeSyncRecord",
            fields=[
                (
                    "exchangesyncrecordid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("objecttypecode", models.CharField(max_length=64)),
                ("objectid", models.UUIDField()),
                ("isheard", models.BooleanField(db_default=False, default=False)),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table": "exchangesyncrecord",
            },
        ),
        migrations.AddField(
            model_name="exchangesyncfolder",
            name="filters",
            field=models.CharField(blank=True, max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="exchangesyncfolder",
            name="followedfrom",
            field=serversync.crm.models.columns.BigWholeNumberField(
                blank=True, highest=None, lowest=0, null=True
            ),
        ),
        migrations.AddField(
            model_name="exchangesyncfolder",
            name="isfollowed",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="exchangesyncidmapping",
            index=models.Index(fields=["objectid"], name="exchangesyncidmapping_record"),
        ),
        migrations.AddIndex(
            model_name="exchangesyncidmapping",
            index=models.Index(
                condition=models.Q(("stage__lt", 2), ("dueon__isnull", False), _connector="OR"),
                fields=["mailboxid", "objecttypecode", "dueon"],
                name="exchangesyncidmapping_due",
            ),
        ),
        migrations.AddIndex(
            model_name="exchangesyncidmapping",
            index=models.Index(
                condition=models.Q(("isunheard", True)),
                fields=["mailboxid", "objecttypecode"],
                name="exchangesyncidmapping_unheard",
            ),
        ),
        migrations.AddIndex(
            model_name="exchangesyncitem",
            index=models.Index(
                condition=models.Q(("isheard", True)),
                fields=["mailboxid", "objecttypecode"],
                name="exchangesyncitem_heard",
            ),
        ),
        migrations.AddField(
            model_name="exchangesyncrecord",
            name="mailboxid",
            field=models.ForeignKey(
                db_column="mailboxid",
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="crm.mailbox",
            ),
        ),
        migrations.AddIndex(
            model_name="exchangesyncrecord",
            index=models.Index(
                fields=["mailboxid", "objecttypecode", "isheard"], name="exchangesyncrecord_heard"
            ),
        ),
        migrations.AddIndex(
            model_name="exchangesyncrecord",
            index=models.Index(fields=["mailboxid", "objectid"], name="exchangesyncrecord_object"),
        ),
        migrations.RunSQL(FOLLOW_RECORDS, LEAVE_RECORDS),
    ]
