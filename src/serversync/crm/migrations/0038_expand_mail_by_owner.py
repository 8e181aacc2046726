"""Adds the index by which somebody's own e-mails are read newest first, page after page, and drops the one it replaces.

Why: somebody with tens of thousands of e-mails waited for all of them to be looked up for each page. Locks taken: the
index is built beside running work, which goes on reading and writing; nothing else touches rows. At 10 million rows:
about half a minute. What a run that was cut off has left is dropped first, so that the next one begins anew.
Undo: migrate crm 0037, which builds the old index and waits for writes to ``email`` meanwhile.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("crm", "0037_expand_attendees_of_series"),
    ]

    operations = [
        migrations.RunSQL("drop index concurrently if exists email_owner_newest", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="email",
            index=models.Index(
                models.F("ownerid"),
                models.OrderBy(Coalesce("receivedon", "senton", "createdon"), descending=True),
                models.OrderBy(models.F("activityid"), descending=True),
                name="email_owner_newest",
            ),
        ),
        migrations.AlterField(
            model_name="email",
            name="ownerid",
            field=models.ForeignKey(
                blank=True,
                db_column="ownerid",
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="crm.systemuser",
            ),
        ),
    ]
