"""Adds e-mails on their way out, the numbers of tracking tokens, and how often sending is tried.

Why: e-mails are sent through Exchange. Lock taken: a short exclusive one on ``organization`` and ``usersettings`` for the
new columns, which rewrite no rows; the table is new. At 10 million rows: milliseconds. Undo: migrate crm to the migration
before, which drops them; e-mails that wait to be sent stay *Pending Send*.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0011_expand_mail_rules"),
    ]

    operations = [
        migrations.RunSQL("create sequence trackingtokenid as integer", "drop sequence trackingtokenid"),
        migrations.RunSQL("create sequence trackingtokencounter", "drop sequence trackingtokencounter"),
        migrations.AddField(
            model_name="organization",
            name="maximumemaildeliveryattempts",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=10, default=10, highest=1000, lowest=1
            ),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="trackingtokencounter",
            field=serversync.crm.models.columns.BigWholeNumberField(
                db_default=0, default=0, highest=None, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="trackingtokenid",
            field=serversync.crm.models.columns.WholeNumberField(
                blank=True, highest=None, lowest=1, null=True
            ),
        ),
        migrations.CreateModel(
            name="EmailDelivery",
            fields=[
                (
                    "activityid",
                    models.OneToOneField(
                        db_column="activityid",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="emaildelivery",
                        serialize=False,
                        to="crm.email",
                    ),
                ),
                (
                    "stage",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Waiting"), (1, "Preparing"), (2, "Sending"), (3, "Sent")],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("dueon", models.DateTimeField(blank=True, null=True)),
                ("askedon", models.DateTimeField(blank=True, null=True)),
                ("draftitemid", models.TextField(blank=True, null=True)),
                ("draftchangekey", models.TextField(blank=True, null=True)),
                ("leaseuntil", models.DateTimeField(blank=True, null=True)),
                (
                    "leasefence",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("hostid", models.CharField(blank=True, max_length=256, null=True)),
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
                    models.ForeignKey(
                        db_column="mailboxid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="emaildeliveries",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "emaildelivery",
                "indexes": [
                    models.Index(
                        condition=models.Q(("dueon__isnull", False)),
                        fields=["dueon"],
                        name="emaildelivery_dueon",
                    ),
                    models.Index(
                        condition=models.Q(("dueon__isnull", False)),
                        fields=["mailboxid", "dueon"],
                        name="emaildelivery_mailbox",
                    ),
                ],
            },
        ),
    ]
