"""Adds how long mailboxes had been due when their passes began, summed up by the hour.

Why: the overview shows it beside how long passes take. Lock taken: a short one on ``workhour``, which has one row an hour; the
default is in the catalogue, so no row is written. At 10 million e-mails: the same. Undo: migrate to the one before.
"""

from django.db import migrations

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0032_expand_lists_of_activities"),
    ]

    operations = [
        migrations.AddField(
            model_name="workhour",
            name="waitedmilliseconds",
            field=serversync.crm.models.columns.BigWholeNumberField(
                db_default=0, default=0, highest=None, lowest=0
            ),
        ),
    ]
