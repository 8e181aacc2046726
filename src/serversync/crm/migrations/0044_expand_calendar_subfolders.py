"""Adds the setting whether appointments in sub-folders of the calendar take part.

Why: people file appointments there, and Exchange tells of each folder by itself. Lock taken: ``organization`` for an instant
(one row). Undo: migrate crm 0043, which drops the column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0043_expand_photos_of_contacts"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="synccalendarsubfolders",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
