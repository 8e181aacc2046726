"""Adds whether a mailbox has lost our marker although items of it are linked.

Why: an empty mailbox under an old address looks as if a person had deleted everything; every deletion waits there. Locks
taken: ACCESS EXCLUSIVE on ``exchangesyncmailbox`` for an instant (a constant default). At 10 million rows: the same. Undo:
migrate crm 0053.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0053_expand_companies_in_outlook"),
    ]

    operations = [
        migrations.AddField(
            model_name="exchangesyncmailbox",
            name="isreplaced",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
