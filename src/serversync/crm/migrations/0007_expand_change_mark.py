"""Adds what polls remember of a mailbox, and how rarely idle mailboxes may be polled.

Why: one request says whether anything has changed in any folder of a mailbox, so that idle mailboxes cost little.
Lock taken: a short exclusive one on each table; no column rewrites rows. At 10 million rows: milliseconds. Undo:
migrate crm 0006, which drops the columns; every poll lists its folders then.
"""

from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0006_expand_privileges_audit_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailbox",
            name="changemark",
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="changemarkedon",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="changemarktrust",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=0, default=0, highest=3, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="foldersreadon",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="pollsskipped",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=0, default=0, highest=None, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="fullpollingintervalinseconds",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=3600, default=3600, highest=86400, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="maximumidlepollingintervalinseconds",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=300, default=300, highest=86400, lowest=1
            ),
        ),
    ]
