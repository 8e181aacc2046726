"""Adds the indexes by which the pages list mailboxes and users by name, open alerts, and the mailboxes that fail.

Why: with a hundred thousand of them the first page took a sort of all. Lock taken: writes to ``mailbox``,
``systemuser`` and ``tracelog`` wait while the indexes are built. At 10 million rows: about a minute. Undo: migrate crm
0014.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("crm", "0014_expand_job_items_without_constraint"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="mailbox",
            index=models.Index(fields=["statecode", "name", "mailboxid"], name="mailbox_list"),
        ),
        migrations.AddIndex(
            model_name="mailbox",
            index=models.Index(
                condition=models.Q(("mailboxstatus", 2), ("statecode", 0)),
                fields=["-lastsyncerrorcount", "-lastsyncerroroccurredon", "mailboxid"],
                name="mailbox_failing",
            ),
        ),
        migrations.AddIndex(
            model_name="systemuser",
            index=models.Index(fields=["fullname", "systemuserid"], name="systemuser_list"),
        ),
        migrations.AddIndex(
            model_name="tracelog",
            index=models.Index(
                condition=models.Q(("resolvedon__isnull", True)),
                fields=["-laston", "-tracelogid"],
                name="tracelog_open",
            ),
        ),
    ]
