"""Files that nobody thinks of, of appointments and of tasks: named alike or strangely, empty, renamed, or gone on both sides."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, ClassVar

import exchangelib
import pytest
from exchangelib import FileAttachment
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_files import Files
from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.mapping.fields import directions
from serversync.rules.plan import KindRules
from serversync.simulator.faults import Fault
from tests.adapters.comparing import until_nothing_is_compared_any_more
from tests.adapters.file_company import AGENDA, LARGEST, PLAN, Office, TaskOffice, opened
from tests.adapters.meeting_company import ADA
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

CODE = "act.attachment-not-synchronized"


@pytest.fixture(params=[Office, TaskOffice], ids=["appointment", "task"])
def office(
    request: pytest.FixtureRequest,
    world: SimpleNamespace,
    pool: AsyncConnectionPool,
    query: Any,
    serve: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    with opened(request.param, world, pool, query, serve, monkeypatch) as made:
        yield made


async def test_two_files_of_one_name_are_two_on_both_sides_and_go_one_by_one(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("plan.txt", PLAN)
    await office.attach("plan.txt", AGENDA)
    await office.ends()
    assert office.crm_files() == [("plan.txt", AGENDA), ("plan.txt", PLAN)]

    def drop_the_agenda(ada: exchangelib.Account) -> None:
        item = office.the_item(ada)
        item.detach([each for each in item.attachments if each.content == AGENDA])

    await office.outlook(ADA, drop_the_agenda)
    await office.ends()
    await office.both_have(plan=PLAN)


async def test_one_file_twice_in_outlook_is_one_in_the_crm_and_both_go_with_it(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("plan.txt", PLAN)
    await office.attach("plan.txt", PLAN)
    await office.ends()
    assert office.crm_files() == [("plan.txt", PLAN)]
    assert len(await office.exchange_files()) == 2
    await office.drop("plan.txt")
    await office.ends()
    assert (office.crm_files(), await office.exchange_files()) == ([], [])


STRANGE = (
    "..\\..\\up.txt",
    "/etc/passwd",
    'a:b*c?"<d>|.txt',
    "Ünïcödé 😀.txt",
    "no ending",
    ".hidden",
    "x" * 255,
    "a & b.txt",
)


async def test_strange_names_are_the_same_on_both_sides(office: Office) -> None:
    key = await office.add(ADA)
    for name in STRANGE:
        await office.put(key, name, PLAN)
    await office.ends()
    assert {name for name, _ in await office.exchange_files()} == set(STRANGE)
    for name in STRANGE:
        await office.attach(f"{name[:250]}.too", AGENDA)
    await office.ends()
    assert office.in_crm() == await office.in_exchange()
    assert len(office.in_crm()) == 2 * len(STRANGE)
    assert office.alerts.errors == []


@pytest.mark.parametrize("name", ["bell\x07.txt", "two\nlines.txt", " blanks ", "tab\t.txt", "\x1f", ""])
async def test_a_name_that_exchange_cannot_keep_is_one_file_that_stays_and_goes(
    office: Office, name: str
) -> None:
    key = await office.add(ADA)
    await office.put(key, name, PLAN)
    await office.ends()
    assert [content for _, content in office.crm_files()] == [PLAN]
    assert [content for _, content in await office.exchange_files()] == [PLAN]
    await office.edit(key, subject="Again")
    await office.change(importance="High")
    await office.ends()
    assert office.asked["upload"] == 1
    assert [content for _, content in office.crm_files()] == [PLAN]
    for kept, _ in office.crm_files():
        await office.drop(kept)
    await office.ends()
    assert await office.exchange_files() == []


async def test_a_name_that_is_too_long_for_the_crm_is_cut_and_the_file_is_still_one(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("y" * 300, PLAN)
    await office.ends()
    assert office.in_crm() == {"y" * 255: PLAN}
    await office.change(importance="High")
    await office.ends()
    assert len(await office.exchange_files()) == 1
    await office.drop("y" * 255)
    await office.ends()
    assert await office.exchange_files() == []


async def test_an_empty_file_goes_either_way(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "ours.txt", b"")
    await office.ends()
    await office.attach("theirs.txt", b"")
    await office.ends()
    assert sorted(office.in_crm()) == ["ours.txt", "theirs.txt"]
    assert {content or b"" for content in (await office.in_exchange()).values()} == {b""}
    assert office.alerts.errors == []
    await office.drop("theirs.txt")
    await office.detach("ours.txt")
    await office.ends()
    await office.both_have()


async def test_a_file_as_large_as_allowed_is_taken_and_one_more_byte_is_not(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("fits.txt", b"x" * LARGEST)
    await office.attach("big.txt", b"x" * (LARGEST + 1))
    await office.ends()
    assert {name: len(content) for name, content in office.in_crm().items()} == {"fits.txt": LARGEST}
    await office.detach("big.txt")
    await office.attach("big.txt", b"smaller now")
    await office.ends()
    assert office.in_crm()["big.txt"] == b"smaller now"
    assert office.query("select lastsyncerror from exchangesyncidmapping") == [(None,)]


async def test_a_file_that_is_renamed_in_the_crm_has_its_new_name_in_outlook(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    async with office.pool.connection() as connection:
        await connection.execute("update activitymimeattachment set filename = 'better.txt'")
    await office.ends()
    await office.both_have(better=PLAN)


async def test_a_file_that_is_renamed_in_outlook_has_its_new_name_in_the_crm(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("plan.txt", PLAN)
    await office.ends()
    await office.detach("plan.txt")
    await office.attach("better.txt", PLAN)
    await office.ends()
    await office.both_have(better=PLAN)


async def test_a_file_that_is_taken_away_on_both_sides_is_gone_without_a_conflict(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.put(key, "stays.txt", AGENDA)
    await office.ends()
    await office.drop("plan.txt")
    await office.detach("plan.txt")
    await office.ends()
    await office.both_have(stays=AGENDA)
    assert office.query("select conflicts from exchangesyncidmapping") == [([],)]


@pytest.mark.parametrize("replaced_in", ["crm", "outlook"])
async def test_what_one_side_replaces_while_the_other_takes_it_away_is_the_new_one(
    office: Office, replaced_in: str
) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.drop("plan.txt")
    await office.detach("plan.txt")
    if replaced_in == "crm":
        await office.put(key, "plan.txt", AGENDA)
    else:
        await office.attach("plan.txt", AGENDA)
    await office.ends()
    await office.both_have(plan=AGENDA)


async def test_what_both_sides_replace_is_there_twice_and_nothing_is_lost(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.drop("plan.txt")
    await office.put(key, "plan.txt", b"ours")
    await office.detach("plan.txt")
    await office.attach("plan.txt", b"theirs")
    await office.ends()
    assert (
        office.crm_files()
        == await office.exchange_files()
        == [("plan.txt", b"ours"), ("plan.txt", b"theirs")]
    )


async def test_the_same_file_attached_on_both_sides_is_one(office: Office) -> None:
    key = await office.add(ADA)
    await office.ends()
    await office.put(key, "plan.txt", PLAN)
    await office.attach("plan.txt", PLAN)
    await office.ends()
    await office.both_have(plan=PLAN)


async def test_an_item_made_again_has_every_file_of_its_record(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.put(key, "agenda.txt", AGENDA)
    await office.outlook(ADA, lambda ada: office.the_item(ada).delete())
    await office.ends()
    await office.both_have(plan=PLAN, agenda=AGENDA)


async def test_a_file_of_which_only_the_name_is_known_is_taken_away_on_no_side(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    async with office.pool.connection() as connection:
        await connection.execute("delete from exchangesyncattachment")
    office.exchange.faults.add(
        Fault(operation="GetAttachment", response_code="ErrorCannotOpenFileAttachment", times=1)
    )
    await office.change(importance="High")
    await office.once()
    assert office.alerts.errors == [("Kick-off", f"{CODE}: plan.txt")]
    await office.both_have(plan=PLAN)
    await office.edit(key, subject="Again")
    await office.ends()
    await office.both_have(plan=PLAN)
    assert office.query("select lastsyncerror from exchangesyncidmapping") == [(None,)]


async def test_a_file_that_is_forbidden_later_stays_on_both_sides(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "setup.exe", PLAN)
    await office.ends()
    assert await office.in_exchange() == {"setup.exe": PLAN}
    async with office.pool.connection() as connection:
        await connection.execute("delete from exchangesyncattachment")
    await office.change(importance="High")
    await office.ends()
    assert (office.in_crm(), await office.in_exchange()) == ({"setup.exe": PLAN}, {"setup.exe": PLAN})
    assert office.rows("prioritycode") == [(2,)]


async def test_a_file_without_bytes_in_the_crm_is_set_aside_and_the_others_go(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "hollow.txt", AGENDA)
    await office.put(key, "plan.txt", PLAN)
    async with office.pool.connection() as connection:
        await connection.execute(
            "update attachment set body = null where attachmentid in"
            " (select attachmentid from activitymimeattachment where filename = 'hollow.txt')"
        )
    await office.ends()
    assert await office.in_exchange() == {"plan.txt": PLAN}
    assert set(office.alerts.errors) == {("Kick-off", f"{CODE}: hollow.txt")}


async def test_a_picture_of_the_body_and_a_file_of_one_name_are_told_apart(office: Office) -> None:
    await office.meet(ADA)

    def both(ada: exchangelib.Account) -> None:
        shown = FileAttachment(name="logo.png", content=b"in the body", is_inline=True, content_id="logo")
        office.the_item(ada).attach([shown, FileAttachment(name="logo.png", content=b"attached")])

    await office.outlook(ADA, both)
    await office.ends()
    assert office.in_crm() == {"logo.png": b"attached"}
    await office.drop("logo.png")
    await office.ends()
    assert await office.in_exchange() == {"logo.png": b"in the body"}


async def test_a_dry_run_names_the_files_and_writes_nothing(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "old.txt", b"old")
    await office.ends()
    await office.put(key, "plan.txt", PLAN)
    await office.drop("old.txt")
    await office.attach("agenda.txt", AGENDA)
    office.may_write = False
    lines = " ".join((await office.once()).plan.lines())
    for said in ("the file 'plan.txt'", "the file 'agenda.txt'", "no file 'old.txt' any more"):
        assert said in lines
    assert sorted(office.in_crm()) == ["plan.txt"]
    assert sorted(await office.in_exchange()) == ["agenda.txt", "old.txt"]


async def test_what_has_no_file_costs_no_request_and_no_statement_more_than_without_the_setting(
    office: Office, world: SimpleNamespace
) -> None:
    async with counting(world) as pool:
        office.pool, office.store, office.files = pool, ActStoreOnPostgres(pool), Files(pool)
        told = office.rules
        office.rules = {office.kind: KindRules(directions(office.kind))}
        await statements_of_a_life(office)  # the first one begins to listen, too
        await until_nothing_is_compared_any_more(office)
        without = await statements_of_a_life(office)
        office.rules = told
        assert await statements_of_a_life(office) == without
    assert not office.asked


async def statements_of_a_life(office: Office) -> int:
    """Make, edit on both sides, and take away; return how many statements the passes took."""
    key = await office.add(ADA)
    Counted.count = 0
    await office.ends()
    await office.edit(key, subject="Again")
    await office.change(importance="High")
    await office.ends()
    await office.edit(key, subject="Once more")
    await office.ends()
    await office.delete(key)
    await office.ends()
    return Counted.count


class Counted(AsyncCursor[Any]):
    """Counts statements."""

    count: ClassVar[int] = 0

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        Counted.count += 1
        return await super().execute(query, params, **options)


@asynccontextmanager
async def counting(world: SimpleNamespace) -> AsyncIterator[AsyncConnectionPool]:
    async def configure(connection: AsyncConnection[Any]) -> None:
        connection.cursor_factory = Counted

    async with AsyncConnectionPool(
        world.dsn, min_size=1, max_size=2, open=False, kwargs={"autocommit": True}, configure=configure
    ) as pool:
        yield pool
