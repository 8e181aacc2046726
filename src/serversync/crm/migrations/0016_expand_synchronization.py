"""Adds what keeping contacts in step has to remember: links, items heard of, how far each feed was heard.

Why: each pass decides from the last common state of a pair. Lock taken: none on existing tables but that of a new
foreign key to mailbox, for milliseconds. At 10 million rows: the tables are new and empty. Undo: migrate crm 0015;
nothing uses the tables yet.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0015_expand_list_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeSyncFolder",
            fields=[
                (
                    "exchangesyncfolderid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("objecttypecode", models.CharField(max_length=64)),
                ("syncstate", models.TextField(blank=True, null=True)),
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
                    "mailboxid",
                    models.ForeignKey(
                        db_column="mailboxid",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "exchangesyncfolder",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("mailboxid", "objecttypecode"), name="exchangesyncfolder_kind"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExchangeSyncIdMapping",
            fields=[
                (
                    "exchangesyncidmappingid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("objectid", models.UUIDField()),
                ("objecttypecode", models.CharField(max_length=64)),
                (
                    "stage",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Creating in the CRM"),
                            (1, "Creating in Exchange"),
                            (2, "Linked"),
                            (3, "Unlinked"),
                            (4, "Gone"),
                        ],
                        db_default=2,
                        default=2,
                    ),
                ),
                ("itemsubject", models.CharField(blank=True, max_length=2048, null=True)),
                ("exchangeentryid", models.CharField(blank=True, max_length=1024, null=True)),
                ("changekey", models.CharField(blank=True, max_length=512, null=True)),
                ("base", models.JSONField(blank=True, null=True)),
                ("intent", models.JSONField(blank=True, null=True)),
                ("conflicts", models.JSONField(blank=True, null=True)),
                (
                    "recordversion",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("askedon", models.DateTimeField(blank=True, null=True)),
                ("crmmissedon", models.DateTimeField(blank=True, null=True)),
                ("exchangemissedon", models.DateTimeField(blank=True, null=True)),
                ("isparked", models.BooleanField(db_default=False, default=False)),
                ("isunheard", models.BooleanField(db_default=False, default=False)),
                ("isdeletedinexchange", models.BooleanField(db_default=False, default=False)),
                ("isunlinkedincrm", models.BooleanField(db_default=False, default=False)),
                (
                    "writes",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("writessince", models.DateTimeField(blank=True, null=True)),
                ("dueon", models.DateTimeField(blank=True, null=True)),
                (
                    "retries",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("lastsyncerror", models.TextField(blank=True, null=True)),
                ("lastsyncerroroccurredon", models.DateTimeField(blank=True, null=True)),
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
                    "mailboxid",
                    models.ForeignKey(
                        db_column="mailboxid",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "exchangesyncidmapping",
                "indexes": [
                    models.Index(fields=["mailboxid", "exchangeentryid"], name="exchangesyncidmapping_entry")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("mailboxid", "objectid"), name="exchangesyncidmapping_object"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExchangeSyncItem",
            fields=[
                (
                    "exchangesyncitemid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("objecttypecode", models.CharField(max_length=64)),
                ("exchangeentryid", models.CharField(max_length=1024)),
                ("isheard", models.BooleanField(db_default=True, default=True)),
                ("copyof", models.UUIDField(blank=True, null=True)),
                ("dueon", models.DateTimeField(blank=True, null=True)),
                (
                    "retries",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("lastsyncerror", models.CharField(blank=True, max_length=2048, null=True)),
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
                    "mailboxid",
                    models.ForeignKey(
                        db_column="mailboxid",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "exchangesyncitem",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("mailboxid", "exchangeentryid"), name="exchangesyncitem_entry"
                    )
                ],
            },
        ),
    ]
