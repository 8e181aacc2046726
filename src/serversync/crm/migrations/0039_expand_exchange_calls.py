"""Adds the latest calls to Exchange to the statistics of a pass.

Why: the diagnostics of a mailbox name the request ids by which the server's own logs know them. Lock taken: ``mailboxstatistics``
for an instant; no row is rewritten, whatever their number. Undo: migrate crm 0038, which drops the column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0038_expand_mail_by_owner"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailboxstatistics",
            name="exchangecalls",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
