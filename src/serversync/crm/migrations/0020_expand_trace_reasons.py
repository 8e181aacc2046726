"""Adds the index by which a mailbox finds reasons that are old enough to be forgotten.

Why: once a day each mailbox read all of its traces for that. Lock taken: writes to ``messagetrace`` wait while the
index is built. At 10 million rows: about half a minute. Undo: migrate crm 0019.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0019_expand_changed_records"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="messagetrace",
            index=models.Index(
                condition=models.Q(("detail__isnull", False)),
                fields=["mailboxid", "examinedon"],
                name="messagetrace_reasons",
            ),
        ),
    ]
