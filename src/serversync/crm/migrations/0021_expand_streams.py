"""Adds how often mailboxes are polled that a stream tells of, and which mailboxes may share a stream.

Why: until now the setting for idle mailboxes decided the first, and the address of the server alone the second. Lock
taken: on each of the three tables for the moment of adding columns. At 10 million rows: no rewriting, a moment. Undo:
migrate crm 0020.
"""

from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0020_expand_trace_reasons"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailbox",
            name="groupinginformation",
            field=models.CharField(blank=True, max_length=256, null=True),
        ),
        migrations.AddField(
            model_name="notificationgroup",
            name="groupinginformation",
            field=models.CharField(blank=True, db_default="", default="", max_length=256),
        ),
        migrations.AddField(
            model_name="organization",
            name="streamedpollingintervalinseconds",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=300, default=300, highest=86400, lowest=1
            ),
        ),
    ]
