"""Lets a mailbox go although a job has had it.

Why: mailboxes are deleted by the database together with their user or queue, and the row of a job held them. Lock
taken: a short exclusive one on ``asyncoperationitem``. At 10 million rows: milliseconds. Undo: migrate crm 0013.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0013_expand_notification_group"),
    ]

    operations = [
        migrations.AlterField(
            model_name="asyncoperationitem",
            name="mailboxid",
            field=models.ForeignKey(
                db_column="mailboxid",
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="asyncoperationitems",
                to="crm.mailbox",
            ),
        ),
    ]
