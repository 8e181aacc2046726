"""Ten thousand messages leave nothing behind."""

from pathlib import Path

import pytest

from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.ids import ItemId
from tests.unit.exchange import answers

STATM = Path("/proc/self/statm")


@pytest.mark.skipif(not STATM.exists(), reason="needs /proc to see its own memory")
def test_ten_thousand_messages_in_batches_do_not_grow_memory() -> None:
    request = GetItem(tuple(ItemId(str(number)) for number in range(100)))
    document = answers.answer(
        "GetItem", *[answers.message(number, "x" * 8000) for number in range(100)]
    ).encode()

    def batches(count: int) -> int:
        for _ in range(count):
            assert len(answers.read(request, document)) == 100
        return int(STATM.read_text().split()[1]) * 4096

    before = batches(20)
    assert batches(100) - before < 4 << 20
