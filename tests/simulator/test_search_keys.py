"""The search key of items, as exchangelib reads it: kept wherever an item goes, shared with copies, its own when new."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import exchangelib
import pytest
from exchangelib import ExtendedProperty
from exchangelib.folders import Folder

from serversync.simulator import Exchange
from tests.simulator.conftest import account
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

KINDS = (exchangelib.CalendarItem, exchangelib.Contact, exchangelib.Task)


class SearchKey(ExtendedProperty):
    """PidTagSearchKey."""

    property_tag = 0x300B
    property_type = "Binary"


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    for kind in KINDS:
        kind.register("search_key", SearchKey)
    yield
    for kind in KINDS:
        kind.deregister("search_key")


@pytest.fixture
def ada(exchange: Exchange, serve: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[exchangelib.Account]:
    with serve(exchange) as simulator, account(simulator, monkeypatch) as made:
        yield made


def make(kind: type, folder: Folder) -> Any:
    values: dict[str, Any] = {"subject": "Tea"}
    if kind is exchangelib.CalendarItem:
        start = dt.datetime(2030, 1, 7, 9, tzinfo=exchangelib.EWSTimeZone("UTC"))
        values |= {"start": start, "end": start + dt.timedelta(hours=1)}
    if kind is exchangelib.Contact:
        values = {"display_name": "Tea", "surname": "Tea"}
    return kind(account=folder.account, folder=folder, **values).save()


def home(ada: exchangelib.Account, kind: type) -> Folder:
    return {
        exchangelib.CalendarItem: ada.calendar,
        exchangelib.Contact: ada.contacts,
        exchangelib.Task: ada.tasks,
    }[kind]


def the_only(folder: Folder) -> Any:
    (found,) = folder.all()
    return found


def moved_out_and_in(ada: exchangelib.Account, place: Folder) -> None:
    the_only(place).move(ada.drafts)
    the_only(ada.drafts).move(place)


def deleted_and_restored(ada: exchangelib.Account, place: Folder) -> None:
    the_only(place).move_to_trash()
    the_only(ada.trash).move(place)


def purged_and_recovered(ada: exchangelib.Account, place: Folder) -> None:
    the_only(place).soft_delete()
    the_only(ada.recoverable_items_deletions).move(place)


def brought_over(ada: exchangelib.Account, place: Folder) -> None:
    before = the_only(place)
    (stream,) = ada.export([before])
    before.delete()
    ada.upload([(place, stream)])


def edited(_ada: exchangelib.Account, place: Folder) -> None:
    item = the_only(place)
    item.body = "Earl Grey"
    item.save(update_fields=["body"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "happens", [moved_out_and_in, deleted_and_restored, purged_and_recovered, brought_over, edited]
)
def test_an_item_keeps_its_search_key(
    ada: exchangelib.Account, kind: type, happens: Callable[[exchangelib.Account, Folder], None]
) -> None:
    place = home(ada, kind)
    make(kind, place)
    before = the_only(place).search_key
    happens(ada, place)
    assert (len(before), the_only(place).search_key) == (16, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_shares_the_search_key_and_a_new_item_has_its_own(
    ada: exchangelib.Account, kind: type
) -> None:
    place = home(ada, kind)
    make(kind, place)
    first = the_only(place)
    first.copy(place)
    assert {each.search_key for each in place.all()} == {first.search_key}
    make(kind, place)
    assert len({each.search_key for each in place.all()}) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_items_are_found_by_their_search_key(ada: exchangelib.Account, kind: type) -> None:
    place = home(ada, kind)
    make(kind, place)
    first = the_only(place)
    make(kind, place)
    first.copy(place)
    found = list(place.filter(search_key=first.search_key))
    assert len(found) == 2
    assert first.id in {each.id for each in found}
    assert list(place.filter(search_key=bytes(16))) == []
