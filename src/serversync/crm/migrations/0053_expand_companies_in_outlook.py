"""Adds whether a company typed in Outlook chooses the parent of a contact, and whether a user's companies are updated.

Why: accounts are found by their names, in any case of letters. Locks taken: ``organization`` and ``usersettings`` for an
instant (constant defaults); writes to ``account`` wait while its index is made. At 10 million rows: half a minute. Undo:
migrate crm 0052, which drops the columns and the index.
"""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0052_expand_lookup_by_search_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="companynamechoosesparent",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="synccontactcompany",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(django.db.models.functions.text.Lower("name"), name="account_name"),
        ),
    ]
