"""Whatever comes back: no crash, no hang, no item lost without a word, and none that harms another.

The answers are those that the imitated server renders, and recordings of a real one.
"""

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from serversync.core.errors import ServiceError
from serversync.exchange.http_status import status_error
from serversync.exchange.namespaces import m
from serversync.exchange.operations.find_item import FindItem
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_folder_values import GetFolderValues
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.get_password_expiration_date import GetPasswordExpirationDate
from serversync.exchange.operations.operation import Operation, read_answers
from serversync.exchange.operations.subscribe import StreamingSubscriptionRequest, Subscribe
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.outcome import Failure, Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.soap import NotAnEnvelope, envelope
from serversync.exchange.types.fields import ExtendedFieldURI, FieldURI
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from serversync.exchange.types.shapes import BaseShape, FolderShape
from serversync.exchange.version import RequestServerVersion
from serversync.simulator import Exchange
from serversync.simulator.seed import SeededMail
from serversync.simulator.soap import SoapEndpoint
from tests.property.exchange.mutations import changes, cuts, damage_bytes, damage_tree
from tests.unit.exchange import answers

TRACES = Path(__file__).parents[3].joinpath("..", "shared", "exchange-traces").resolve()
ADA = "ada@example.org"
INBOX = DistinguishedFolderId("inbox")
SYNC = SyncFolderItems(INBOX)
MARKS = FolderShape(
    base_shape=BaseShape.ID_ONLY,
    additional_properties=(
        ExtendedFieldURI(property_type="SystemTime", property_tag=0x670A),
        ExtendedFieldURI(property_type="Integer", property_tag=0x670B),
        FieldURI("folder:TotalCount"),
    ),
)


@cache
def rendered() -> dict[str, tuple[Any, bytes]]:
    """Some operations, each with the answer of the imitated server."""
    exchange = Exchange("Exchange2016")
    account = exchange.add_account("svc@example.org", password="unused", impersonation=True)
    exchange.add_mailbox(ADA)
    exchange.seed_mailbox(ADA, SeededMail(7, attachments=True), 6)
    endpoint = SoapEndpoint(exchange, None)

    def ask(operation: Operation[Any]) -> bytes:
        request = envelope(operation, RequestServerVersion.EXCHANGE2013_SP1, ADA)
        return endpoint.answer(endpoint.prepare(request, account)).body

    (page,) = answers.read(SYNC, ask(SYNC))
    ids = tuple(one.item_id for one in page.unwrap().changes)
    operations = {
        "items": GetItem((*ids, ItemId("missing"))),
        "page": SYNC,
        "folders": GetFolder((INBOX, DistinguishedFolderId("sentitems"), DistinguishedFolderId("drafts"))),
        "list": FindItem(folders=(INBOX,)),
        "marks": GetFolderValues((INBOX, DistinguishedFolderId("sentitems")), MARKS),
        "subscription": Subscribe(StreamingSubscriptionRequest(folder_ids=(INBOX,))),
        "password": GetPasswordExpirationDate("svc@example.org"),
    }
    return {name: (operation, ask(operation)) for name, operation in operations.items()}


NAMES = ("items", "page", "folders", "list", "marks", "subscription", "password")


def outcomes_of(operation: Any, document: bytes) -> list[Outcome[Any]] | None:
    """What the parser makes of a document; ``None`` where it says aloud that it cannot."""
    try:
        return answers.read(operation, document)
    except (ServiceError, NotAnEnvelope):
        return None


@given(st.sampled_from(NAMES), changes)
def test_an_answer_damaged_as_a_tree_gives_every_outcome_or_an_error(name: str, wanted: Any) -> None:
    operation, document = rendered()[name]
    root = etree.fromstring(document)
    damage_tree(root, wanted)
    outcomes = outcomes_of(operation, etree.tostring(root))
    assert outcomes is None or len(outcomes) == operation.asked


@given(st.sampled_from(NAMES), cuts)
def test_an_answer_damaged_as_bytes_gives_every_outcome_or_an_error(name: str, wanted: Any) -> None:
    operation, document = rendered()[name]
    outcomes = outcomes_of(operation, damage_bytes(document, wanted))
    assert outcomes is None or len(outcomes) == operation.asked


@given(st.integers(0, 6), changes)
def test_a_damaged_item_never_changes_another(victim: int, wanted: Any) -> None:
    operation, document = rendered()["items"]
    whole = answers.read(operation, document)
    root = etree.fromstring(document)
    messages = root.find(f".//{m('ResponseMessages')}")
    damage_tree(messages[victim], wanted)
    outcomes = outcomes_of(operation, etree.tostring(root))
    assert outcomes is not None, "one bad message made the whole answer unreadable although it is well-formed"
    for number, (before, after) in enumerate(zip(whole, outcomes, strict=True)):
        if number != victim:
            assert same(after, before)


