"""Adds the table of accounts whose password was refused.

Why: all workers together must not lock an account by retries, so they count refusals in one place. Lock taken: none
that others wait for; the table is new and empty. Undo: migrate crm 0004, which drops the table.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0004_expand_email_newest"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeAccount",
            fields=[
                ("exchangeaccountid", models.UUIDField(primary_key=True, serialize=False)),
                ("emailserverprofileid", models.UUIDField(blank=True, null=True)),
                ("credentialsof", models.DateTimeField()),
                (
                    "refusals",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("host", models.CharField(max_length=320)),
                ("username", models.CharField(max_length=320)),
                ("scheme", models.CharField(max_length=100)),
                ("refusedon", models.DateTimeField(blank=True, null=True)),
                ("stoppedon", models.DateTimeField(blank=True, null=True)),
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
                "db_table": "exchangeaccount",
            },
        ),
    ]
