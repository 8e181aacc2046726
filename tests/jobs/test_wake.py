"""What listens for NOTIFY sleeps until something comes."""

import asyncio

import psycopg

from serversync.jobs.wake import LOOK_UP_SECONDS, ListeningConnection, woken_by


def notify(dsn, channel):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"notify {channel}")


async def test_it_is_woken_by_its_channel_and_by_no_other(database_dsn):
    async with woken_by(database_dsn, "one_channel") as woken, woken_by(database_dsn, "another") as other:
        await asyncio.to_thread(notify, database_dsn, "one_channel")
        async with asyncio.timeout(20):
            await woken.wait()
        assert not other.is_set()


async def test_it_looks_up_seldom_while_nothing_comes_and_can_be_cancelled_meanwhile(
    database_dsn, monkeypatch
):
    loop, waits, waiting = asyncio.get_running_loop(), [], asyncio.Event()
    call_later = loop.call_later

    def recorded(delay, callback, *args, **kwargs):
        if callback.__qualname__.startswith("wait_async"):
            waits.append(delay)
            waiting.set()
        return call_later(delay, callback, *args, **kwargs)

    async with await ListeningConnection.connect(database_dsn, autocommit=True) as connection:
        await connection.execute("listen one_channel")

        async def listen():
            async for _ in connection.notifies():
                raise AssertionError("nobody has said anything")

        monkeypatch.setattr(loop, "call_later", recorded)
        listener = asyncio.create_task(listen())
        async with asyncio.timeout(LOOK_UP_SECONDS * 10):
            await waiting.wait()
            listener.cancel()
            assert isinstance(
                (await asyncio.gather(listener, return_exceptions=True))[0], asyncio.CancelledError
            )
        monkeypatch.undo()
    assert waits == [LOOK_UP_SECONDS]
