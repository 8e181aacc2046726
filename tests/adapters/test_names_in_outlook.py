"""Under which name Outlook shows a contact that the CRM made, renamed or has no name of; exchangelib is the person in Outlook."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import exchangelib
import pytest

from serversync.adapters.act_shown_names import follow
from serversync.engine.act_ports import ItemToChange, Written
from serversync.exchange.client import EwsClient
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company, the_only
from tests.adapters.test_act_store import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


def shown(ada: exchangelib.Account) -> tuple[Any, ...]:
    found = the_only(ada)
    return found.display_name, found.file_as, found.subject


def edited(**values: Any) -> Callable[[exchangelib.Account], object]:
    def edit(ada: exchangelib.Account) -> None:
        item = the_only(ada)
        for name, value in values.items():
            setattr(item, name, value)
        item.save(update_fields=list(values))

    return edit


async def test_who_is_renamed_in_the_crm_is_shown_under_the_new_name(company: Company) -> None:
    key = await company.add(firstname="Ada", lastname="Byron")
    await company.bring_into_step()
    assert await company.outlook(shown) == ("Ada Byron", "Byron, Ada", "Ada Byron")
    await company.edit(key, lastname="Lovelace", middlename="King")
    await company.bring_into_step()
    assert await company.outlook(shown) == ("Ada King Lovelace", "Lovelace, Ada King", "Ada King Lovelace")


async def test_a_name_that_somebody_has_chosen_in_outlook_stays(company: Company) -> None:
    key = await company.add(firstname="Ada", lastname="Byron")
    await company.bring_into_step()
    await company.outlook(edited(file_as="Enchantress"))
    await company.edit(key, lastname="Lovelace")
    await company.bring_into_step()
    assert await company.outlook(shown) == ("Ada Lovelace", "Enchantress", "Ada Lovelace")


async def test_what_outlook_makes_of_names_by_itself_is_left_to_it(company: Company) -> None:
    key = await company.add(firstname="Ada", lastname="Byron")
    await company.bring_into_step()
    await company.outlook(edited(file_as_mapping="FirstSpaceLast"))
    await company.edit(key, lastname="Lovelace")
    await company.bring_into_step()
    found = await company.outlook(the_only)
    assert (found.file_as, found.file_as_mapping) == ("Ada Lovelace", "FirstSpaceLast")


async def test_a_contact_without_a_name_is_shown_by_its_address_until_it_has_one(company: Company) -> None:
    key = await company.add(emailaddress1="ada@example.com")
    await company.bring_into_step()
    assert (await company.outlook(shown))[:2] == ("ada@example.com", "ada@example.com")
    await company.edit(key, firstname="Ada", lastname="Lovelace")
    await company.bring_into_step()
    assert (await company.outlook(shown))[:2] == ("Ada Lovelace", "Lovelace, Ada")
    assert company.rows("firstname, lastname, emailaddress1") == [("Ada", "Lovelace", "ada@example.com")]


class NeverAsked(EwsClient):
    """A client of which nobody asks anything."""

    def __init__(self) -> None:
        """Need nothing."""

    async def call_bisecting(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("Exchange was asked")


async def test_a_change_of_something_else_asks_nothing_more_of_exchange() -> None:
    change = ItemToChange(
        Written("i", "k"), {"jobtitle": "Countess"}, {"lastname": "King"}, crmid=UUID(int=7)
    )
    assert await follow(NeverAsked(), None, [change]) == {}
    renamed = change._replace(fields={"lastname": "Lovelace"})
    with pytest.raises(AssertionError, match="was asked"):
        await follow(NeverAsked(), None, [renamed])
