"""Adds the table of leased connections, and the index by which a profile's next due mailbox is found.

Why: the limit of concurrent connections holds over all workers. Lock taken: writes to ``mailbox`` wait while its index
is built, a second for 100,000 mailboxes. Undo: migrate crm 0008, which drops both.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0008_expand_autodiscover"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConnectionSlot",
            fields=[
                (
                    "connectionslotid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("budgetid", models.UUIDField()),
                ("emailserverprofileid", models.UUIDField()),
                (
                    "connections",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=1, default=1, highest=300, lowest=1
                    ),
                ),
                ("purpose", models.CharField(max_length=20)),
                ("hostid", models.CharField(max_length=256)),
                ("leaseuntil", models.DateTimeField()),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table": "connectionslot",
            },
        ),
        migrations.AddIndex(
            model_name="mailbox",
            index=models.Index(
                condition=models.Q(("nextpasson__isnull", False)),
                fields=["emailserverprofile", "nextpasson"],
                name="mailbox_profile_nextpasson",
            ),
        ),
        migrations.AddIndex(
            model_name="connectionslot",
            index=models.Index(fields=["budgetid"], name="connectionslot_budget"),
        ),
    ]
