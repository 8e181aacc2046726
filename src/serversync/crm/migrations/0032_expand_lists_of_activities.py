"""Adds indexes by which lists of appointments, series and tasks are read and searched.

Why: people see and search them in pages. Locks taken: writes to the three tables wait while the indexes are built, in one
transaction. At 10 million rows: some minutes; do it where nobody waits. Undo: migrate crm 0031.
"""

import django.contrib.postgres.indexes
from django.db import migrations, models

import serversync.crm.models.words


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0031_expand_tracking_category"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="appointment",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("subject", "location"), name="appointment_words"
            ),
        ),
        migrations.AddIndex(
            model_name="recurringappointmentmaster",
            index=models.Index(fields=["-createdon", "-activityid"], name="recurringappointment_newest"),
        ),
        migrations.AddIndex(
            model_name="recurringappointmentmaster",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("subject", "location"), name="recurringappointment_words"
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("subject"), name="task_words"
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["-createdon", "-activityid"], name="task_newest"),
        ),
    ]
