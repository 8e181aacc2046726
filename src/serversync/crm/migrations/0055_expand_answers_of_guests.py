"""Adds what a guest of one occurrence of a series alone has answered, as the CRM was told it last.

Why: an answer without a response stands in the guest's own mailbox only, whose item is no record; only a new one is news. Locks
taken: ACCESS EXCLUSIVE on ``exchangesyncitem`` for an instant (an empty column). At 10 million rows: the same. Undo: migrate
crm 0054.
"""

from django.db import migrations

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0054_expand_replaced_mailboxes"),
    ]

    operations = [
        migrations.AddField(
            model_name="exchangesyncitem",
            name="answer",
            field=serversync.crm.models.columns.PicklistField(
                blank=True,
                choices=[
                    (0, "Unknown"),
                    (1, "Organizer"),
                    (2, "Tentative"),
                    (3, "Accept"),
                    (4, "Decline"),
                    (5, "NoResponseReceived"),
                ],
                null=True,
            ),
        ),
    ]
