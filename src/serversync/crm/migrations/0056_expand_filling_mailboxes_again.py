"""Adds an answer to what waits of a mailbox that was replaced: it is filled again from the CRM.

Why: what it lacks could only be deleted in the CRM too, or parted from its record. Locks taken: ACCESS EXCLUSIVE on
``exchangesyncmailbox`` while its rows, one a mailbox, are held against the new check. At 10 million rows: a few seconds.
Undo: migrate crm 0055.
"""

from django.db import migrations

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0055_expand_answers_of_guests"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exchangesyncmailbox",
            name="answer",
            field=serversync.crm.models.columns.PicklistField(
                choices=[
                    (0, "None"),
                    (1, "Let it happen"),
                    (2, "Keep what is left"),
                    (3, "Fill the mailbox again"),
                ],
                db_default=0,
                default=0,
            ),
        ),
        # Django does not see that the check of a field of ours changed with its choices.
        migrations.RunSQL(
            "alter table exchangesyncmailbox drop constraint exchangesyncmailbox_answer_check,"
            " add constraint exchangesyncmailbox_answer_check check (answer in (0, 1, 2, 3))",
            # An answer that nobody would understand then is asked for again.
            "update exchangesyncmailbox set answer = 0 where answer = 3;"
            "alter table exchangesyncmailbox drop constraint exchangesyncmailbox_answer_check,"
            " add constraint exchangesyncmailbox_answer_check check (answer in (0, 1, 2))",
        ),
    ]
