"""Adds the search key of its item to a link, and when that item was changed last.

Why: an item that was moved or restored after another program has taken its stamp away is known again by them. Locks taken:
ACCESS EXCLUSIVE on ``exchangesyncidmapping`` for an instant; no row is read or rewritten. Undo: migrate crm 0050.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0050_expand_who_speaks_for_meetings"),
    ]

    operations = [
        migrations.AddField(
            model_name="exchangesyncidmapping",
            name="searchkey",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="exchangesyncidmapping",
            name="itemchangedon",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
