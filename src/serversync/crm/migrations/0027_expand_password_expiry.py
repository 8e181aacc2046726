"""Adds when the passwords of accounts end, and how many days before it is said.

Why: an administrator hears of it before mail stops. Locks taken: a moment on ``organization``, whose new column has a
constant default. At 10 million rows: does not apply, there is a row for each account. Undo: migrate crm 0026.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0026_expand_field_directions"),
    ]

    operations = [
        migrations.CreateModel(
            name="PasswordExpiry",
            fields=[
                ("passwordexpiryid", models.UUIDField(primary_key=True, serialize=False)),
                ("credentialsof", models.DateTimeField()),
                ("expireson", models.DateTimeField(blank=True, null=True)),
                ("dueon", models.DateTimeField()),
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
                "db_table": "passwordexpiry",
            },
        ),
        migrations.AddField(
            model_name="organization",
            name="passwordwarningindays",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=14, default=14, highest=365, lowest=0
            ),
        ),
    ]
