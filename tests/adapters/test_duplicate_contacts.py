"""Contacts of Exchange are recognised by the keys that were chosen before they are made a second time."""

from dataclasses import replace

import exchangelib
import pytest
from exchangelib.indexed_properties import EmailAddress

from serversync.adapters import act_settings
from serversync.mapping.fields import DUPLICATE_COLUMNS
from serversync.rules.duplicates import keys_of
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company, grace
from tests.adapters.test_act_store import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


@pytest.mark.parametrize(
    ("keys", "known", "count"),
    [
        ("emailaddress1", {"lastname": "X", "emailaddress1": "GRACE@example.com"}, 1),
        ("emailaddress1 + lastname", {"lastname": "X", "emailaddress1": "grace@example.com"}, 2),
        ("emailaddress1 + lastname", {"lastname": "hopper", "emailaddress1": "grace@example.com"}, 1),
        ("firstname + lastname", {"firstname": "Grace", "lastname": "Hopper"}, 1),
        ("telephone1, firstname + lastname", {"firstname": "Grace", "lastname": "Hopper"}, 1),
        ("telephone1", {"firstname": "Grace", "lastname": "Hopper"}, 2),
        ("", {"lastname": "Hopper", "emailaddress1": "grace@example.com"}, 2),
        (
            "firstname + lastname",
            {"firstname": "Grace", "lastname": "Hopper", "statecode": 1, "statuscode": 2},
            2,
        ),
    ],
)
async def test_a_contact_is_the_same_by_the_keys_that_were_chosen(
    company: Company, keys: str, known: dict[str, object], count: int
) -> None:
    company.run = replace(
        company.run, duplicate_keys=act_settings.duplicate_keys({"contactduplicatekeys": keys})
    )
    await company.add(**known)
    await company.outlook(grace)
    await company.bring_into_step()
    assert len(company.rows("1")) == count


async def test_the_first_key_that_fits_counts_and_the_oldest_of_several(company: Company) -> None:
    company.run = replace(
        company.run, duplicate_keys=keys_of("emailaddress2, firstname + lastname", DUPLICATE_COLUMNS)
    )
    await company.add(firstname="Grace", lastname="Hopper", createdon="2020-01-01")
    await company.add(firstname="Grace", lastname="Hopper", createdon="2010-01-01", jobtitle="First")
    by_mail = await company.add(lastname="Murray", emailaddress2="g2@example.com", jobtitle="Mail")

    def two(ada: exchangelib.Account) -> None:
        for number, address in ((1, "g2@example.com"), (2, "other@example.com")):
            exchangelib.Contact(
                account=ada,
                folder=ada.contacts,
                display_name=f"Grace {number}",
                given_name="Grace",
                surname="Hopper",
                company_name=str(number),
                email_addresses=[EmailAddress(label="EmailAddress2", email=address)],
            ).save()

    await company.outlook(two)
    await company.bring_into_step()
    assert len(company.rows("1")) == 3
    linked = company.query(
        "select c.jobtitle, l.objectid = %s from exchangesyncidmapping l join contact c on c.contactid = l.objectid"
        " where c.emailaddress2 is not null order by c.emailaddress2",
        by_mail,
    )
    assert linked == [("Mail", True), ("First", False)]


@pytest.mark.parametrize(
    "text", ["a", "lastname", "emailaddress1 +", "emailaddress1,emailaddress1", "birthdate"]
)
def test_keys_that_recognise_nobody_or_everybody_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"column|many people|twice"):
        keys_of(text, DUPLICATE_COLUMNS)
