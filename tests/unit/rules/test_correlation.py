"""To which earlier e-mail a message belongs: the order of the methods, and what switches each."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest

from serversync.rules.email.correlation import (
    Book,
    Earlier,
    Method,
    Regarding,
    ancestors,
    bare_subject,
    conversation_base_hash,
    correlate,
    hashes_to_store,
    is_forward,
    keys_of,
)
from serversync.rules.email.settings import EmailSettings
from tests.unit.engine.fakes import NOON, a_message

BASE = bytes(range(22))
SMART = EmailSettings(enablesmartmatching=True)


def earlier(message_id="<first@x>", *, days=1, **more):
    return Earlier(uuid4(), message_id, more.pop("subject", "Offer"), NOON - timedelta(days=days), **more)


def found(message, *known, settings=None):
    settings = settings or EmailSettings()
    book = Book()
    for one in known:
        book.add(one, hashes_to_store(one.subject, settings))
    return correlate(message, keys_of(message, settings), book, settings)


def answer(**more):
    return a_message("answer", subject="RE: Offer CRM:0001001", **more)


def test_the_methods_are_tried_in_their_order():
    by_header, by_token = earlier(), earlier("<t@x>", trackingtoken="CRM:0001001")
    by_index = earlier("<i@x>", conversationindex=BASE)
    by_words = earlier(
        "<s@x>",
        subject="Offer CRM:0001001",
        addresses=frozenset({"grete@harbour.example", "ada@example.org"}),
    )
    message = answer(in_reply_to="<first@x>", conversation_index=BASE + b"child")
    known = [by_header, by_token, by_index, by_words]
    for method, one in zip((3, 4, 5, 6), known.copy(), strict=True):
        result = found(message, *known, settings=SMART)
        assert (result.method, result.earlier) == (method, one)
        known.remove(one)
    assert found(message, settings=SMART).method is Method.NONE


def test_only_headers_and_conversation_index_know_the_parent():
    first = earlier(trackingtoken="CRM:0001001", conversationindex=BASE)
    assert found(answer(in_reply_to="<first@x>"), first).parent == first.activityid
    assert found(answer(), first).parent is None
    assert found(a_message("a", conversation_index=BASE + b"child"), first).parent == first.activityid


def test_references_are_followed_from_the_nearest():
    near, far = earlier("<near@x>"), earlier("<far@x>", days=3)
    message = a_message("a", references="<far@x> <near@x> <unknown@x>")
    assert ancestors(message) == ("<unknown@x>", "<near@x>", "<far@x>")
    assert found(message, far, near).earlier == near


def test_in_reply_to_comes_before_references():
    message = a_message("a", in_reply_to="a note <b@x>", references="<c@x>")
    assert ancestors(message) == ("<b@x>", "<c@x>")


def test_a_message_never_belongs_to_itself():
    own = earlier("<own@x>", conversationindex=BASE)
    message = a_message("a", message_id="<own@x>", in_reply_to="<own@x>", conversation_index=BASE)
    assert found(message, own).earlier is None


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        ({}, Method.IN_REPLY_TO),
        ({"emailcorrelationenabled": False}, Method.TRACKING_TOKEN),
        ({"ignoreconversationindexandinreplytoforcorrelation": True}, Method.TRACKING_TOKEN),
        ({"emailcorrelationenabled": False, "istrackingtokenenabled": False}, Method.NONE),
    ],
)
def test_what_is_switched_off_is_not_tried(settings, method):
    first = earlier(trackingtoken="CRM:0001001", conversationindex=BASE)
    message = answer(in_reply_to="<first@x>", conversation_index=BASE + b"child")
    assert found(message, first, settings=EmailSettings(**settings)).method is method


def test_disabled_smart_matching_wins_over_enabled():
    words = earlier(addresses=frozenset({"grete@harbour.example", "ada@example.org"}))
    assert found(a_message("a", subject="RE: Offer"), words, settings=SMART).method is Method.SMART_MATCHING
    off = replace(SMART, disablesmartmatching=True)
    assert found(a_message("a", subject="RE: Offer"), words, settings=off).method is Method.NONE


@pytest.mark.parametrize("subject", ["FW: Offer", "fwd: Offer", "WG: Offer", "TR : Offer"])
def test_a_forwarded_message_is_no_reply_where_the_setting_says_so(subject):
    first, message = earlier(), a_message("a", subject=subject, in_reply_to="<first@x>")
    assert is_forward(subject)
    assert found(message, first).method is Method.IN_REPLY_TO
    strict = EmailSettings(donotcorrelateforwardedemailsasreplies=True)
    assert found(message, first, settings=strict).method is Method.NONE
    assert found(replace(message, subject="RE: Offer"), first, settings=strict).method is Method.IN_REPLY_TO


def test_the_nearest_ancestor_of_a_conversation_wins_over_later_ones():
    root, child = (
        earlier("<r@x>", days=5, conversationindex=BASE),
        earlier("<c@x>", days=4, conversationindex=BASE + b"11111"),
    )
    other = earlier("<o@x>", days=1, conversationindex=BASE + b"22222")
    message = a_message("a", conversation_index=BASE + b"1111133333")
    assert found(message, root, other, child).earlier == child
    assert found(a_message("a", conversation_index=BASE + b"4"), root, other, child).earlier == root


def test_conversations_whose_hashes_meet_by_chance_are_kept_apart():
    book, index = Book(), b"y" * 22
    stranger = earlier("<s@x>", conversationindex=BASE)
    book.by_conversation[conversation_base_hash(index)] = [stranger]
    message = a_message("a", conversation_index=index + b"child")
    assert correlate(message, keys_of(message, EmailSettings()), book, EmailSettings()).earlier is None


def test_of_several_the_latest_wins_and_what_we_sent_before_what_we_received():
    old, new = earlier(days=3), earlier(days=1)
    sent = earlier(days=1, is_outgoing=True)
    message = a_message("a", in_reply_to="<first@x>")
    assert found(message, old, new).earlier == found(message, new, old).earlier == new
    assert found(message, sent, new).earlier == found(message, new, sent).earlier == sent


@pytest.mark.parametrize(
    ("subject", "changed"), [("RE: Offer", False), ("Re: FW: offer CRM:0001001", False), ("Order", True)]
)
def test_a_changed_subject_is_noticed(subject, changed):
    assert (
        found(a_message("a", subject=subject, in_reply_to="<first@x>"), earlier()).subject_changed is changed
    )


def test_smart_matching_looks_back_ninety_days_and_only_back():
    people = frozenset({"grete@harbour.example", "ada@example.org"})
    message = a_message("a", subject="RE: Offer")
    assert found(message, earlier(days=89, addresses=people), settings=SMART).earlier
    assert not found(message, earlier(days=91, addresses=people), settings=SMART).earlier
    assert not found(message, earlier(days=-1, addresses=people), settings=SMART).earlier


@pytest.mark.parametrize(("fewest", "is_found"), [(0, True), (1, True), (2, False)])
def test_smart_matching_asks_for_enough_people_in_common(fewest, is_found):
    one = earlier(addresses=frozenset({"Grete@Harbour.example", "bob@example.org"}))
    settings = replace(SMART, hashminaddresscount=fewest)
    assert bool(found(a_message("a", subject="RE: Offer"), one, settings=settings).earlier) is is_found


def test_of_those_alike_the_latest_with_enough_people_wins_whenever_it_became_known():
    people = frozenset({"grete@harbour.example", "ada@example.org"})
    old, new = earlier("<o@x>", days=3, addresses=people), earlier("<n@x>", days=2, addresses=people)
    stranger = earlier("<s@x>", days=1, addresses=frozenset({"eve@x", "ada@example.org"}))
    message = a_message("a", subject="RE: Offer")
    for known in permutations((old, new, stranger)):
        assert found(message, *known, settings=SMART).earlier == new


def test_with_words_that_may_be_missing_the_latest_of_all_keys_wins():
    people = frozenset({"grete@harbour.example", "ada@example.org"})
    settings = replace(SMART, hashdeltasubjectcount=1)
    same = earlier("<o@x>", days=3, subject="Offer seven", addresses=people)
    less = earlier("<n@x>", days=2, subject="Offer", addresses=people)
    message = a_message("a", subject="RE: Offer seven")
    for known in permutations((same, less)):
        assert found(message, *known, settings=settings).earlier == less


def test_every_method_that_was_tried_says_why_it_lost():
    result = found(answer(in_reply_to="<gone@x>"), earlier(trackingtoken="CRM:0001001"))
    assert [(one.method, one.result.split()[0]) for one in result.tried] == [(3, "no"), (4, "found")]


def test_the_regarding_record_comes_with_what_was_found():
    about = Regarding(uuid4(), "account")
    assert found(a_message("a", in_reply_to="<first@x>"), earlier(regarding=about)).earlier.regarding == about


def test_short_conversation_indexes_have_no_base():
    assert conversation_base_hash(b"x" * 21) is None
    assert conversation_base_hash(b"x" * 22) == conversation_base_hash(b"x" * 22 + b"reply")


def test_a_subject_without_its_prefixes_and_tokens_is_bare():
    assert bare_subject("AW: RE[2]: Offer  7 CRM:0001001", ["CRM:"]) == "offer 7"
