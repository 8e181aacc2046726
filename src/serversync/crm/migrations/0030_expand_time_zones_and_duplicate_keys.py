"""Adds the time zone of each user, and the keys by which duplicate contacts are recognised.

Why: people see times in their own zone, and administrators choose what makes two contacts the same. Locks taken: none for
longer than milliseconds; one column may be missing, the other has a constant default. At 10 million rows: the same. Undo:
migrate crm 0029.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0029_expand_filters"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="contactduplicatekeys",
            field=models.CharField(
                blank=True, db_default="emailaddress1", default="emailaddress1", max_length=400
            ),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="timezone",
            field=models.CharField(blank=True, max_length=100, null=True),
        ),
    ]
