"""Gives contacts a photo, and remembers what the attachments of items in Exchange are.

Why: the photo of a contact goes both ways. The bytes are a row of ``attachment``; a trigger notes which one a contact has left,
so that it can be removed when none has it. Locks taken: writes to ``contact`` wait while its index is made, in which no row stands yet,
and writes to ``attachment`` for an instant; no row is rewritten. At 10 million contacts: a few seconds. Undo: migrate crm 0042,
which drops the photos of contacts from them and leaves their bytes.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

QUESTION_PHOTOS = """
create function crm_question_photo() returns trigger language plpgsql as $$
begin
    insert into attachmentinquestion (attachmentid) values (old.entityimageid);
    return null;
end $$;
create trigger contact_photo_replaced after update of entityimageid on contact for each row
    when (old.entityimageid is not null and old.entityimageid is distinct from new.entityimageid)
    execute function crm_question_photo();
create trigger contact_photo_left after delete on contact for each row
    when (old.entityimageid is not null) execute function crm_question_photo();
"""

LEAVE_PHOTOS = """
drop trigger contact_photo_left on contact;
drop trigger contact_photo_replaced on contact;
drop function crm_question_photo();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0042_expand_subjects_of_traces"),
    ]

    operations = [
        migrations.CreateModel(
            name="AttachmentInQuestion",
            fields=[
                (
                    "attachmentinquestionid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("attachmentid", models.UUIDField()),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table": "attachmentinquestion",
            },
        ),
        migrations.CreateModel(
            name="ExchangeSyncAttachment",
            fields=[
                (
                    "exchangesyncattachmentid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("exchangeentryid", models.CharField(max_length=1024)),
                ("files", models.JSONField()),
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
                "db_table": "exchangesyncattachment",
            },
        ),
        migrations.AddField(
            model_name="contact",
            name="entityimageid",
            field=models.ForeignKey(
                blank=True,
                db_column="entityimageid",
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="crm.attachment",
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("entityimageid__isnull", False)),
                fields=["entityimageid"],
                name="contact_entityimageid",
            ),
        ),
        migrations.AddIndex(
            model_name="attachmentinquestion",
            index=models.Index(fields=["createdon"], name="attachmentinquestion_oldest"),
        ),
        migrations.AddIndex(
            model_name="attachmentinquestion",
            index=models.Index(fields=["attachmentid"], name="attachmentinquestion_file"),
        ),
        migrations.AddField(
            model_name="exchangesyncattachment",
            name="mailboxid",
            field=models.ForeignKey(
                db_column="mailboxid",
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="crm.mailbox",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangesyncattachment",
            constraint=models.UniqueConstraint(
                fields=("mailboxid", "exchangeentryid"), name="exchangesyncattachment_entry"
            ),
        ),
        migrations.RunSQL(QUESTION_PHOTOS, LEAVE_PHOTOS),
    ]
