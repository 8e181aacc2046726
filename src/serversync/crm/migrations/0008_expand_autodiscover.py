"""Adds where a search for servers may go: an address to ask first, and hosts that are allowed.

Why: a redirect or an SRV record leads to a new host only if the administrator allows it. Lock taken: an instant on a
table of a few rows. Undo: migrate crm 0007, which drops the columns.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0007_expand_change_mark"),
    ]

    operations = [
        migrations.AddField(
            model_name="emailserverprofile",
            name="autodiscoverhosts",
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="emailserverprofile",
            name="autodiscoverurl",
            field=models.CharField(blank=True, max_length=2084, null=True),
        ),
    ]
