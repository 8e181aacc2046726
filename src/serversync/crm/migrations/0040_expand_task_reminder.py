"""Adds when a task reminds its owner.

Why: Exchange keeps the due date of a task as a date; what has a time there is the reminder. Lock taken: ``task`` for an instant;
no row is rewritten, whatever their number. Undo: migrate crm 0039, which drops the column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0039_expand_exchange_calls"),
    ]

    operations = [
        migrations.AddField(
            model_name="task",
            name="reminderon",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
