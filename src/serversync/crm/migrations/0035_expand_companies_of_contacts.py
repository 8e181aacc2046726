"""Lets contacts of an account be told of when the account is renamed, and finds them by an index.

Why: the company of a contact in Exchange is the name of its parent customer. Locks taken: writes to ``contact`` wait while the
index is made, writes to ``account`` for a moment. At 10 million rows: half a minute. Undo: migrate crm 0034.
"""

from django.db import migrations, models

FOLLOW_COMPANIES = """
create function crm_touch_contacts_of_account() returns trigger language plpgsql as $$
begin
    update contact set modifiedon = now()
    where parentcustomerid = new.accountid and parentcustomeridtype = 'account';
    return null;
end $$;
create trigger account_renamed after update of name on account for each row
    when (old.name is distinct from new.name) execute function crm_touch_contacts_of_account();
"""

LEAVE_COMPANIES = """
drop trigger account_renamed on account;
drop function crm_touch_contacts_of_account();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0034_expand_counts_of_jobs"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("parentcustomerid__isnull", False)),
                fields=["parentcustomerid"],
                name="contact_parentcustomerid",
            ),
        ),
        migrations.RunSQL(FOLLOW_COMPANIES, LEAVE_COMPANIES),
    ]
