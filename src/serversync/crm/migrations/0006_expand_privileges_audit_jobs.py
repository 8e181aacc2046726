"""Adds roles and privileges, the audit, jobs in the background, counters of failed log-ins, and muting of alerts.

Why: administration is delegated, traced and done for thousands of mailboxes at once. Lock taken: a short exclusive one
on ``systemuser`` and ``tracelog`` for the new columns, which rewrite no rows; the tables are new. At 10 million rows:
milliseconds. Undo: migrate crm to the migration before, which drops them. The roles themselves are put in, and given to
users that exist, after the migration (``crm/apps.py``).
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0005_expand_exchangeaccount"),
    ]

    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "roleid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("roletemplateid", models.UUIDField(blank=True, null=True, unique=True)),
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
                "db_table": "role",
            },
        ),
        migrations.AddField(
            model_name="systemuser",
            name="mustchangepassword",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="tracelog",
            name="dismissedby",
            field=models.ForeignKey(
                blank=True,
                db_column="dismissedby",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="tracelog",
            name="mutedlevel",
            field=serversync.crm.models.columns.PicklistField(
                blank=True, choices=[(1, "Information"), (2, "Warning"), (3, "Error")], null=True
            ),
        ),
        migrations.AddField(
            model_name="tracelog",
            name="mutedoccurrences",
            field=serversync.crm.models.columns.WholeNumberField(
                blank=True, highest=None, lowest=0, null=True
            ),
        ),
        migrations.CreateModel(
            name="AsyncOperation",
            fields=[
                (
                    "asyncoperationid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("act", models.CharField(max_length=100)),
                (
                    "parameters",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Ready"), (1, "Suspended"), (2, "Locked"), (3, "Completed")],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Waiting For Resources"),
                            (10, "Waiting"),
                            (20, "In Progress"),
                            (22, "Canceling"),
                            (30, "Succeeded"),
                            (31, "Failed"),
                            (32, "Canceled"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                (
                    "itemcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=2000, null=True)),
                ("startedon", models.DateTimeField(blank=True, null=True)),
                ("completedon", models.DateTimeField(blank=True, null=True)),
                ("ownedbyinstallation", models.BooleanField(db_default=False, default=False)),
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
                    "ownerid",
                    models.ForeignKey(
                        blank=True,
                        db_column="ownerid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "asyncoperation",
            },
        ),
        migrations.CreateModel(
            name="AsyncOperationItem",
            fields=[
                (
                    "asyncoperationitemid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "itemstate",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Waiting"),
                            (1, "Running"),
                            (2, "Succeeded"),
                            (3, "Failed"),
                            (4, "Canceled"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "attempts",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "dueon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("leaseuntil", models.DateTimeField(blank=True, null=True)),
                (
                    "leasefence",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("hostid", models.CharField(blank=True, max_length=256, null=True)),
                ("code", models.CharField(blank=True, max_length=100, null=True)),
                ("message", models.CharField(blank=True, max_length=2000, null=True)),
                (
                    "milliseconds",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=None, lowest=0, null=True
                    ),
                ),
                ("completedon", models.DateTimeField(blank=True, null=True)),
                (
                    "asyncoperationid",
                    models.ForeignKey(
                        db_column="asyncoperationid",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="crm.asyncoperation",
                    ),
                ),
                (
                    "mailboxid",
                    models.ForeignKey(
                        db_column="mailboxid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="asyncoperationitems",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "asyncoperationitem",
            },
        ),
        migrations.CreateModel(
            name="Audit",
            fields=[
                (
                    "auditid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "operation",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Create"), (2, "Update"), (3, "Delete"), (4, "Access")],
                        db_default=2,
                        default=2,
                    ),
                ),
                ("act", models.CharField(max_length=100)),
                ("objectid", models.UUIDField(blank=True, null=True)),
                ("objecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                ("objectname", models.CharField(blank=True, max_length=200, null=True)),
                ("actorname", models.CharField(max_length=200)),
                ("channel", models.CharField(db_default="", default="", max_length=20)),
                ("address", models.CharField(blank=True, max_length=100, null=True)),
                (
                    "changedata",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                (
                    "userid",
                    models.ForeignKey(
                        blank=True,
                        db_column="userid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "audit",
            },
        ),
        migrations.CreateModel(
            name="BusinessUnit",
            fields=[
                (
                    "businessunitid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=160, unique=True)),
                ("isdisabled", models.BooleanField(db_default=False, default=False)),
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
                    "parentbusinessunitid",
                    models.ForeignKey(
                        blank=True,
                        db_column="parentbusinessunitid",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="crm.businessunit",
                    ),
                ),
            ],
            options={
                "db_table": "businessunit",
            },
        ),
        migrations.AddField(
            model_name="systemuser",
            name="businessunitid",
            field=models.ForeignKey(
                blank=True,
                db_column="businessunitid",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.businessunit",
            ),
        ),
        migrations.CreateModel(
            name="LogOnAttempt",
            fields=[
                ("logonattemptid", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "failures",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "lastfailureon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("lockeduntil", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "logonattempt",
                "indexes": [models.Index(fields=["lastfailureon"], name="logonattempt_last")],
            },
        ),
        migrations.CreateModel(
            name="RolePrivileges",
            fields=[
                (
                    "roleprivilegeid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("privilegename", models.CharField(max_length=100)),
                (
                    "privilegedepthmask",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "User"),
                            (2, "Business Unit"),
                            (4, "Parent: Child Business Units"),
                            (8, "Organization"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
                (
                    "roleid",
                    models.ForeignKey(
                        db_column="roleid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="privileges",
                        to="crm.role",
                    ),
                ),
            ],
            options={
                "db_table": "roleprivileges",
            },
        ),
        migrations.CreateModel(
            name="SystemUserRoles",
            fields=[
                (
                    "systemuserroleid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "roleid",
                    models.ForeignKey(
                        db_column="roleid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="systemuserroles",
                        to="crm.role",
                    ),
                ),
                (
                    "systemuserid",
                    models.ForeignKey(
                        db_column="systemuserid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="systemuserroles",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "systemuserroles",
            },
        ),
        migrations.AddIndex(
            model_name="asyncoperation",
            index=models.Index(fields=["-createdon", "-asyncoperationid"], name="asyncoperation_newest"),
        ),
        migrations.AddIndex(
            model_name="asyncoperation",
            index=models.Index(
                condition=models.Q(("statecode__lt", 3)), fields=["createdon"], name="asyncoperation_open"
            ),
        ),
        migrations.AddIndex(
            model_name="asyncoperationitem",
            index=models.Index(fields=["asyncoperationid", "itemstate"], name="asyncoperationitem_state"),
        ),
        migrations.AddIndex(
            model_name="asyncoperationitem",
            index=models.Index(
                condition=models.Q(("itemstate__in", [0, 1])), fields=["dueon"], name="asyncoperationitem_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="asyncoperationitem",
            constraint=models.UniqueConstraint(
                fields=("asyncoperationid", "mailboxid"), name="asyncoperationitem_one"
            ),
        ),
        migrations.AddIndex(
            model_name="audit",
            index=models.Index(fields=["-createdon", "-auditid"], name="audit_newest"),
        ),
        migrations.AddIndex(
            model_name="audit",
            index=models.Index(fields=["objectid", "-createdon"], name="audit_object"),
        ),
        migrations.AddConstraint(
            model_name="businessunit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("parentbusinessunitid__isnull", True)),
                fields=("parentbusinessunitid",),
                name="businessunit_one_root",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="roleprivileges",
            constraint=models.UniqueConstraint(fields=("roleid", "privilegename"), name="roleprivileges_one"),
        ),
        migrations.AddConstraint(
            model_name="systemuserroles",
            constraint=models.UniqueConstraint(fields=("systemuserid", "roleid"), name="systemuserroles_one"),
        ),
    ]
