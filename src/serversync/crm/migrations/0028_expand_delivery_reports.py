"""Adds what reports say of the recipients of e-mails that were sent.

Why: an e-mail that was sent and did not reach somebody shows whom, and why. Lock taken: a short one on ``email`` for the
foreign key of the new, empty table. At 10 million rows: the same. Undo: migrate to the one before; the marks are lost.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0027_expand_password_expiry"),
    ]

    operations = [
        migrations.CreateModel(
            name="EmailDeliveryReport",
            fields=[
                (
                    "emaildeliveryreportid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("address", models.CharField(db_default="", default="", max_length=320)),
                (
                    "fate",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Not delivered"), (2, "Delayed")], db_default=1, default=1
                    ),
                ),
                ("status", models.CharField(blank=True, max_length=20, null=True)),
                ("reason", models.CharField(blank=True, max_length=2048, null=True)),
                ("reportedon", models.DateTimeField(blank=True, null=True)),
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
                    "activityid",
                    models.ForeignKey(
                        db_column="activityid",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveryreports",
                        to="crm.email",
                    ),
                ),
            ],
            options={
                "db_table": "emaildeliveryreport",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("activityid", "address"), name="emaildeliveryreport_recipient"
                    )
                ],
            },
        ),
    ]
