"""Arrays that are sent as text arrive as they were."""

from uuid import uuid4

import pytest

from serversync.adapters.arrays import text_array, uuid_array


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["NULL", "null"],
        ["ada@example.org", "ben@example.org"],
        [
            '"quoted, and {braced}"@example.org',
            "back\\slash",
            "'",
            "a,b",
            " blank ",
            "line\nend",
            "Zoë",
            "{}",
        ],
    ],
)
async def test_texts_arrive_as_they_were(pool, values):
    async with pool.connection() as connection:
        rows = await connection.execute("select %s::text[]", (text_array(values),))
        assert await rows.fetchone() == (values,)


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_keys_arrive_as_they_were(pool, count):
    keys = [uuid4() for _ in range(count)]
    async with pool.connection() as connection:
        rows = await connection.execute("select %s::uuid[]", (uuid_array(keys),))
        assert await rows.fetchone() == (keys,)
