"""Adds when contacts and tasks of each mailbox are brought into step, what waits for a person, and the settings.

Why: passes over them run beside those over mail, under leases of their own. Lock taken: on organization for the moment
of adding columns (one row), on mailbox for that of a foreign key. At 10 million rows: the table is new and empty.
Undo: migrate crm 0017.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0017_expand_appointment"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="actbrakecount",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=10, default=10, highest=None, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="actbrakeshareinpercent",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=10, default=10, highest=100, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="actconflictpreference",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "The CRM"), (1, "Exchange"), (2, "Whoever was later")], db_default=0, default=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="actleavingbehavior",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Keep"), (1, "Delete")], db_default=0, default=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="actplanfirst",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="actpollingintervalinseconds",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=120, default=120, highest=86400, lowest=1
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="contactdeletionbehaviorfromcrm",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Delete"), (1, "Delete unless completed"), (2, "Keep")], db_default=0, default=0
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="contactdeletionbehaviorfromexchange",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "Delete"), (1, "Delete unless completed"), (2, "Keep")], db_default=2, default=2
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="contactsyncdirection",
            field=serversync.crm.models.columns.PicklistField(
                choices=[(0, "None"), (1, "To Exchange"), (2, "To the CRM"), (3, "Both ways")],
                db_default=3,
                default=3,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="trackallcontacts",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="ExchangeSyncMailbox",
            fields=[
                (
                    "mailboxid",
                    models.OneToOneField(
                        db_column="mailboxid",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="synchronization",
                        serialize=False,
                        to="crm.mailbox",
                    ),
                ),
                ("nextpasson", models.DateTimeField(blank=True, null=True)),
                ("hostid", models.CharField(blank=True, max_length=256, null=True)),
                ("leaseuntil", models.DateTimeField(blank=True, null=True)),
                (
                    "leasefence",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "failures",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "idlepasses",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("startedon", models.DateTimeField(blank=True, null=True)),
                ("succeededon", models.DateTimeField(blank=True, null=True)),
                ("isplanapproved", models.BooleanField(db_default=False, default=False)),
                ("plan", models.JSONField(blank=True, null=True)),
                ("plannedon", models.DateTimeField(blank=True, null=True)),
                ("held", models.JSONField(blank=True, null=True)),
                (
                    "answer",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "None"), (1, "Let it happen"), (2, "Keep what is left")],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("lastsyncerror", models.CharField(blank=True, max_length=2048, null=True)),
                ("lastsyncerroroccurredon", models.DateTimeField(blank=True, null=True)),
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
            ],
            options={
                "db_table": "exchangesyncmailbox",
                "indexes": [
                    models.Index(
                        condition=models.Q(("nextpasson__isnull", False)),
                        fields=["nextpasson"],
                        name="exchangesyncmailbox_nextpasson",
                    )
                ],
            },
        ),
    ]