@given(
    st.integers(0, 5),
    st.sampled_from(["&#x1F;", "&#0;", "\x0b", "&#xD800;", "&#xFFFF;"]),
    st.floats(0, 1, exclude_max=True),
)
def test_characters_that_xml_forbids_harm_only_the_text_that_holds_them(
    victim: int, character: str, where: float
) -> None:
    operation, document = rendered()["items"]
    whole = answers.read(operation, document)
    subjects = list(re.finditer(rb"<t:Subject>([^<]*)</t:Subject>", document))
    start, end = subjects[victim].span(1)
    at = start + int(where * (end - start))
    at = start if b"&" in document[start:at] else at  # not inside of a reference
    outcomes = answers.read(operation, document[:at] + character.encode() + document[at:])
    for before, after in zip(whole, outcomes, strict=True):
        assert same(after, before)


def same(one: Outcome[Any], other: Outcome[Any]) -> bool:
    """Whether two outcomes tell the same; errors are compared by what they say."""
    if isinstance(one, Failure) and isinstance(other, Failure):
        return (one.code, one.text, str(one.error)) == (other.code, other.text, str(other.error))
    return one == other


@given(
    st.integers(0, 999),
    st.dictionaries(
        st.sampled_from(["Location", "Retry-After", "X-CasErrorCode", "Server"]), st.text(max_size=60)
    ),
    st.binary(max_size=200),
)
def test_any_status_with_any_headers_and_body_is_an_error_or_an_answer(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    error = status_error(status, headers, body, answers.CONTEXT, "https://mail.example.org/EWS/Exchange.asmx")
    assert error is None or (str(error) and error.remedy_text)


class Recorded:
    """An operation of a recording; the value of an outcome is its element as it came."""

    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    def __init__(self, name: str, body: bytes) -> None:
        self.name = name
        self.asked = len(re.findall(rb"ResponseMessage ResponseClass=", body))

    def to_xml(self, version: RequestServerVersion) -> str:
        raise AssertionError("recordings are not sent")

    def from_xml(self, response: Any, context: AnswerContext) -> list[Outcome[Any]]:
        return read_answers(self, response, context, copy.deepcopy)  # type: ignore[arg-type]


@cache
def recordings() -> list[tuple[str, int, bytes]]:
    """Name of the operation, status and body of every recorded exchange that carries SOAP."""
    found = []
    for path in sorted(TRACES.rglob("*")):
        if not path.is_file() or path.name == "README.md":
            continue
        asked = ""
        status, in_body, body = 0, False, []
        for line in [*path.read_text(encoding="utf-8").splitlines(), "> end"]:
            if line.startswith("> "):
                if body:
                    found.append((asked, status, "\n".join(body).encode()))
                status, in_body, body = 0, False, []
                operation = re.search(r"<SOAP-ENV:Body[^>]*><(?:\w+:)?(\w+)", line)
                asked = operation[1] if operation else asked
            elif line.startswith("< HTTP/"):
                status, in_body = int(line.split()[2]), False
            elif line.strip() == "<":
                in_body = True
            elif line.startswith("< ") and in_body:
                body.append(line[2:])
    return found


needs_traces = pytest.mark.skipif(not TRACES.is_dir(), reason="the recordings are not beside the project")


@needs_traces
def test_every_recorded_answer_of_a_real_server_is_read_with_its_own_code() -> None:
    assert len(recordings()) > 20
    for name, status, body in recordings():
        codes = [code.decode() for code in re.findall(rb"<(?:\w+:)?ResponseCode[^>]*>(\w+)<", body)]
        operation = Recorded(name, body)
        if status == 500:
            with pytest.raises(ServiceError) as fault:
                answers.read(operation, body)
            assert fault.value.details["response_code"] == codes[0]
            continue
        assert status == 200
        outcomes = answers.read(operation, body)
        assert outcomes
        assert [one.code if isinstance(one, Failure) else "NoError" for one in outcomes] == codes


@needs_traces
@given(st.data())
def test_a_damaged_recording_gives_its_outcome_or_an_error(data: st.DataObject) -> None:
    name, _, body = data.draw(st.sampled_from(recordings()))
    damaged = damage_bytes(body, data.draw(cuts))
    operation = Recorded(name, body)
    outcomes = outcomes_of(operation, damaged)
    assert outcomes is None or len(outcomes) == operation.asked
