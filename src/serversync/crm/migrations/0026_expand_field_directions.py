"""Adds which way a field goes, where somebody has set another way than the one it comes with.

Why: administrators decide what of a contact, task or appointment leaves the CRM or comes in. Lock taken: none on existing
tables. At 10 million rows: does not apply, there is a row for each field at most. Undo: migrate to the one before.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0025_expand_series"),
    ]

    operations = [
        migrations.CreateModel(
            name="SyncAttributeMapping",
            fields=[
                (
                    "syncattributemappingid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("entitytypecode", models.CharField(max_length=64)),
                ("mappingname", models.CharField(max_length=100)),
                ("attributecrmname", models.CharField(max_length=100)),
                ("attributeexchangename", models.CharField(max_length=100)),
                (
                    "syncdirection",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "None"), (1, "To Exchange"), (2, "To the CRM"), (3, "Both ways")],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "defaultsyncdirection",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "None"), (1, "To Exchange"), (2, "To the CRM"), (3, "Both ways")],
                        db_default=0,
                        default=0,
                    ),
                ),
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
                "db_table": "syncattributemapping",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entitytypecode", "attributecrmname"), name="syncattributemapping_field"
                    )
                ],
            },
        ),
    ]
