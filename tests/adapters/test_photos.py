"""Photos of contacts go both ways: exchangelib gives, reads and takes them in Outlook; nothing is asked for twice."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import exchangelib
import pytest
from exchangelib import FileAttachment, ItemAttachment
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_files import Files
from serversync.adapters.act_mailbox import EwsActMailbox
from serversync.adapters.act_pictures import Pictures
from serversync.core import faults
from serversync.core.errors import ConnectionLost, ServiceError
from serversync.core.ids import content_id
from serversync.engine.act_ports import ActRun
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.rules.merge import Preference
from serversync.rules.record import Direction, Kind
from serversync.simulator.faults import Fault
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import RULES, Alerts, Company, Killed, grace, kill, the_only
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

JPEG = b"\xff\xd8\xff\xe0 a face"
OTHER = b"\x89PNG\r\n\x1a\n another face"
PHOTO = b"GIF89a a third face"
LARGEST = 1000


class Told(Alerts):
    """Keeps what could not be synchronized, by the title of its record."""

    def __init__(self) -> None:
        self.errors: list[tuple[str, str]] = []

    async def failed(self, run: ActRun, title: str, error: ServiceError) -> None:
        self.errors.append((title, error.code))


class CountingClient(EwsClient):
    """Counts what we ask for, by the operation."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials, asked: Counter[str]) -> None:
        super().__init__(endpoint, credentials)
        self._asked = asked

    async def call(self, operation: Any, *, mailbox: str | None = None) -> Any:
        self._asked[operation.name] += 1
        return await super().call(operation, mailbox=mailbox)


