"""Adds the keys with which programs use the API.

Why: a program asks as a user without the user's password. Lock taken: a moment on ``systemuser``, for the foreign key.
At 10 million rows: does not apply, the table is new. Undo: migrate crm 0035.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0035_expand_companies_of_contacts"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "apikeyid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("firstcharacters", models.CharField(max_length=20)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("expireson", models.DateTimeField()),
                ("lastusedon", models.DateTimeField(blank=True, null=True)),
                (
                    "systemuserid",
                    models.ForeignKey(
                        db_column="systemuserid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="apikeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "apikey",
                "constraints": [
                    models.UniqueConstraint(fields=("systemuserid", "name"), name="apikey_name_of_user")
                ],
            },
        ),
    ]
