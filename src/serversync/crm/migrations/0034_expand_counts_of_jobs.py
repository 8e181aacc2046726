"""Adds to each job how its mailboxes ended, written when it is over.

Why: the list of jobs counted the items of every job on it, a hundred thousand each in a large company. Lock taken: a short
one on ``asyncoperation``; the items of jobs that are over are counted once, a second for a million. At 10 million e-mails: the
same. Undo: migrate to the one before.
"""

from django.db import migrations

import serversync.crm.models.columns


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0033_expand_waiting"),
    ]

    operations = [
        migrations.AddField(
            model_name="asyncoperation",
            name="canceledcount",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=0, default=0, highest=None, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="asyncoperation",
            name="failedcount",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=0, default=0, highest=None, lowest=0
            ),
        ),
        migrations.AddField(
            model_name="asyncoperation",
            name="succeededcount",
            field=serversync.crm.models.columns.WholeNumberField(
                db_default=0, default=0, highest=None, lowest=0
            ),
        ),
        migrations.RunSQL(
            "update asyncoperation o set succeededcount = c.succeeded, failedcount = c.failed,"
            " canceledcount = c.canceled from (select asyncoperationid, count(*) filter (where itemstate = 2) succeeded,"
            " count(*) filter (where itemstate = 3) failed, count(*) filter (where itemstate = 4) canceled"
            " from asyncoperationitem group by asyncoperationid) c"
            " where c.asyncoperationid = o.asyncoperationid and o.statecode = 3",
            migrations.RunSQL.noop,
        ),
    ]
