"""The page about the simulator names what is in the code, and nothing else."""

import re
from pathlib import Path

from serversync.simulator.operations import OPERATIONS, SINCE
from serversync.simulator.versions import Schema

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "simulator.md"
NAMES = {
    "2007": Schema.EXCHANGE2007,
    "2007 SP1": Schema.EXCHANGE2007_SP1,
    "2010": Schema.EXCHANGE2010,
    "2010 SP1": Schema.EXCHANGE2010_SP1,
    "2010 SP2": Schema.EXCHANGE2010_SP2,
    "2013": Schema.EXCHANGE2013,
    "2013 SP1": Schema.EXCHANGE2013_SP1,
    "2016": Schema.EXCHANGE2016,
}


def test_the_table_of_operations_is_that_of_the_code() -> None:
    section = PAGE.read_text().partition("\n## Operations")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+?) \|", section, re.MULTILINE)
    assert [name for name, _ in rows] == sorted(name for name, _ in rows)
    told = {name: NAMES[since] for name, since in rows}
    known = {name: SINCE.get(name, Schema.EXCHANGE2007) for name in OPERATIONS}
    assert told == known
