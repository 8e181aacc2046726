"""Adds the templates of synchronization filters for phone calls, letters and faxes, and gives them to those who have filters.

Why: they are kept in step from now on. Who got the organization's filters before would have none for them, and without any
filter nothing is let in. An installation without templates gets all of them after its migrations. Lock taken: none that anybody waits for. At 10 million rows: a row for each user
and kind. Undo: migrate crm 0047.
"""

from django.db import migrations

_ADDED = (
    ("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a00a", "phonecall", "My Phone Calls"),
    ("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a00b", "letter", "My Letters"),
    ("4f9a1f6a-6a3b-4b51-8d5f-0c1d36f1a00c", "fax", "My Faxes"),
)
_CONDITIONS = '[{"attribute": "ownerid", "operator": "eq-userid", "value": null}]'
ADD = "".join(
    f"""
insert into savedquery (savedqueryid, returnedtypecode, name, conditions)
select '{key}', '{kind}', '{name}', '{_CONDITIONS}'::jsonb where exists (select from savedquery)
on conflict do nothing;
insert into userquery (ownerid, name, returnedtypecode, conditions)
select systemuserid, '{name}', '{kind}', '{_CONDITIONS}'::jsonb from usersettings where aresyncfiltersset
on conflict do nothing;
"""  # noqa: S608 - put together from constants
    for key, kind, name in _ADDED
)
TAKE_AWAY = """
delete from savedquery where returnedtypecode in ('phonecall', 'letter', 'fax');
delete from userquery where returnedtypecode in ('phonecall', 'letter', 'fax');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0047_expand_service_activities"),
    ]

    operations = [
        migrations.RunSQL(ADD, TAKE_AWAY),
    ]