class Album(Company):
    """The company, with the photos of its contacts."""

    alerts: Told

    def __init__(self, place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> None:
        super().__init__(place, world, pool, query)
        self.files = Files(pool)
        self.alerts = Told()
        self.asked: Counter[str] = Counter()
        self.place.open = self.open  # type: ignore[method-assign]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[EwsActMailbox]:
        credentials = Credentials(username=ACCOUNT, password=PASSWORD, scheme=Scheme.BASIC)
        endpoint = Endpoint(url=self.place.simulator.url, ca_file=self.place.simulator.ca_file)
        async with CountingClient(endpoint, credentials, self.asked) as client:
            own = Pictures(client, MAILBOX, self.files, mailboxid=self.run.mailboxid, largest=LARGEST)
            yield EwsActMailbox(client, MAILBOX, takes_all=self.place.takes_all, pictures=own)

    async def give(self, key: UUID, content: bytes | None) -> None:
        """Give a contact a photo in the CRM, as the pages do."""
        photo = None if content is None else await self.files.take_in(content, "image/jpeg")
        await self.edit(key, entityimageid=photo)

    def photos(self) -> list[bytes | None]:
        rows = self.query(
            "select a.body from contact c left join attachment a on a.attachmentid = c.entityimageid"
            " order by c.lastname"
        )
        return [None if body is None else bytes(body) for (body,) in rows]


@pytest.fixture
def album(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Album:
    return Album(place, world, pool, query)


def show(content: bytes, name: str = "ContactPicture.jpg") -> Any:
    """Somebody gives the only contact a photo in Outlook."""

    def act(ada: exchangelib.Account) -> None:
        item = the_only(ada)
        item.attach(FileAttachment(name=name, content=content, is_contact_photo=True))

    return act


def hide(ada: exchangelib.Account) -> None:
    """Somebody takes the photo of the only contact away."""
    item = the_only(ada)
    item.detach([each for each in item.attachments if each.is_contact_photo])


def seen(ada: exchangelib.Account) -> list[bytes]:
    """The photos of the only contact, as exchangelib has them."""
    return [each.content for each in the_only(ada).attachments if each.is_contact_photo]


async def test_a_photo_of_outlook_comes_and_one_of_the_crm_goes(album: Album) -> None:
    await album.outlook(grace)
    await album.outlook(show(JPEG))
    await album.bring_into_step()
    assert album.photos() == [JPEG]
    (key,) = (row[0] for row in album.rows("contactid"))
    await album.give(key, OTHER)
    await album.bring_into_step()
    assert await album.outlook(seen) == [OTHER]
    await album.give(key, None)
    await album.bring_into_step()
    assert await album.outlook(seen) == []
    await album.outlook(show(JPEG))
    await album.bring_into_step()
    assert album.photos() == [JPEG]
    await album.outlook(hide)
    await album.bring_into_step()
    assert album.photos() == [None]


async def test_a_new_contact_of_the_crm_brings_its_photo(album: Album) -> None:
    key = await album.add(firstname="Ada", lastname="Lovelace")
    await album.give(key, JPEG)
    await album.bring_into_step()
    assert await album.outlook(seen) == [JPEG]
    assert (await album.outlook(the_only)).attachments[0].name == "ContactPicture.jpg"
    assert album.asked["GetAttachment"] == 0


async def test_a_photo_that_stays_is_neither_fetched_nor_written_again(album: Album) -> None:
    await album.outlook(grace)
    await album.outlook(show(JPEG))
    await album.bring_into_step()
    fetched, written = album.asked["GetAttachment"], album.asked["CreateAttachment"]

    def edit(ada: exchangelib.Account) -> None:
        item = the_only(ada)
        item.job_title = "Commodore"
        item.save(update_fields=["job_title"])

    await album.outlook(edit)
    await album.bring_into_step()
    (key, title) = album.rows("contactid, jobtitle")[0]
    assert title == "Commodore"
    await album.edit(key, jobtitle="Rear admiral")
    await album.bring_into_step()
    assert (await album.outlook(the_only)).job_title == "Rear admiral"
    assert (album.asked["GetAttachment"], album.asked["CreateAttachment"]) == (fetched, written)


async def test_the_base_names_a_photo_and_never_holds_it(album: Album) -> None:
    await album.outlook(grace)
    await album.outlook(show(JPEG))
    await album.bring_into_step()
    ((base,),) = album.query("select base from exchangesyncidmapping")
    assert base["crm"]["entityimageid"] == base["exchange"]["entityimageid"] == str(content_id(JPEG))


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", b"\xff\xd8\xff" + b"x" * LARGEST, b""])
async def test_what_is_no_picture_or_too_large_is_set_aside_and_the_rest_goes_on(
    album: Album, content: bytes
) -> None:
    await album.outlook(grace)
    await album.outlook(show(content))
    await album.bring_into_step()
    assert (album.photos(), album.rows("lastname")) == ([None], [("Hopper",)])
    assert set(album.alerts.errors) == {("Grace Hopper", "act.picture-not-synchronized")}
    ((error,),) = album.query("select lastsyncerror from exchangesyncidmapping")
    assert error.startswith("act.picture-not-synchronized: The photo of a contact")
    (key,) = (row[0] for row in album.rows("contactid"))
    await album.edit(key, jobtitle="Rear admiral")
    await album.give(key, OTHER)
    await album.bring_into_step()
    assert (await album.outlook(the_only)).job_title == "Rear admiral"
    assert await album.outlook(seen) == [content]
    await album.outlook(hide)
    await album.bring_into_step()
    assert await album.outlook(seen) == [OTHER]
    assert album.query("select lastsyncerror from exchangesyncidmapping") == [(None,)]


async def test_a_photo_that_exchange_refuses_is_set_aside_and_the_rest_is_written(album: Album) -> None:
    key = await album.add(lastname="Hopper")
    await album.bring_into_step()
    album.place.exchange.faults.add(
        Fault(operation="CreateAttachment", response_code="ErrorAttachmentSizeLimitExceeded")
    )
    await album.give(key, JPEG)
    await album.edit(key, jobtitle="Rear admiral")
    await album.once()
    assert (await album.outlook(the_only)).job_title == "Rear admiral"
    assert [code for _, code in album.alerts.errors] == ["act.picture-not-synchronized"]
    await album.edit(key, jobtitle="Retired")
    await album.bring_into_step()
    assert await album.outlook(seen) == [JPEG]
    assert album.query("select lastsyncerror from exchangesyncidmapping") == [(None,)]


async def test_of_two_new_photos_the_preference_decides_and_the_other_is_shown(album: Album) -> None:
    key = await album.add(lastname="Hopper")
    await album.bring_into_step()
    await album.give(key, JPEG)
    await album.outlook(show(OTHER))
    await album.bring_into_step()
    assert (album.photos(), await album.outlook(seen)) == ([JPEG], [JPEG])
    (link,) = (await album.store.links(album.run, [key])).values()
    assert [(each.name, each.lost) for each in link.conflicts] == [("entityimageid", str(content_id(OTHER)))]


@pytest.mark.parametrize("preference", list(Preference))
async def test_a_pass_that_is_killed_between_the_two_halves_of_a_new_photo_loses_neither(
    album: Album, preference: Preference
) -> None:
    rules = {Kind.CONTACT: replace(RULES[Kind.CONTACT], preference=preference)}
    album.run = replace(album.run, rules=rules)
    key = await album.add(lastname="Hopper")
    await album.give(key, JPEG)
    await album.bring_into_step()
    album.place.exchange.faults.add(Fault(operation="CreateAttachment", reset_before=True))
    await album.give(key, OTHER)
    with pytest.raises(ConnectionLost):
        await album.once()
    assert await album.outlook(seen) == []
    await album.bring_into_step()
    assert (album.photos(), await album.outlook(seen)) == ([OTHER], [OTHER])


async def test_an_answer_that_is_lost_doubles_no_photo(album: Album) -> None:
    key = await album.add(lastname="Hopper")
    await album.bring_into_step()
    album.place.exchange.faults.add(Fault(operation="CreateAttachment", reset_after=True))
    await album.give(key, JPEG)
    with pytest.raises(ConnectionLost):
        await album.once()
    await album.bring_into_step()
    assert await album.outlook(seen) == [JPEG]
    assert album.asked["CreateAttachment"] == 1


@pytest.mark.parametrize("point", [*faults.ACT_PASS, *faults.ACT_FILES])
async def test_killed_at_each_named_point_every_photo_is_there_once(album: Album, point: str) -> None:
    await album.outlook(grace)
    await album.outlook(show(OTHER))
    key = await album.add(firstname="Ada", lastname="Lovelace")
    await album.give(key, JPEG)
    if point == "act.file-removed":
        await album.bring_into_step()
        await album.give(key, PHOTO)
    with pytest.raises(Killed), faults.arm(point, kill):
        await album.once()
    await album.bring_into_step()
    last = PHOTO if point == "act.file-removed" else JPEG
    assert album.photos() == [OTHER, last]

    def all_seen(ada: exchangelib.Account) -> dict[str, list[bytes]]:
        return {each.surname: [one.content for one in each.attachments] for each in ada.contacts.all()}

    assert await album.outlook(all_seen) == {"Hopper": [OTHER], "Lovelace": [last]}


async def test_a_photo_goes_only_the_way_that_is_set(album: Album) -> None:
    directions = {**RULES[Kind.CONTACT].directions, "entityimageid": Direction.TO_EXCHANGE}
    album.run = replace(album.run, rules={Kind.CONTACT: replace(RULES[Kind.CONTACT], directions=directions)})
    await album.outlook(grace)
    await album.outlook(show(JPEG))
    await album.bring_into_step()
    assert album.photos() == [None]
    (key,) = (row[0] for row in album.rows("contactid"))
    await album.give(key, OTHER)
    await album.bring_into_step()
    assert await album.outlook(seen) == [OTHER]


async def test_the_photo_of_a_contact_that_nobody_tracks_is_not_looked_at(album: Album) -> None:
    await album.outlook(grace)
    await album.outlook(show(JPEG))
    album.place.takes_all = frozenset()
    async with album.open() as mailbox:
        ids = [each.item_id for each in (await mailbox.feed(Kind.CONTACT, None)).heard]
        await mailbox.read(Kind.CONTACT, ids)
    assert album.asked["GetAttachment"] == 0


async def test_what_is_known_of_an_item_goes_with_it(album: Album) -> None:
    await album.outlook(grace)
    await album.outlook(show(JPEG))
    await album.bring_into_step()
    assert album.query("select count(*) from exchangesyncattachment") == [(1,)]
    await album.outlook(lambda ada: the_only(ada).move_to_trash())
    await album.bring_into_step()
    assert album.query("select count(*) from exchangesyncattachment") == [(0,)]


async def test_other_files_of_a_contact_stay_in_exchange_whatever_is_changed(album: Album) -> None:
    await album.outlook(grace)
    paper = FileAttachment(name="signed.pdf", content=b"signed")
    mail = ItemAttachment(name="mail", item=exchangelib.Message(subject="mail", body="x"))
    await album.outlook(lambda ada: the_only(ada).attach([paper, mail]))
    await album.bring_into_step()
    (key,) = (row[0] for row in album.rows("contactid"))

    def others(ada: exchangelib.Account) -> list[str]:
        return sorted(
            each.name for each in the_only(ada).attachments if not getattr(each, "is_contact_photo", 0)
        )

    for photo in (JPEG, OTHER, None):
        await album.edit(key, jobtitle=f"With {photo!r}"[:20])
        await album.give(key, photo)
        await album.bring_into_step()
        assert await album.outlook(others) == ["mail", "signed.pdf"]
    await album.outlook(show(JPEG))
    await album.bring_into_step()
    assert await album.outlook(others) == ["mail", "signed.pdf"]
    assert album.photos() == [JPEG]
    assert album.query("select count(*) from activitymimeattachment") == [(0,)]
