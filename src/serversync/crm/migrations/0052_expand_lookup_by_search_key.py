"""Adds an index by which a link is found by the search key of its item.

Why: of an item without a stamp it is asked whether a link has lost it. Locks taken: the index is built beside running work, which
goes on reading and writing; it holds links with a key alone, of which there are none at first. What a run that was cut off
has left is dropped first, so that the next one begins anew. Undo: migrate crm 0051.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("crm", "0051_expand_search_keys"),
    ]

    operations = [
        migrations.RunSQL(
            "drop index concurrently if exists exchangesyncidmapping_key", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="exchangesyncidmapping",
            index=models.Index(
                condition=models.Q(("searchkey__isnull", False)),
                fields=["mailboxid", "searchkey"],
                name="exchangesyncidmapping_key",
            ),
        ),
    ]
