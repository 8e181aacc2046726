"""Adds the groups of mailboxes that streams tell of, and what a mailbox has to know of its group.

Why: Exchange tells of changes over streams, which workers share by leases. Lock taken: a short exclusive one on three
tables; no column rewrites rows; the index on mailbox holds only those in groups, none at first. At 10 million rows:
milliseconds, and a second for the index. Undo: migrate crm 0012; mailboxes are only polled then.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0012_expand_sending"),
    ]

    operations = [
        migrations.CreateModel(
            name="NotificationGroup",
            fields=[
                (
                    "notificationgroupid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("endpoint", models.CharField(blank=True, db_default="", default="", max_length=2084)),
                ("anchormailboxid", models.UUIDField()),
                ("anchoraddress", models.CharField(max_length=100)),
                ("hostid", models.CharField(blank=True, max_length=256, null=True)),
                ("leaseuntil", models.DateTimeField(blank=True, null=True)),
                (
                    "leasefence",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("livesince", models.DateTimeField(blank=True, null=True)),
                (
                    "failures",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("lasterror", models.TextField(blank=True, null=True)),
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
                "db_table": "notificationgroup",
            },
        ),
        migrations.AddField(
            model_name="emailserverprofile",
            name="usestreamingnotifications",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="notificationgroupid",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="streamedon",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="streamretryon",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="wokenon",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="streamingnotificationsenabled",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddIndex(
            model_name="mailbox",
            index=models.Index(
                condition=models.Q(("notificationgroupid__isnull", False)),
                fields=["notificationgroupid"],
                name="mailbox_notificationgroup",
            ),
        ),
        migrations.AddField(
            model_name="notificationgroup",
            name="emailserverprofileid",
            field=models.ForeignKey(
                db_column="emailserverprofileid",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="crm.emailserverprofile",
            ),
        ),
    ]
