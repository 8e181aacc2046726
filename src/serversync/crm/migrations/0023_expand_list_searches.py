"""Adds what long lists are read and searched along: indexes of words and of times, and sums of work by the hour.

Why: with 5 million e-mails a search read all of them, and the overview added up the passes of a month at each visit. Lock
taken: writes to the tables concerned wait while the indexes are built. At 10 million rows of ``email`` and ``messagetrace``:
about five minutes; do it where nobody waits. Undo: migrate crm 0022.
"""

import django.contrib.postgres.indexes
import django.db.models.functions.comparison
from django.db import migrations, models

import serversync.crm.models.columns
import serversync.crm.models.words


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("crm", "0022_expand_task"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkHour",
            fields=[
                ("startedon", models.DateTimeField(primary_key=True, serialize=False)),
                (
                    "passes",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "passesfailed",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "itemsprocessed",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "itemsfailed",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "milliseconds",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
            ],
            options={
                "db_table": "workhour",
            },
        ),
        migrations.RemoveIndex(
            model_name="mailboxstatistics",
            name="mailboxstatistics_started",
        ),
        migrations.RemoveIndex(
            model_name="messagetrace",
            name="messagetrace_received",
        ),
        migrations.AddIndex(
            model_name="account",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("name", "accountnumber", "emailaddress1"),
                name="account_words",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["-createdon", "-accountid"], name="account_newest"),
        ),
        migrations.AddIndex(
            model_name="audit",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("act", "actorname", "objectname"), name="audit_words"
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("fullname", "company", "emailaddress1"),
                name="contact_words",
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["-createdon", "-contactid"], name="contact_newest"),
        ),
        migrations.AddIndex(
            model_name="email",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("subject", "sender", "torecipients"), name="email_words"
            ),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                models.OrderBy(
                    django.db.models.functions.comparison.Coalesce("receivedon", "senton", "createdon"),
                    descending=True,
                ),
                models.OrderBy(models.F("activityid"), descending=True),
                condition=models.Q(("directioncode", True), ("statuscode__in", (1, 6, 7, 8))),
                name="email_unsent",
            ),
        ),
        migrations.AddIndex(
            model_name="mailboxstatistics",
            index=models.Index(fields=["mailboxprocesscompletedon"], name="mailboxstatistics_completed"),
        ),
        migrations.AddIndex(
            model_name="messagetrace",
            index=models.Index(
                fields=["mailboxid", "-receivedon"],
                include=("outcome", "activityid"),
                name="messagetrace_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="messagetrace",
            index=models.Index(
                condition=models.Q(("outcome", 4)),
                fields=["mailboxid", "-receivedon"],
                name="messagetrace_setaside",
            ),
        ),
        migrations.AddIndex(
            model_name="queue",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("name", "emailaddress"), name="queue_words"
            ),
        ),
        migrations.AddIndex(
            model_name="queue",
            index=models.Index(fields=["-createdon", "-queueid"], name="queue_newest"),
        ),
        migrations.AddIndex(
            model_name="systemuser",
            index=django.contrib.postgres.indexes.GinIndex(
                serversync.crm.models.words.Words("fullname", "domainname", "internalemailaddress"),
                name="systemuser_words",
            ),
        ),
        migrations.RunSQL(
            "analyze email, audit, contact, account, queue, systemuser",  # what is known of words, before any search
            migrations.RunSQL.noop,
        ),
    ]
