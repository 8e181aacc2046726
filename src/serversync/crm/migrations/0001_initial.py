"""Makes the tables of the CRM store.

Why: the first release. Lock taken: none that matters, the tables are new. At 10 million rows: does not apply.
Undo: migrate crm zero, which drops the tables and what is in them.
"""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import serversync.crm.models.columns


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="SystemUser",
            fields=[
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "systemuserid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("domainname", models.CharField(max_length=1024, unique=True)),
                ("firstname", models.CharField(blank=True, max_length=256, null=True)),
                ("lastname", models.CharField(blank=True, max_length=256, null=True)),
                ("fullname", models.CharField(db_default="", default="", max_length=200)),
                ("title", models.CharField(blank=True, max_length=128, null=True)),
                ("internalemailaddress", models.CharField(blank=True, max_length=100, null=True)),
                ("personalemailaddress", models.CharField(blank=True, max_length=100, null=True)),
                ("mobilealertemail", models.CharField(blank=True, max_length=100, null=True)),
                ("isdisabled", models.BooleanField(db_default=False, default=False)),
                (
                    "emailrouteraccessapproval",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Empty"), (1, "Approved"), (2, "Pending Approval"), (3, "Rejected")],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "incomingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "None"),
                            (1, "Microsoft Dynamics 365 for Outlook"),
                            (2, "Server-Side Synchronization or Email Router"),
                            (3, "Forward Mailbox"),
                        ],
                        null=True,
                    ),
                ),
                (
                    "outgoingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "None"),
                            (1, "Microsoft Dynamics 365 for Outlook"),
                            (2, "Server-Side Synchronization or Email Router"),
                        ],
                        null=True,
                    ),
                ),
                ("isemailaddressapprovedbyo365admin", models.BooleanField(db_default=False, default=False)),
                ("password", models.CharField(db_default="!", default="!", max_length=128)),
                ("is_superuser", models.BooleanField(db_default=False, default=False)),
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
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "db_table": "systemuser",
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "attachmentid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("body", models.BinaryField(blank=True, null=True)),
                (
                    "filesize",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("mimetype", models.CharField(blank=True, max_length=256, null=True)),
                (
                    "createdon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table": "attachment",
            },
        ),
        migrations.CreateModel(
            name="UserSettings",
            fields=[
                (
                    "systemuserid",
                    models.OneToOneField(
                        db_column="systemuserid",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="usersettings",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incomingemailfilteringmethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "All email messages"),
                            (1, "Email messages in response to Dynamics 365 email"),
                            (2, "Email messages from Dynamics 365 Leads, Contacts and Accounts"),
                            (3, "Email messages from Dynamics 365 records that are email enabled"),
                            (4, "No email messages"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
                ("ignoreunsolicitedemail", models.BooleanField(db_default=True, default=True)),
                ("isautodatacaptureenabled", models.BooleanField(db_default=False, default=False)),
                ("issendasallowed", models.BooleanField(db_default=False, default=False)),
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
                "db_table": "usersettings",
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("address1_name", models.CharField(blank=True, max_length=200, null=True)),
                ("address1_line1", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_line2", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_line3", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_postofficebox", models.CharField(blank=True, max_length=20, null=True)),
                ("address1_city", models.CharField(blank=True, max_length=80, null=True)),
                ("address1_county", models.CharField(blank=True, max_length=50, null=True)),
                ("address1_stateorprovince", models.CharField(blank=True, max_length=50, null=True)),
                ("address1_postalcode", models.CharField(blank=True, max_length=20, null=True)),
                ("address1_country", models.CharField(blank=True, max_length=80, null=True)),
                ("address2_name", models.CharField(blank=True, max_length=200, null=True)),
                ("address2_line1", models.CharField(blank=True, max_length=250, null=True)),
                ("address2_line2", models.CharField(blank=True, max_length=250, null=True)),
                ("address2_line3", models.CharField(blank=True, max_length=250, null=True)),
                ("address2_postofficebox", models.CharField(blank=True, max_length=20, null=True)),
                ("address2_city", models.CharField(blank=True, max_length=80, null=True)),
                ("address2_county", models.CharField(blank=True, max_length=50, null=True)),
                ("address2_stateorprovince", models.CharField(blank=True, max_length=50, null=True)),
                ("address2_postalcode", models.CharField(blank=True, max_length=20, null=True)),
                ("address2_country", models.CharField(blank=True, max_length=80, null=True)),
                ("address3_name", models.CharField(blank=True, max_length=200, null=True)),
                ("address3_line1", models.CharField(blank=True, max_length=250, null=True)),
                ("address3_line2", models.CharField(blank=True, max_length=250, null=True)),
                ("address3_line3", models.CharField(blank=True, max_length=250, null=True)),
                ("address3_postofficebox", models.CharField(blank=True, max_length=20, null=True)),
                ("address3_city", models.CharField(blank=True, max_length=80, null=True)),
                ("address3_county", models.CharField(blank=True, max_length=50, null=True)),
                ("address3_stateorprovince", models.CharField(blank=True, max_length=50, null=True)),
                ("address3_postalcode", models.CharField(blank=True, max_length=20, null=True)),
                ("address3_country", models.CharField(blank=True, max_length=80, null=True)),
                (
                    "contactid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("fullname", models.CharField(blank=True, max_length=160, null=True)),
                ("salutation", models.CharField(blank=True, max_length=100, null=True)),
                ("firstname", models.CharField(blank=True, max_length=50, null=True)),
                ("middlename", models.CharField(blank=True, max_length=50, null=True)),
                ("lastname", models.CharField(blank=True, max_length=50, null=True)),
                ("suffix", models.CharField(blank=True, max_length=10, null=True)),
                ("nickname", models.CharField(blank=True, max_length=100, null=True)),
                ("yomifirstname", models.CharField(blank=True, max_length=150, null=True)),
                ("yomilastname", models.CharField(blank=True, max_length=150, null=True)),
                ("jobtitle", models.CharField(blank=True, max_length=100, null=True)),
                ("department", models.CharField(blank=True, max_length=100, null=True)),
                ("parentcustomerid", models.UUIDField(blank=True, null=True)),
                ("parentcustomeridtype", models.CharField(blank=True, max_length=64, null=True)),
                ("emailaddress1", models.CharField(blank=True, max_length=100, null=True)),
                ("emailaddress2", models.CharField(blank=True, max_length=100, null=True)),
                ("emailaddress3", models.CharField(blank=True, max_length=100, null=True)),
                ("telephone1", models.CharField(blank=True, max_length=50, null=True)),
                ("telephone2", models.CharField(blank=True, max_length=50, null=True)),
                ("telephone3", models.CharField(blank=True, max_length=50, null=True)),
                ("business2", models.CharField(blank=True, max_length=50, null=True)),
                ("home2", models.CharField(blank=True, max_length=50, null=True)),
                ("mobilephone", models.CharField(blank=True, max_length=50, null=True)),
                ("callback", models.CharField(blank=True, max_length=50, null=True)),
                ("company", models.CharField(blank=True, max_length=50, null=True)),
                ("fax", models.CharField(blank=True, max_length=50, null=True)),
                ("pager", models.CharField(blank=True, max_length=50, null=True)),
                ("assistantname", models.CharField(blank=True, max_length=100, null=True)),
                ("assistantphone", models.CharField(blank=True, max_length=50, null=True)),
                ("managername", models.CharField(blank=True, max_length=100, null=True)),
                ("spousesname", models.CharField(blank=True, max_length=100, null=True)),
                ("childrensnames", models.CharField(blank=True, max_length=255, null=True)),
                ("anniversary", models.DateField(blank=True, null=True)),
                ("birthdate", models.DateField(blank=True, null=True)),
                ("governmentid", models.CharField(blank=True, max_length=50, null=True)),
                ("websiteurl", models.CharField(blank=True, max_length=200, null=True)),
                ("ftpsiteurl", models.CharField(blank=True, max_length=200, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("donotemail", models.BooleanField(db_default=False, default=False)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
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
                "db_table": "contact",
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("address1_name", models.CharField(blank=True, max_length=200, null=True)),
                ("address1_line1", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_line2", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_line3", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_postofficebox", models.CharField(blank=True, max_length=20, null=True)),
                ("address1_city", models.CharField(blank=True, max_length=80, null=True)),
                ("address1_county", models.CharField(blank=True, max_length=50, null=True)),
                ("address1_stateorprovince", models.CharField(blank=True, max_length=50, null=True)),
                ("address1_postalcode", models.CharField(blank=True, max_length=20, null=True)),
                ("address1_country", models.CharField(blank=True, max_length=80, null=True)),
                ("address2_name", models.CharField(blank=True, max_length=200, null=True)),
                ("address2_line1", models.CharField(blank=True, max_length=250, null=True)),
                ("address2_line2", models.CharField(blank=True, max_length=250, null=True)),
                ("address2_line3", models.CharField(blank=True, max_length=250, null=True)),
                ("address2_postofficebox", models.CharField(blank=True, max_length=20, null=True)),
                ("address2_city", models.CharField(blank=True, max_length=80, null=True)),
                ("address2_county", models.CharField(blank=True, max_length=50, null=True)),
                ("address2_stateorprovince", models.CharField(blank=True, max_length=50, null=True)),
                ("address2_postalcode", models.CharField(blank=True, max_length=20, null=True)),
                ("address2_country", models.CharField(blank=True, max_length=80, null=True)),
                (
                    "accountid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=160)),
                ("accountnumber", models.CharField(blank=True, max_length=20, null=True)),
                ("emailaddress1", models.CharField(blank=True, max_length=100, null=True)),
                ("emailaddress2", models.CharField(blank=True, max_length=100, null=True)),
                ("emailaddress3", models.CharField(blank=True, max_length=100, null=True)),
                ("telephone1", models.CharField(blank=True, max_length=50, null=True)),
                ("telephone2", models.CharField(blank=True, max_length=50, null=True)),
                ("telephone3", models.CharField(blank=True, max_length=50, null=True)),
                ("fax", models.CharField(blank=True, max_length=50, null=True)),
                ("websiteurl", models.CharField(blank=True, max_length=200, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("donotemail", models.BooleanField(db_default=False, default=False)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
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
                (
                    "parentaccountid",
                    models.ForeignKey(
                        blank=True,
                        db_column="parentaccountid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="crm.account",
                    ),
                ),
                (
                    "primarycontactid",
                    models.ForeignKey(
                        blank=True,
                        db_column="primarycontactid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="crm.contact",
                    ),
                ),
            ],
            options={
                "db_table": "account",
            },
        ),
        migrations.CreateModel(
            name="Email",
            fields=[
                (
                    "activityid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=800, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("mimetype", models.CharField(blank=True, max_length=256, null=True)),
                ("directioncode", models.BooleanField(db_default=True, default=True)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Open"), (1, "Completed"), (2, "Canceled")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "Draft"),
                            (2, "Completed"),
                            (3, "Sent"),
                            (4, "Received"),
                            (5, "Canceled"),
                            (6, "Pending Send"),
                            (7, "Sending"),
                            (8, "Failed"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
                ("sender", models.CharField(blank=True, max_length=250, null=True)),
                ("torecipients", models.CharField(blank=True, max_length=500, null=True)),
                ("emailsender", models.UUIDField(blank=True, null=True)),
                ("emailsenderobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                ("submittedby", models.CharField(blank=True, max_length=250, null=True)),
                ("messageid", models.CharField(blank=True, max_length=320, null=True)),
                ("messageiddupcheck", models.UUIDField(blank=True, null=True, unique=True)),
                ("inreplyto", models.CharField(blank=True, max_length=320, null=True)),
                ("conversationindex", models.CharField(blank=True, max_length=2048, null=True)),
                (
                    "baseconversationindexhash",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=None, lowest=None, null=True
                    ),
                ),
                ("conversationtrackingid", models.UUIDField(blank=True, null=True)),
                ("emailtrackingid", models.UUIDField(blank=True, null=True)),
                ("trackingtoken", models.CharField(blank=True, max_length=50, null=True)),
                ("internetmessageheaders", models.CharField(blank=True, max_length=500, null=True)),
                (
                    "correlationmethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "None"),
                            (1, "Skipped"),
                            (2, "XHeader"),
                            (3, "InReplyTo"),
                            (4, "TrackingToken"),
                            (5, "ConversationIndex"),
                            (6, "SmartMatching"),
                            (7, "CustomCorrelation"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("correlatedsubjectchanged", models.BooleanField(db_default=False, default=False)),
                ("acceptingentityid", models.UUIDField(blank=True, null=True)),
                ("acceptingentitytypecode", models.CharField(blank=True, max_length=64, null=True)),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                ("isduplicatesenderunresolved", models.BooleanField(db_default=False, default=False)),
                (
                    "deliveryattempts",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=1000000000, lowest=0
                    ),
                ),
                (
                    "deliveryprioritycode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Low"), (1, "Normal"), (2, "High")], db_default=1, default=1
                    ),
                ),
                (
                    "prioritycode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Low"), (1, "Normal"), (2, "High")], db_default=1, default=1
                    ),
                ),
                ("deliveryreceiptrequested", models.BooleanField(db_default=False, default=False)),
                ("readreceiptrequested", models.BooleanField(db_default=False, default=False)),
                ("delayedemailsendtime", models.DateTimeField(blank=True, null=True)),
                ("postponeemailprocessinguntil", models.DateTimeField(blank=True, null=True)),
                (
                    "notifications",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "None"),
                            (1, "Not all attachments could be saved"),
                            (2, "Truncated body"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "attachmentcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("senton", models.DateTimeField(blank=True, null=True)),
                ("actualend", models.DateTimeField(blank=True, null=True)),
                ("isworkflowcreated", models.BooleanField(db_default=False, default=False)),
                ("contentdigest", models.UUIDField(blank=True, null=True)),
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
                    "correlatedactivityid",
                    models.ForeignKey(
                        blank=True,
                        db_column="correlatedactivityid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="crm.email",
                    ),
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
                (
                    "parentactivityid",
                    models.ForeignKey(
                        blank=True,
                        db_column="parentactivityid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="crm.email",
                    ),
                ),
            ],
            options={
                "db_table": "email",
            },
        ),
        migrations.CreateModel(
            name="ActivityParty",
            fields=[
                (
                    "activitypartyid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "participationtypemask",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "Sender"),
                            (2, "To Recipient"),
                            (3, "CC Recipient"),
                            (4, "BCC Recipient"),
                            (5, "Required attendee"),
                            (6, "Optional attendee"),
                            (7, "Organizer"),
                            (8, "Regarding"),
                            (9, "Owner"),
                            (10, "Resource"),
                            (11, "Customer"),
                            (12, "Chat Participant"),
                        ],
                        db_default=2,
                        default=2,
                    ),
                ),
                ("partyid", models.UUIDField(blank=True, null=True)),
                ("partyobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                ("addressused", models.CharField(blank=True, max_length=320, null=True)),
                (
                    "addressusedemailcolumnnumber",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=None, lowest=1, null=True
                    ),
                ),
                ("unresolvedpartyname", models.CharField(blank=True, max_length=200, null=True)),
                ("exchangeentryid", models.CharField(blank=True, max_length=1024, null=True)),
                ("donotemail", models.BooleanField(db_default=False, default=False)),
                ("ispartydeleted", models.BooleanField(db_default=False, default=False)),
                (
                    "instancetypecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Not Recurring"),
                            (1, "Recurring Master"),
                            (2, "Recurring Instance"),
                            (3, "Recurring Exception"),
                            (4, "Recurring Future Exception"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "activityid",
                    models.ForeignKey(
                        db_column="activityid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="activityparties",
                        to="crm.email",
                    ),
                ),
            ],
            options={
                "db_table": "activityparty",
            },
        ),
        migrations.CreateModel(
            name="ActivityMimeAttachment",
            fields=[
                (
                    "activitymimeattachmentid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("objecttypecode", models.CharField(db_default="email", default="email", max_length=64)),
                (
                    "attachmentnumber",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=1, default=1, highest=None, lowest=0
                    ),
                ),
                ("filename", models.CharField(blank=True, max_length=255, null=True)),
                ("mimetype", models.CharField(blank=True, max_length=256, null=True)),
                ("subject", models.CharField(blank=True, max_length=2000, null=True)),
                ("attachmentcontentid", models.CharField(blank=True, max_length=250, null=True)),
                (
                    "filesize",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("isinline", models.BooleanField(db_default=False, default=False)),
                ("isfollowed", models.BooleanField(db_default=False, default=False)),
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
                    "attachmentid",
                    models.ForeignKey(
                        db_column="attachmentid",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="activitymimeattachments",
                        to="crm.attachment",
                    ),
                ),
                (
                    "activityid",
                    models.ForeignKey(
                        db_column="activityid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="activitymimeattachments",
                        to="crm.email",
                    ),
                ),
            ],
            options={
                "db_table": "activitymimeattachment",
            },
        ),
        migrations.CreateModel(
            name="EmailServerProfile",
            fields=[
                (
                    "emailserverprofileid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("description", models.CharField(blank=True, max_length=2000, null=True)),
                (
                    "servertype",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Exchange Server"),
                            (1, "Other (POP3/SMTP)"),
                            (2, "Exchange Server (Hybrid)"),
                            (3, "Exchange Online (Hybrid)"),
                            (4, "IMAP/SMTP"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "exchangeversion",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "Exchange 2007"),
                            (1, "Exchange 2007 SP1"),
                            (2, "Exchange 2010"),
                            (3, "Exchange 2010 SP1"),
                            (4, "Exchange 2010 SP2"),
                            (5, "Exchange 2013"),
                        ],
                        null=True,
                    ),
                ),
                ("useautodiscover", models.BooleanField(db_default=False, default=False)),
                ("defaultserverlocation", models.CharField(blank=True, max_length=2084, null=True)),
                ("incomingserverlocation", models.CharField(blank=True, max_length=2084, null=True)),
                ("outgoingserverlocation", models.CharField(blank=True, max_length=2084, null=True)),
                (
                    "incomingportnumber",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=65536, lowest=0, null=True
                    ),
                ),
                (
                    "outgoingportnumber",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=65536, lowest=0, null=True
                    ),
                ),
                ("incomingusessl", models.BooleanField(db_default=True, default=True)),
                ("outgoingusessl", models.BooleanField(db_default=True, default=True)),
                (
                    "incomingauthenticationprotocol",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "Auto Detect"),
                            (1, "Negotiate"),
                            (2, "NTLM"),
                            (3, "Basic"),
                            (4, "OAuth"),
                        ],
                        null=True,
                    ),
                ),
                (
                    "outgoingauthenticationprotocol",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "Auto Detect"),
                            (1, "Negotiate"),
                            (2, "NTLM"),
                            (3, "Basic"),
                            (4, "OAuth"),
                        ],
                        null=True,
                    ),
                ),
                (
                    "incomingcredentialretrieval",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "Credentials Specified by a User or Queue"),
                            (1, "Credentials Specified in Email Server Profile"),
                            (2, "Server to Server Authentication"),
                            (3, "Windows Integrated Authentication"),
                            (4, "Without Credentials (Anonymous)"),
                            (5, "Gmail OAuth"),
                            (6, "Exchange Hybrid Modern Auth (HMA)"),
                            (7, "Azure Active Directory OAuth"),
                        ],
                        null=True,
                    ),
                ),
                (
                    "outgoingcredentialretrieval",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "Credentials Specified by a User or Queue"),
                            (1, "Credentials Specified in Email Server Profile"),
                            (2, "Server to Server Authentication"),
                            (3, "Windows Integrated Authentication"),
                            (4, "Without Credentials (Anonymous)"),
                            (5, "Gmail OAuth"),
                            (6, "Exchange Hybrid Modern Auth (HMA)"),
                            (7, "Azure Active Directory OAuth"),
                        ],
                        null=True,
                    ),
                ),
                ("incominguseimpersonation", models.BooleanField(db_default=False, default=False)),
                ("outgoinguseimpersonation", models.BooleanField(db_default=False, default=False)),
                ("outgoingautograntdelegateaccess", models.BooleanField(db_default=False, default=False)),
                ("incomingusername", models.CharField(blank=True, max_length=250, null=True)),
                ("outgoingusername", models.CharField(blank=True, max_length=250, null=True)),
                ("incomingpassword", models.BinaryField(blank=True, null=True)),
                ("outgoingpassword", models.BinaryField(blank=True, null=True)),
                ("usesamesettingsforoutgoingconnections", models.BooleanField(db_default=True, default=True)),
                ("processemailsreceivedafter", models.DateTimeField(blank=True, null=True)),
                (
                    "minpollingintervalinminutes",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=1440, lowest=0, null=True
                    ),
                ),
                (
                    "maxconcurrentconnections",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=10, default=10, highest=300, lowest=1
                    ),
                ),
                ("moveundeliveredemails", models.BooleanField(db_default=False, default=False)),
                ("sendemailalert", models.BooleanField(db_default=False, default=False)),
                ("owneremailaddress", models.CharField(blank=True, max_length=100, null=True)),
                ("timeoutmailboxconnection", models.BooleanField(db_default=True, default=True)),
                (
                    "timeoutmailboxconnectionafteramount",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=100000, lowest=0, null=True
                    ),
                ),
                ("encodingcodepage", models.CharField(blank=True, max_length=100, null=True)),
                ("lasttestrequest", models.TextField(blank=True, null=True)),
                ("lasttestresponse", models.TextField(blank=True, null=True)),
                ("lastcrmmessage", models.TextField(blank=True, null=True)),
                ("lastteststarttime", models.DateTimeField(blank=True, null=True)),
                (
                    "lasttesttotalexecutiontime",
                    serversync.crm.models.columns.BigWholeNumberField(
                        blank=True, highest=None, lowest=0, null=True
                    ),
                ),
                (
                    "lastauthorizationstatus",
                    serversync.crm.models.columns.PicklistField(
                        blank=True, choices=[(0, "Failure"), (1, "Success")], null=True
                    ),
                ),
                (
                    "lasttestvalidationstatus",
                    serversync.crm.models.columns.PicklistField(
                        blank=True, choices=[(0, "Failure"), (1, "Success")], null=True
                    ),
                ),
                (
                    "lasttestexecutionstatus",
                    serversync.crm.models.columns.PicklistField(
                        blank=True, choices=[(0, "Failure"), (1, "Success"), (2, "Warning")], null=True
                    ),
                ),
                ("cafile", models.TextField(blank=True, null=True)),
                ("proxyurl", models.CharField(blank=True, max_length=2084, null=True)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
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
                "db_table": "emailserverprofile",
            },
        ),
        migrations.CreateModel(
            name="Lead",
            fields=[
                ("address1_name", models.CharField(blank=True, max_length=200, null=True)),
                ("address1_line1", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_line2", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_line3", models.CharField(blank=True, max_length=250, null=True)),
                ("address1_postofficebox", models.CharField(blank=True, max_length=20, null=True)),
                ("address1_city", models.CharField(blank=True, max_length=80, null=True)),
                ("address1_county", models.CharField(blank=True, max_length=50, null=True)),
                ("address1_stateorprovince", models.CharField(blank=True, max_length=50, null=True)),
                ("address1_postalcode", models.CharField(blank=True, max_length=20, null=True)),
                ("address1_country", models.CharField(blank=True, max_length=80, null=True)),
                (
                    "leadid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=300, null=True)),
                ("salutation", models.CharField(blank=True, max_length=100, null=True)),
                ("firstname", models.CharField(blank=True, max_length=50, null=True)),
                ("lastname", models.CharField(blank=True, max_length=50, null=True)),
                ("fullname", models.CharField(blank=True, max_length=160, null=True)),
                ("companyname", models.CharField(blank=True, max_length=100, null=True)),
                ("jobtitle", models.CharField(blank=True, max_length=100, null=True)),
                ("emailaddress1", models.CharField(blank=True, max_length=100, null=True)),
                ("emailaddress2", models.CharField(blank=True, max_length=100, null=True)),
                ("emailaddress3", models.CharField(blank=True, max_length=100, null=True)),
                ("telephone1", models.CharField(blank=True, max_length=50, null=True)),
                ("mobilephone", models.CharField(blank=True, max_length=50, null=True)),
                ("fax", models.CharField(blank=True, max_length=50, null=True)),
                ("websiteurl", models.CharField(blank=True, max_length=200, null=True)),
                ("description", models.TextField(blank=True, null=True)),
                ("donotemail", models.BooleanField(db_default=False, default=False)),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Open"), (1, "Qualified"), (2, "Disqualified")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "New"),
                            (2, "Contacted"),
                            (3, "Qualified"),
                            (4, "Lost"),
                            (5, "Cannot Contact"),
                            (6, "No Longer Interested"),
                            (7, "Canceled"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
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
                "db_table": "lead",
            },
        ),
        migrations.CreateModel(
            name="Mailbox",
            fields=[
                (
                    "mailboxid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("emailaddress", models.CharField(blank=True, max_length=100, null=True)),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                ("isforwardmailbox", models.BooleanField(db_default=True, default=True)),
                (
                    "incomingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "None"),
                            (1, "Microsoft Dynamics 365 for Outlook"),
                            (2, "Server-Side Synchronization or Email Router"),
                            (3, "Forward Mailbox"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "outgoingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "None"),
                            (1, "Microsoft Dynamics 365 for Outlook"),
                            (2, "Server-Side Synchronization or Email Router"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "actdeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Microsoft Dynamics 365 for Outlook"),
                            (1, "Server-Side Synchronization"),
                            (2, "None"),
                        ],
                        db_default=2,
                        default=2,
                    ),
                ),
                ("allowemailconnectortousecredentials", models.BooleanField(db_default=False, default=False)),
                ("username", models.CharField(blank=True, max_length=200, null=True)),
                ("password", models.BinaryField(blank=True, null=True)),
                ("processanddeleteemails", models.BooleanField(db_default=False, default=False)),
                ("processemailreceivedafter", models.DateTimeField(blank=True, null=True)),
                (
                    "emailrouteraccessapproval",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Empty"), (1, "Approved"), (2, "Pending Approval"), (3, "Rejected")],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("isemailaddressapprovedbyo365admin", models.BooleanField(db_default=False, default=False)),
                ("enabledforincomingemail", models.BooleanField(db_default=True, default=True)),
                ("enabledforoutgoingemail", models.BooleanField(db_default=True, default=True)),
                ("enabledforact", models.BooleanField(db_default=True, default=True)),
                ("isserviceaccount", models.BooleanField(db_default=False, default=False)),
                (
                    "verboseloggingenabled",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=100, lowest=0
                    ),
                ),
                ("testemailconfigurationscheduled", models.BooleanField(db_default=False, default=False)),
                (
                    "testemailconfigurationretrycount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("postponetestemailconfigurationuntil", models.DateTimeField(blank=True, null=True)),
                ("testmailboxaccesscompletedon", models.DateTimeField(blank=True, null=True)),
                (
                    "incomingemailstatus",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Not Run"), (1, "Success"), (2, "Failure")], db_default=0, default=0
                    ),
                ),
                (
                    "outgoingemailstatus",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Not Run"), (1, "Success"), (2, "Failure")], db_default=0, default=0
                    ),
                ),
                (
                    "actstatus",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Not Run"), (1, "Success"), (2, "Failure")], db_default=0, default=0
                    ),
                ),
                (
                    "mailboxstatus",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Not Run"), (1, "Success"), (2, "Failure")], db_default=0, default=0
                    ),
                ),
                ("orgmarkedasprimaryforexchangesync", models.BooleanField(db_default=False, default=False)),
                ("isactsyncorgflagset", models.BooleanField(db_default=False, default=False)),
                ("postponemailboxprocessinguntil", models.DateTimeField(blank=True, null=True)),
                ("postponesendinguntil", models.DateTimeField(blank=True, null=True)),
                ("receivingpostponeduntil", models.DateTimeField(blank=True, null=True)),
                ("receivingpostponeduntilforact", models.DateTimeField(blank=True, null=True)),
                ("processinglastattemptedon", models.DateTimeField(blank=True, null=True)),
                ("lastsyncstartedon", models.DateTimeField(blank=True, null=True)),
                ("lastsuccessfulsynccompletedon", models.DateTimeField(blank=True, null=True)),
                (
                    "itemsprocessedforlastsync",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "itemsfailedforlastsync",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "noemailcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "noactcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "transientfailurecount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("lastsyncerror", models.CharField(blank=True, max_length=2048, null=True)),
                (
                    "lastsyncerrorcode",
                    serversync.crm.models.columns.WholeNumberField(
                        blank=True, highest=None, lowest=None, null=True
                    ),
                ),
                (
                    "lastsyncerrorcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("lastsyncerrormachinename", models.CharField(blank=True, max_length=320, null=True)),
                ("lastsyncerroroccurredon", models.DateTimeField(blank=True, null=True)),
                (
                    "forcedunlockcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("lastmailboxforcedunlockoccurredon", models.DateTimeField(blank=True, null=True)),
                ("hostid", models.CharField(blank=True, max_length=256, null=True)),
                (
                    "processedtimes",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "averagetotalduration",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "lastduration",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("ewsurl", models.CharField(blank=True, max_length=2084, null=True)),
                ("lastautodiscoveredon", models.DateTimeField(blank=True, null=True)),
                ("folderhierarchy", models.TextField(blank=True, null=True)),
                ("undeliverablefolder", models.CharField(blank=True, max_length=256, null=True)),
                ("lastactiveon", models.DateTimeField(blank=True, null=True)),
                ("nextpasson", models.DateTimeField(blank=True, null=True)),
                ("leaseuntil", models.DateTimeField(blank=True, null=True)),
                (
                    "leasefence",
                    serversync.crm.models.columns.BigWholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
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
                    "emailserverprofile",
                    models.ForeignKey(
                        blank=True,
                        db_column="emailserverprofile",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mailboxes",
                        to="crm.emailserverprofile",
                    ),
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
                "db_table": "mailbox",
            },
        ),
        migrations.AddField(
            model_name="email",
            name="receivingmailboxid",
            field=models.ForeignKey(
                blank=True,
                db_column="receivingmailboxid",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="crm.mailbox",
            ),
        ),
        migrations.AddField(
            model_name="email",
            name="sendermailboxid",
            field=models.ForeignKey(
                blank=True,
                db_column="sendermailboxid",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="crm.mailbox",
            ),
        ),
        migrations.AddField(
            model_name="systemuser",
            name="defaultmailbox",
            field=models.OneToOneField(
                blank=True,
                db_column="defaultmailbox",
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.mailbox",
            ),
        ),
        migrations.CreateModel(
            name="MailboxFolder",
            fields=[
                (
                    "mailboxfolderid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("distinguishedfolderid", models.CharField(blank=True, max_length=64, null=True)),
                ("exchangefolderid", models.TextField(blank=True, null=True)),
                ("displayname", models.CharField(blank=True, max_length=256, null=True)),
                ("syncstate", models.TextField(blank=True, null=True)),
                ("positionedon", models.DateTimeField(blank=True, null=True)),
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
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mailboxfolders",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "mailboxfolder",
            },
        ),
        migrations.CreateModel(
            name="MailboxStatistics",
            fields=[
                (
                    "mailboxstatisticsid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "operationtypeid",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Incoming Email"),
                            (1, "Outgoing Email"),
                            (2, "Appointments, Contacts, and Tasks"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("mailboxprocessscheduledon", models.DateTimeField(blank=True, null=True)),
                ("mailboxprocessstartedon", models.DateTimeField(blank=True, null=True)),
                ("mailboxprocesscompletedon", models.DateTimeField(blank=True, null=True)),
                (
                    "scheduledtimeintervalinminutes",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=-1
                    ),
                ),
                (
                    "processtimeintervalinminutes",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=-1
                    ),
                ),
                (
                    "itemsprocessed",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=-1
                    ),
                ),
                (
                    "itemsfailed",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=-1
                    ),
                ),
                (
                    "crmitemsbacklog",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=-1
                    ),
                ),
                ("individualstepdurations", models.CharField(blank=True, max_length=160, null=True)),
                ("processresult", models.BooleanField(db_default=False, default=False)),
                ("machinename", models.CharField(blank=True, max_length=160, null=True)),
                ("asynceventid", models.UUIDField(blank=True, null=True)),
                (
                    "mailboxid",
                    models.ForeignKey(
                        db_column="mailboxid",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mailboxstatistics",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "mailboxstatistics",
            },
        ),
        migrations.CreateModel(
            name="MessageTrace",
            fields=[
                (
                    "messagetraceid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("itemkey", models.UUIDField()),
                ("exchangeentryid", models.TextField(blank=True, null=True)),
                ("searchkey", models.CharField(blank=True, max_length=512, null=True)),
                ("distinguishedfolderid", models.CharField(blank=True, max_length=64, null=True)),
                ("messageid", models.TextField(blank=True, null=True)),
                ("subject", models.TextField(blank=True, null=True)),
                ("senderaddress", models.TextField(blank=True, null=True)),
                ("receivedon", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (1, "Tracked"),
                            (2, "Already tracked"),
                            (3, "Before the start date"),
                            (4, "Set aside"),
                            (5, "Gone"),
                            (6, "Not mail"),
                        ],
                        db_default=1,
                        default=1,
                    ),
                ),
                ("reasoncode", models.CharField(blank=True, max_length=100, null=True)),
                ("detail", models.JSONField(blank=True, null=True)),
                (
                    "attempts",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=1, default=1, highest=None, lowest=0
                    ),
                ),
                (
                    "examinedon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "activityid",
                    models.ForeignKey(
                        blank=True,
                        db_column="activityid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="messagetraces",
                        to="crm.email",
                    ),
                ),
                (
                    "mailboxid",
                    models.ForeignKey(
                        db_column="mailboxid",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messagetraces",
                        to="crm.mailbox",
                    ),
                ),
            ],
            options={
                "db_table": "messagetrace",
            },
        ),
        migrations.CreateModel(
            name="Organization",
            fields=[
                (
                    "organizationid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(db_default="serversync", default="serversync", max_length=160)),
                (
                    "emailconnectionchannel",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Server-Side Synchronization"),
                            (1, "Microsoft Dynamics 365 Email Router"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "defaultincomingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "None"),
                            (1, "Microsoft Dynamics 365 for Outlook"),
                            (2, "Server-Side Synchronization or Email Router"),
                            (3, "Forward Mailbox"),
                        ],
                        db_default=2,
                        default=2,
                    ),
                ),
                (
                    "defaultoutgoingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "None"),
                            (1, "Microsoft Dynamics 365 for Outlook"),
                            (2, "Server-Side Synchronization or Email Router"),
                        ],
                        db_default=2,
                        default=2,
                    ),
                ),
                (
                    "defaultactdeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "Microsoft Dynamics 365 for Outlook"),
                            (1, "Server-Side Synchronization"),
                            (2, "None"),
                        ],
                        db_default=2,
                        default=2,
                    ),
                ),
                ("requireapprovalforuseremail", models.BooleanField(db_default=True, default=True)),
                ("requireapprovalforqueueemail", models.BooleanField(db_default=True, default=True)),
                ("isfolderbasedtrackingenabled", models.BooleanField(db_default=True, default=True)),
                ("emailcorrelationenabled", models.BooleanField(db_default=True, default=True)),
                ("istrackingtokenenabled", models.BooleanField(db_default=True, default=True)),
                ("enablesmartmatching", models.BooleanField(db_default=False, default=False)),
                ("trackingprefix", models.CharField(db_default="CRM:", default="CRM:", max_length=256)),
                (
                    "trackingtokenidbase",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=2147483647, lowest=0
                    ),
                ),
                (
                    "trackingtokeniddigits",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=3, default=3, highest=10, lowest=1
                    ),
                ),
                (
                    "trackingtokencounterdigits",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=3, default=3, highest=9, lowest=1
                    ),
                ),
                (
                    "hashfilterkeywords",
                    models.CharField(
                        db_default="^[\\s]*([\\w]+\\s?:[\\s]*)+",
                        default="^[\\s]*([\\w]+\\s?:[\\s]*)+",
                        max_length=2000,
                    ),
                ),
                (
                    "hashmaxcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=20, default=20, highest=None, lowest=0
                    ),
                ),
                (
                    "hashdeltasubjectcount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                (
                    "hashminaddresscount",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=2, default=2, highest=None, lowest=0
                    ),
                ),
                ("ignoreinternalemail", models.BooleanField(db_default=False, default=False)),
                (
                    "unresolveemailaddressifmultiplematch",
                    models.BooleanField(db_default=False, default=False),
                ),
                ("allowunresolvedpartiesonemailsend", models.BooleanField(db_default=False, default=False)),
                (
                    "maxuploadfilesize",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=5242880, default=5242880, highest=2147483647, lowest=1
                    ),
                ),
                ("blockedattachments", models.TextField(blank=True, db_default="", default="")),
                ("generatealertsforerrors", models.BooleanField(db_default=True, default=True)),
                ("generatealertsforwarnings", models.BooleanField(db_default=False, default=False)),
                ("generatealertsforinformation", models.BooleanField(db_default=True, default=True)),
                (
                    "notifymailboxownerofemailserverlevelalerts",
                    models.BooleanField(db_default=False, default=False),
                ),
                (
                    "maxverboseloggingmailbox",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=10, default=10, highest=None, lowest=0
                    ),
                ),
                (
                    "maxverboseloggingsynccycles",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=100, default=100, highest=None, lowest=0
                    ),
                ),
                (
                    "expirechangetrackingindays",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=30, default=30, highest=365, lowest=0
                    ),
                ),
                ("autocreatecontactonpromote", models.BooleanField(db_default=True, default=True)),
                ("autotracksentfolderitems", models.BooleanField(db_default=False, default=False)),
                (
                    "createqueueitemforsynchronizingmailbox",
                    models.BooleanField(db_default=True, default=True),
                ),
                (
                    "createqueueitemsforacceptingqueuerecipients",
                    models.BooleanField(db_default=True, default=True),
                ),
                ("disablesmartmatching", models.BooleanField(db_default=False, default=False)),
                (
                    "disablesmartmatchingemailhashcreation",
                    models.BooleanField(db_default=False, default=False),
                ),
                (
                    "distinctphysicalandlogicaldeletesforexchangesync",
                    models.BooleanField(db_default=False, default=False),
                ),
                ("donotautotrackemail", models.BooleanField(db_default=True, default=True)),
                (
                    "donotcorrelateforwardedemailsasreplies",
                    models.BooleanField(db_default=False, default=False),
                ),
                ("donotignoreinternalemailtoqueues", models.BooleanField(db_default=True, default=True)),
                (
                    "enablemailboxdelegationforoutgoingemail",
                    models.BooleanField(db_default=True, default=True),
                ),
                ("enablesssitemlevelmonitoring", models.BooleanField(db_default=True, default=True)),
                (
                    "exchangesyncidmappingpersistencetimeindays",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=3, default=3, highest=14, lowest=0
                    ),
                ),
                (
                    "ignoreconversationindexandinreplytoforcorrelation",
                    models.BooleanField(db_default=False, default=False),
                ),
                ("ignorecopieditemsinsssformailbox", models.BooleanField(db_default=True, default=True)),
                (
                    "ignoreinternalemaildetectionenhancement",
                    models.BooleanField(db_default=True, default=True),
                ),
                ("ignoreinternalemailfromqueues", models.BooleanField(db_default=False, default=False)),
                (
                    "mailboxstatisticspersistencetimeindays",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=3, default=3, highest=365, lowest=0
                    ),
                ),
                (
                    "maximumsubjectlengthonmailserver",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=255, default=255, highest=400, lowest=255
                    ),
                ),
                ("overridev5senderconflictresolution", models.BooleanField(db_default=False, default=False)),
                (
                    "requireprivilegetoselfapproveemailaddress",
                    models.BooleanField(db_default=False, default=False),
                ),
                ("resolveforinactiveentities", models.BooleanField(db_default=False, default=False)),
                ("restrictirmemailitems", models.BooleanField(db_default=False, default=False)),
                (
                    "ssscreateadditionalqueueitemsforalreadytrackedemail",
                    models.BooleanField(db_default=False, default=False),
                ),
                (
                    "sssforcefilteringmethodforusermailboxes",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (-1, "As each user chose"),
                            (0, "All email messages"),
                            (1, "Email messages in response to Dynamics 365 email"),
                            (2, "Email messages from Dynamics 365 Leads, Contacts and Accounts"),
                            (3, "Email messages from Dynamics 365 records that are email enabled"),
                            (4, "No email messages"),
                        ],
                        db_default=-1,
                        default=-1,
                    ),
                ),
                (
                    "ssssaveoutgoingemailtoexchangesentfolder",
                    models.BooleanField(db_default=True, default=True),
                ),
                (
                    "tracelogpersistencetimeindays",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=30, default=30, highest=3650, lowest=0
                    ),
                ),
                ("trackcategorizeditems", models.BooleanField(db_default=True, default=True)),
                (
                    "unresolvesenderincaseofmultiplematch",
                    models.BooleanField(db_default=False, default=False),
                ),
                (
                    "usefilteringmethodofsyncingmailboxonlyforcorrelation",
                    models.BooleanField(db_default=False, default=False),
                ),
                (
                    "usexanchormailboxinexchangerequestheader",
                    models.BooleanField(db_default=True, default=True),
                ),
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
                    "defaultemailserverprofileid",
                    models.ForeignKey(
                        blank=True,
                        db_column="defaultemailserverprofileid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="crm.emailserverprofile",
                    ),
                ),
            ],
            options={
                "db_table": "organization",
            },
        ),
        migrations.CreateModel(
            name="Queue",
            fields=[
                (
                    "queueid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, null=True)),
                ("emailaddress", models.CharField(blank=True, max_length=100, null=True)),
                (
                    "emailrouteraccessapproval",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Empty"), (1, "Approved"), (2, "Pending Approval"), (3, "Rejected")],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "incomingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[
                            (0, "None"),
                            (2, "Server-Side Synchronization or Email Router"),
                            (3, "Forward Mailbox"),
                        ],
                        null=True,
                    ),
                ),
                (
                    "outgoingemaildeliverymethod",
                    serversync.crm.models.columns.PicklistField(
                        blank=True,
                        choices=[(0, "None"), (2, "Server-Side Synchronization or Email Router")],
                        null=True,
                    ),
                ),
                (
                    "incomingemailfilteringmethod",
                    serversync.crm.models.columns.PicklistField(
                        choices=[
                            (0, "All email messages"),
                            (1, "Email messages in response to Dynamics 365 email"),
                            (2, "Email messages from Dynamics 365 Leads, Contacts and Accounts"),
                            (3, "Email messages from Dynamics 365 records that are email enabled"),
                            (4, "No email messages"),
                        ],
                        db_default=0,
                        default=0,
                    ),
                ),
                ("ignoreunsolicitedemail", models.BooleanField(db_default=False, default=False)),
                ("isemailaddressapprovedbyo365admin", models.BooleanField(db_default=False, default=False)),
                (
                    "queueviewtype",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Public"), (1, "Private")], db_default=0, default=0
                    ),
                ),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
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
                    "defaultmailbox",
                    models.OneToOneField(
                        blank=True,
                        db_column="defaultmailbox",
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.mailbox",
                    ),
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
                "db_table": "queue",
            },
        ),
        migrations.CreateModel(
            name="QueueItem",
            fields=[
                (
                    "queueitemid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("objectid", models.UUIDField(blank=True, db_index=True, null=True)),
                ("objecttypecode", models.CharField(db_default="email", default="email", max_length=64)),
                ("title", models.CharField(blank=True, max_length=800, null=True)),
                (
                    "enteredon",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "statecode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(0, "Active"), (1, "Inactive")], db_default=0, default=0
                    ),
                ),
                (
                    "statuscode",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Active"), (2, "Inactive")], db_default=1, default=1
                    ),
                ),
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
                    "queueid",
                    models.ForeignKey(
                        db_column="queueid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="queueitems",
                        to="crm.queue",
                    ),
                ),
                (
                    "workerid",
                    models.ForeignKey(
                        blank=True,
                        db_column="workerid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "queueitem",
            },
        ),
        migrations.CreateModel(
            name="TraceLog",
            fields=[
                (
                    "tracelogid",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "level",
                    serversync.crm.models.columns.PicklistField(
                        choices=[(1, "Information"), (2, "Warning"), (3, "Error")], db_default=1, default=1
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=2000, null=True)),
                (
                    "tracecode",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=1000000000, lowest=0
                    ),
                ),
                ("tracestatus", models.BooleanField(db_default=False, default=False)),
                ("regardingobjectid", models.UUIDField(blank=True, null=True)),
                ("regardingobjecttypecode", models.CharField(blank=True, max_length=64, null=True)),
                (
                    "collationlevel",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=0, default=0, highest=None, lowest=0
                    ),
                ),
                ("isunique", models.BooleanField(db_default=False, default=False)),
                ("canbedeleted", models.BooleanField(db_default=True, default=True)),
                ("traceactionxml", models.TextField(blank=True, null=True)),
                ("traceparameterxml", models.TextField(blank=True, null=True)),
                ("tracedetailxml", models.TextField(blank=True, null=True)),
                ("errortypedisplay", models.CharField(blank=True, max_length=320, null=True)),
                ("errordetails", models.CharField(blank=True, max_length=2048, null=True)),
                ("machinename", models.CharField(blank=True, max_length=320, null=True)),
                ("code", models.CharField(db_default="", default="", max_length=100)),
                (
                    "occurrences",
                    serversync.crm.models.columns.WholeNumberField(
                        db_default=1, default=1, highest=None, lowest=1
                    ),
                ),
                (
                    "firston",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "laston",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("resolvedon", models.DateTimeField(blank=True, null=True)),
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
                    "parenttracelogid",
                    models.ForeignKey(
                        blank=True,
                        db_column="parenttracelogid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="crm.tracelog",
                    ),
                ),
                (
                    "regardingobjectownerid",
                    models.ForeignKey(
                        blank=True,
                        db_column="regardingobjectownerid",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "tracelog",
            },
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress1"), name="contact_emailaddress1"
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress2"), name="contact_emailaddress2"
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress3"), name="contact_emailaddress3"
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="contact_status_of_state",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress1"), name="account_emailaddress1"
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress2"), name="account_emailaddress2"
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress3"), name="account_emailaddress3"
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="account_status_of_state",
            ),
        ),
        migrations.AddIndex(
            model_name="activityparty",
            index=models.Index(
                condition=models.Q(("partyid__isnull", False)),
                fields=["partyid"],
                name="activityparty_partyid",
            ),
        ),
        migrations.AddConstraint(
            model_name="activityparty",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("partyid", None), ("partyobjecttypecode", None)),
                    models.Q(("partyid__isnull", False), ("partyobjecttypecode__isnull", False)),
                    _connector="OR",
                ),
                name="activityparty_id_and_type",
            ),
        ),
        migrations.AddConstraint(
            model_name="emailserverprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="emailserverprofile_status_of_state",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress1"), name="lead_emailaddress1"
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress2"), name="lead_emailaddress2"
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress3"), name="lead_emailaddress3"
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("statecode", 0), ("statuscode__in", [1, 2])),
                    models.Q(("statecode", 1), ("statuscode", 3)),
                    models.Q(("statecode", 2), ("statuscode__in", [4, 5, 6, 7])),
                    _connector="OR",
                ),
                name="lead_status_of_state",
            ),
        ),
        migrations.AddIndex(
            model_name="mailbox",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress"), name="mailbox_emailaddress"
            ),
        ),
        migrations.AddIndex(
            model_name="mailbox",
            index=models.Index(
                condition=models.Q(("nextpasson__isnull", False)),
                fields=["nextpasson"],
                name="mailbox_nextpasson",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailbox",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="mailbox_status_of_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailbox",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("isforwardmailbox", True),
                        ("regardingobjectid", None),
                        ("regardingobjecttypecode", None),
                    ),
                    models.Q(
                        ("isforwardmailbox", False),
                        ("regardingobjectid__isnull", False),
                        ("regardingobjecttypecode__in", ["systemuser", "queue"]),
                    ),
                    _connector="OR",
                ),
                name="mailbox_of_user_queue_or_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailbox",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("processanddeleteemails", False),
                    ("isforwardmailbox", True),
                    ("regardingobjecttypecode", "queue"),
                    _connector="OR",
                ),
                name="mailbox_delete_after_processing",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailbox",
            constraint=models.UniqueConstraint(
                fields=("regardingobjectid",), name="mailbox_one_a_user_or_queue"
            ),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(fields=["messageid"], name="email_messageid"),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                condition=models.Q(("inreplyto__isnull", False)), fields=["inreplyto"], name="email_inreplyto"
            ),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                condition=models.Q(("trackingtoken__isnull", False)),
                fields=["trackingtoken"],
                name="email_trackingtoken",
            ),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                condition=models.Q(("baseconversationindexhash__isnull", False)),
                fields=["baseconversationindexhash"],
                name="email_baseconversationindex",
            ),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(fields=["-createdon"], name="email_createdon"),
        ),
        migrations.AddConstraint(
            model_name="email",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("statecode", 0), ("statuscode__in", (1, 8))),
                    models.Q(("statecode", 1), ("statuscode__in", (2, 3, 4, 6, 7))),
                    models.Q(("statecode", 2), ("statuscode__in", (5,))),
                    _connector="OR",
                ),
                name="email_status_of_state",
            ),
        ),
        migrations.AddIndex(
            model_name="systemuser",
            index=models.Index(
                django.db.models.functions.text.Lower("internalemailaddress"), name="systemuser_internalemail"
            ),
        ),
        migrations.AddIndex(
            model_name="systemuser",
            index=models.Index(
                django.db.models.functions.text.Lower("personalemailaddress"), name="systemuser_personalemail"
            ),
        ),
        migrations.AddIndex(
            model_name="systemuser",
            index=models.Index(
                django.db.models.functions.text.Lower("mobilealertemail"), name="systemuser_mobilealertemail"
            ),
        ),
        migrations.AddConstraint(
            model_name="mailboxfolder",
            constraint=models.UniqueConstraint(
                fields=("mailboxid", "distinguishedfolderid"), name="mailboxfolder_distinguishedfolder"
            ),
        ),
        migrations.AddIndex(
            model_name="mailboxstatistics",
            index=models.Index(
                fields=["mailboxid", "-mailboxprocessstartedon"], name="mailboxstatistics_mailbox"
            ),
        ),
        migrations.AddIndex(
            model_name="mailboxstatistics",
            index=models.Index(fields=["mailboxprocessstartedon"], name="mailboxstatistics_started"),
        ),
        migrations.AddIndex(
            model_name="messagetrace",
            index=models.Index(fields=["messageid"], name="messagetrace_messageid"),
        ),
        migrations.AddIndex(
            model_name="messagetrace",
            index=models.Index(fields=["mailboxid", "-receivedon"], name="messagetrace_received"),
        ),
        migrations.AddConstraint(
            model_name="messagetrace",
            constraint=models.UniqueConstraint(fields=("mailboxid", "itemkey"), name="messagetrace_item"),
        ),
        migrations.AddIndex(
            model_name="queue",
            index=models.Index(
                django.db.models.functions.text.Lower("emailaddress"), name="queue_emailaddress"
            ),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="queue_status_of_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="queueitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "statuscode",
                        django.db.models.expressions.CombinedExpression(
                            models.F("statecode"), "+", models.Value(1)
                        ),
                    )
                ),
                name="queueitem_status_of_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="queueitem",
            constraint=models.UniqueConstraint(fields=("queueid", "objectid"), name="queueitem_once_a_queue"),
        ),
        migrations.AddIndex(
            model_name="tracelog",
            index=models.Index(fields=["regardingobjectid", "-laston"], name="tracelog_regarding"),
        ),
        migrations.AddIndex(
            model_name="tracelog",
            index=models.Index(fields=["-laston"], name="tracelog_laston"),
        ),
        migrations.AddConstraint(
            model_name="tracelog",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolvedon__isnull", True)),
                fields=("code", "regardingobjectid"),
                name="tracelog_one_open",
                nulls_distinct=False,
            ),
        ),
    ]
