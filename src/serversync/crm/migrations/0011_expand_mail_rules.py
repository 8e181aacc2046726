"""Adds what the rules of incoming mail need: tables, columns and the indexes they look up by.

Why: filters, correlation, queue items, tracked folders, categories and decision traces. Locks taken: short ones for
the columns, which have constant defaults; writes to ``email`` wait while its two indexes are built anew. At 10 million
rows: about a minute. Undo: migrate crm 0010, which drops what was added, and the traces of outcomes that it does not know.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0010_expand_profile_access"),
    ]

    operations = [
        migrations.CreateModel(
            name="EmailHash",
            fields=[
                ("emailhashid", models.BigAutoField(primary_key=True, serialize=False)),
                ("hash", models.BigIntegerField()),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table": "emailhash",
            },
        ),
        migrations.CreateModel(
            name="MailboxAction",
            fields=[
                (
                    "mailboxactionid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("itemkey", models.UUIDField()),
                ("exchangeentryid", models.TextField()),
                (
                    "kind",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "Move to Deleted Items"),
                            (2, "Add a category"),
                            (3, "Remove a category"),
                            (4, "Move to Undeliverable"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
                ("category", models.CharField(blank=True, max_length=255, null=True)),
                (
                    "attempts",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("nextattempton", models.DateTimeField(blank=True, null=True)),
                ("lasterror", models.TextField(blank=True, null=True)),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table": "mailboxaction",
            },
        ),
        migrations.CreateModel(
            name="MailboxTrackingFolder",
            fields=[
                (
                    "mailboxtrackingfolderid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("exchangefolderid", models.TextField()),
                ("exchangefoldername", models.CharField(blank=True, max_length=256, null=True)),
                ("folderonboardingstatus", models.SmallIntegerField(db_default=0, default=0)),
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
            ],
            options={
                "db_table": "mailboxtrackingfolder",
            },
        ),
        migrations.RemoveIndex(
            model_name="email",
            name="email_trackingtoken",
        ),
        migrations.RemoveIndex(
            model_name="email",
            name="email_baseconversationindex",
        ),
        migrations.AddField(
            model_name="email",
            name="leftout",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="messagetrace",
            name="iscategorized",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="messagetrace",
            name="nextattempton",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="categorizetrackeditems",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="organization",
            name="messagetracepersistencetimeindays",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=90, default=90, highest=3650, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="trackingcategoryname",
            field=models.CharField(
                db_default="Tracked to Dynamics 365", default="Tracked to Dynamics 365", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="autocreatecontactonpromote",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(-1, "None"), (0, "Contact"), (1, "Lead")], db_default=-1, default=-1
            ),
        ),
        migrations.AlterField(
            model_name="messagetrace",
            name="outcome",
            field=serversync.crm.models.columns.PicklistField(
                choices=[
                    (1, "Tracked"),
                    (2, "Already tracked"),
                    (3, "Before the start date"),
                    (4, "Set aside"),
                    (5, "Gone"),
                    (6, "Not mail"),
                    (7, "Not accepted"),
                    (8, "Untracked"),
                ],
                db_default=1,
                default=1,
            ),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                models.F("baseconversationindexhash"),
                models.OrderBy(models.F("createdon"), descending=True),
                condition=models.Q(("baseconversationindexhash__isnull", False)),
                name="email_conversation",
            ),
        ),
        migrations.AddConstraint(
            model_name="email",
            constraint=models.UniqueConstraint(
                condition=models.Q(("trackingtoken__isnull", False)),
                fields=("trackingtoken",),
                name="email_trackingtoken_once",
            ),
        ),
        migrations.AddField(
            model_name="emailhash",
            name="activityid",
            field=models.ForeignKey(
                db_column="activityid",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="emailhashes",
                to="crm.email",
            ),
        ),
        migrations.AddField(
            model_name="mailboxaction",
            name="mailboxid",
            field=models.ForeignKey(
                db_column="mailboxid",
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mailboxactions",
                to="crm.mailbox",
            ),
        ),
        migrations.AddField(
            model_name="mailboxtrackingfolder",
            name="mailboxid",
            field=models.ForeignKey(
                db_column="mailboxid",
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mailboxtrackingfolders",
                to="crm.mailbox",
            ),
        ),
        migrations.AddField(
            model_name="mailboxfolder",
            name="mailboxtrackingfolderid",
            field=models.OneToOneField(
                blank=True,
                db_column="mailboxtrackingfolderid",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mailboxfolder",
                to="crm.mailboxtrackingfolder",
            ),
        ),
        migrations.AddField(
            model_name="messagetrace",
            name="mailboxtrackingfolderid",
            field=models.ForeignKey(
                blank=True,
                db_column="mailboxtrackingfolderid",
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="crm.mailboxtrackingfolder",
            ),
        ),
        migrations.AddIndex(
            model_name="messagetrace",
            index=models.Index(
                condition=models.Q(("nextattempton__isnull", False)),
                fields=["mailboxid", "nextattempton"],
                name="messagetrace_nextattempt",
            ),
        ),
        migrations.AddIndex(
            model_name="emailhash",
            index=models.Index(
                models.F("hash"),
                models.OrderBy(models.F("createdon"), descending=True),
                name="emailhash_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailboxaction",
            constraint=models.UniqueConstraint(
                fields=("mailboxid", "itemkey", "kind", "category"),
                name="mailboxaction_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="mailboxtrackingfolder",
            constraint=models.UniqueConstraint(
                fields=("mailboxid", "exchangefolderid"), name="mailboxtrackingfolder_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="mailboxtrackingfolder",
            constraint=models.CheckConstraint(
                condition=models.Q(("folderonboardingstatus__in", [0, 1, 2])),
                name="mailboxtrackingfolder_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailboxtrackingfolder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("regardingobjectid", None), ("regardingobjecttypecode", None)),
                    models.Q(
                        ("regardingobjectid__isnull", False), ("regardingobjecttypecode__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="mailboxtrackingfolder_regarding",
            ),
        ),
        # Django does not see that the check of a field of ours changed with its choices.
        migrations.RunSQL(
            "alter table messagetrace drop constraint messagetrace_outcome_check,"
            " add constraint messagetrace_outcome_check check (outcome in (1, 2, 3, 4, 5, 6, 7, 8))",
            "delete from messagetrace where outcome in (7, 8);"
            "alter table messagetrace drop constraint messagetrace_outcome_check,"
            " add constraint messagetrace_outcome_check check (outcome in (1, 2, 3, 4, 5, 6))",
        ),
    ]
