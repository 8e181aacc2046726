"""What ties an answer to what it answers."""

from datetime import UTC, datetime, timedelta

from serversync.rules.email.threading import child_index, ties_to

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def filetime(when: datetime) -> int:
    return int((when - datetime(1601, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 10


HEADER = (filetime(NOW) >> 16).to_bytes(6, "big") + bytes(range(16))


def test_a_reply_names_what_it_answers_and_the_whole_chain() -> None:
    ties = ties_to("2@x", "<1@x>", HEADER, is_reply=True, now=NOW, noise=7)
    assert ties.in_reply_to == "<2@x>"
    assert ties.references == "<1@x> <2@x>"
    assert ties.conversation_index is not None
    assert ties.conversation_index.startswith(HEADER)


def test_a_forward_answers_nothing_but_belongs_to_the_conversation() -> None:
    ties = ties_to("<2@x>", None, HEADER, is_reply=False, now=NOW, noise=7)
    assert (ties.in_reply_to, ties.references) == (None, "<2@x>")


def test_without_a_message_id_only_the_conversation_is_kept() -> None:
    ties = ties_to(None, "<1@x>", b"", is_reply=True, now=NOW, noise=7)
    assert ties == (None, None, None)


def test_a_chain_that_is_too_long_keeps_its_beginning_and_its_end() -> None:
    chain = " ".join(f"<{number}@{'x' * 80}>" for number in range(100))
    references = (ties_to("last@x", chain, b"", is_reply=True, now=NOW, noise=0).references or "").split()
    assert references[0] == f"<0@{'x' * 80}>"
    assert references[-2:] == [f"<99@{'x' * 80}>", "<last@x>"]
    assert sum(map(len, references)) < 4200


def test_the_child_tells_how_long_after_the_beginning_it_was_written() -> None:
    child = child_index(HEADER, NOW + timedelta(hours=1), 0xAB)
    block = int.from_bytes(child[22:26], "big")
    assert block >> 31 == 0
    assert abs(block * 2**18 / 10_000_000 - 3600) < 0.1
    assert child[26] == 0xAB


def test_a_conversation_of_many_years_is_told_coarsely() -> None:
    child = child_index(HEADER, NOW + timedelta(days=3 * 365), 1)
    block = int.from_bytes(child[22:26], "big")
    assert block >> 31 == 1
    assert abs((block & 0x7FFFFFFF) * 2**23 / 10_000_000 - 3 * 365 * 86400) < 2


def test_an_answer_before_its_question_counts_as_at_once() -> None:
    assert child_index(HEADER, NOW - timedelta(days=1), 0)[22:26] == bytes(4)
