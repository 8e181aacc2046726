"""Adds the category by which people mark mail, as it stands in each mailbox.

Why: people rename it, and it is still the same one. Lock taken: a short one on ``mailbox`` for the foreign key of the new table;
mailboxes that were enabled before get their row here, a moment for 100,000 of them. At 10 million e-mails: the same. Undo:
migrate to the one before; the category stays in the mailboxes, known by its name.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0030_expand_time_zones_and_duplicate_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailboxTrackingCategory",
            fields=[
                (
                    "mailboxtrackingcategoryid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("exchangecategoryid", models.CharField(blank=True, max_length=100, null=True)),
                ("exchangecategoryname", models.CharField(blank=True, max_length=256, null=True)),
                ("exchangecategorycolor", models.IntegerField(blank=True, null=True)),
                (
                    "categoryonboardingstatus",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Not there yet"),
                            (1, "In the mailbox"),
                            (2, "Removed, because categories do not count"),
                            (3, "The list of categories cannot be kept"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("wantedname", models.CharField(blank=True, max_length=256, null=True)),
                ("formernames", models.JSONField(db_default=[], default=list)),
                ("othernames", models.JSONField(db_default=[], default=list)),
                ("checkedon", models.DateTimeField(blank=True, null=True)),
                ("lasterror", models.CharField(blank=True, max_length=2048, null=True)),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "modifiedon",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "mailboxid",
                    models.OneToOneField(
                        db_column="mailboxid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mailboxtrackingcategory",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "mailboxtrackingcategory",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("categoryonboardingstatus", 1), _negated=True),
                            models.Q(
                                ("exchangecategoryid__isnull", False), ("exchangecategoryname__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="mailboxtrackingcategory_kept",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "insert into mailboxtrackingcategory (mailboxid) select mailboxid from mailbox"
            " where testmailboxaccesscompletedon is not null and (incomingemailstatus = 1 or actstatus = 1)",
            migrations.RunSQL.noop,
        ),
    ]
