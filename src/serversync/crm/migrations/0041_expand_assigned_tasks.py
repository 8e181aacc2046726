"""Adds the setting whether tasks take part that were assigned in Outlook.

Why: such a task has two copies, and who owns it decides which one may be written. Lock taken: ``organization`` for an instant
(one row). Undo: migrate crm 0040, which drops the column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0040_expand_task_reminder"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="syncassignedtasks",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
