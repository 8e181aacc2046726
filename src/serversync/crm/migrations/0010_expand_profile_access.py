"""Adds what a profile may touch, and the proxy's credentials apart from its address.

Why: an allow-list of mailboxes stands beside the management scope of Exchange, with a mailbox that has to be denied; the
password of the proxy is sealed like others instead of standing in a URL. An address that still holds credentials goes
on working, and is taken apart when the proxy is entered again. Lock taken: an instant on a table of a few rows. Undo:
migrate crm 0009, which drops the columns.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0009_expand_connectionslot"),
    ]

    operations = [
        migrations.AddField(
            model_name="emailserverprofile",
            name="allowedmailboxes",
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="emailserverprofile",
            name="outsidemailbox",
            field=models.CharField(blank=True, max_length=100, null=True),
        ),
        migrations.AddField(
            model_name="emailserverprofile",
            name="proxypassword",
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="emailserverprofile",
            name="proxyusername",
            field=models.CharField(blank=True, max_length=250, null=True),
        ),
    ]
