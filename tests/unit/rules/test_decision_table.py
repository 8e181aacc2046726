"""The decision table of incoming mail: folder, filters, people, correlation, direction, approval and settings in, a decision out.

Each row is a rule, in the order of ``docs/explanation/email-tracking.md``; it goes through everything that is decided about a
message once it was read. Duplicates are decided afterwards, see ``test_identity``.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.circle import People
from serversync.rules.email.correlation import (
    NO_KEYS,
    Book,
    Earlier,
    Method,
    Regarding,
    hashes_to_store,
    keys_of,
)
from serversync.rules.email.filtering import Filter, NewSender, Principal
from serversync.rules.email.internal import Opposite
from serversync.rules.email.judgement import FolderKind, Judgement, Place, judge_message
from serversync.rules.email.message import Address, Attachment
from serversync.rules.email.parties import Record
from serversync.rules.email.settings import EmailSettings
from tests.unit.engine.fakes import NOON, a_message

ADA, BEN, QUEUE = UUID(int=1), UUID(int=2), UUID(int=3)
CONTACT, ACCOUNT, LEAD, OFFER, PROJECT = (UUID(int=number) for number in range(11, 16))
ALL, RESPONSES, CUSTOMERS, RECORDS, NONE = Filter
MARK = "Tracked to Dynamics 365"
INDEX = bytes(range(1, 23))
TABLES = {
    "ada@x": [("systemuser", ADA)],
    "ben@x": [("systemuser", BEN)],
    "queue@x": [("queue", QUEUE)],
    "contact@x": [("contact", CONTACT)],
    "lead@x": [("lead", LEAD)],
    "two@x": [("contact", CONTACT), ("account", ACCOUNT)],
    "many@x": [("contact", UUID(int=1000 + number)) for number in range(101)],
}


@dataclass
class Case:
    """One row: what is so, and what becomes of it (``outcome`` tells tracked from not accepted by itself)."""

    reason: str
    folder: FolderKind = FolderKind.INBOX
    sender: str | None = "stranger@x"
    to: tuple[str, ...] = ("ada@x",)
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reader: UUID | None = ADA
    filters: dict[UUID, Filter] = field(default_factory=dict)
    principals: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    answers: str = ""
    subject: str = "Offer 7"
    message: dict[str, Any] = field(default_factory=dict)
    opposite: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    place: dict[str, Any] = field(default_factory=dict)
    is_tracked: bool = True
    acceptor: UUID | None = None
    method: Method = Method.NONE
    also: dict[str, Any] = field(default_factory=dict)
    """Further attributes of the judgement: name to value."""


def no(reason: str, **more: Any) -> Case:
    """A row of what is not tracked."""
    return Case(reason, is_tracked=False, **more)


ROWS = {
    # who takes it: the five filters, asked of every user and queue among the recipients
    "all: everything": Case("filter-all", filters={ADA: ALL}, acceptor=ADA),
    "responses: not what belongs to nothing": no("no-correlation"),
    "responses: what answers": Case("filter-response", answers="id", acceptor=ADA, method=Method.IN_REPLY_TO),
    "customers: a contact's": Case(
        "filter-sender", sender="contact@x", filters={ADA: CUSTOMERS}, acceptor=ADA
    ),
    "customers: a lead's": Case("filter-sender", sender="lead@x", filters={ADA: CUSTOMERS}, acceptor=ADA),
    "customers: not a user's": no("sender-unknown", sender="ben@x", filters={ADA: CUSTOMERS}),
    "records: a user's": Case("filter-sender", sender="ben@x", filters={ADA: RECORDS}, acceptor=ADA),
    "records: not a stranger's": no("sender-unknown", filters={ADA: RECORDS}),
    "none: nothing": no("takes-nothing", filters={ADA: NONE}, answers="id", method=Method.IN_REPLY_TO),
    "none counts as responses where it is not offered": Case(
        "filter-response",
        filters={ADA: NONE},
        answers="id",
        acceptor=ADA,
        method=Method.IN_REPLY_TO,
        settings={"donotautotrackemail": False},
    ),
    "another recipient takes it": Case(
        "filter-all", to=("ada@x",), cc=("ben@x",), filters={BEN: ALL}, acceptor=BEN
    ),
    "the first in To, Cc, Bcc": Case(
        "filter-all",
        to=("stranger2@x",),
        cc=("ben@x",),
        bcc=("ada@x",),
        filters={ADA: ALL, BEN: ALL},
        acceptor=BEN,
    ),
    "a queue takes it in a user's mailbox": Case(
        "filter-all", to=("queue@x",), filters={QUEUE: ALL}, acceptor=QUEUE, also={"queues": (QUEUE,)}
    ),
    "blind copy: only all": Case("filter-all", to=("stranger2@x",), filters={ADA: ALL}, acceptor=ADA),
    "blind copy: not responses": no(
        "no-recipient", to=("stranger2@x",), answers="id", method=Method.IN_REPLY_TO
    ),
    "only the mailbox that is read": no(
        "no-correlation",
        cc=("ben@x",),
        filters={BEN: ALL},
        settings={"usefilteringmethodofsyncingmailboxonlyforcorrelation": True},
    ),
    "one filter for all users": Case(
        "filter-all", acceptor=ADA, settings={"sssforcefilteringmethodforusermailboxes": 0}
    ),
    "which is none of queues": no(
        "no-correlation",
        to=("queue@x",),
        reader=QUEUE,
        settings={"sssforcefilteringmethodforusermailboxes": 0},
    ),
    # approval and enablement
    "not approved": no("not-approved", filters={ADA: ALL}, principals={ADA: {"approved": False}}),
    "approval not needed": Case(
        "filter-all",
        filters={ADA: ALL},
        principals={ADA: {"approved": False}},
        acceptor=ADA,
        settings={"requireapprovalforuseremail": False},
    ),
    "a queue that is not approved": no(
        "not-approved",
        to=("queue@x",),
        reader=QUEUE,
        filters={QUEUE: ALL},
        principals={QUEUE: {"approved": False}},
    ),
    "not enabled": no("not-enabled", filters={ADA: ALL}, principals={ADA: {"enabled": False}}),
    # marked by hand
    "tracked folder, whatever the filters": Case(
        "tracked-folder",
        folder=FolderKind.TRACKED,
        filters={ADA: NONE},
        place={"regarding": Regarding(PROJECT, "account")},
        also={"regarding": Regarding(PROJECT, "account")},
    ),
    "its record wins over the answered one's": Case(
        "tracked-folder",
        folder=FolderKind.TRACKED,
        answers="id",
        method=Method.IN_REPLY_TO,
        place={"regarding": Regarding(PROJECT, "account")},
        also={"regarding": Regarding(PROJECT, "account")},
    ),
    "category, whatever the filters": Case("category", filters={ADA: NONE}, message={"categories": (MARK,)}),
    "category that does not count": no(
        "takes-nothing", filters={ADA: NONE}, message={"categories": (MARK,)}, place={"category": ""}
    ),
    # to what it belongs
    "token": Case(
        "filter-response",
        answers="token",
        subject="Re: x CRM:0001001",
        acceptor=ADA,
        method=Method.TRACKING_TOKEN,
    ),
    "token switched off": no(
        "no-correlation",
        answers="token",
        subject="Re: x CRM:0001001",
        settings={"istrackingtokenenabled": False},
    ),
    "conversation index": Case(
        "filter-response",
        answers="conversation",
        message={"conversation_index": INDEX + b"12345"},
        acceptor=ADA,
        method=Method.CONVERSATION_INDEX,
    ),
    "smart matching, off at first": no("no-correlation", answers="smart"),
    "smart matching": Case(
        "filter-response",
        answers="smart",
        subject="RE: offer 7",
        acceptor=ADA,
        method=Method.SMART_MATCHING,
        settings={"enablesmartmatching": True},
    ),
    "headers switched off": no("no-correlation", answers="id", settings={"emailcorrelationenabled": False}),
    "headers and index ignored": no(
        "no-correlation",
        answers="id",
        settings={"ignoreconversationindexandinreplytoforcorrelation": True},
    ),
    "a forward is no reply": no(
        "no-correlation",
        answers="id",
        subject="FW: Offer 7",
        settings={"donotcorrelateforwardedemailsasreplies": True},
    ),
    "the answered one's record is taken over": Case(
        "filter-response",
        answers="id",
        acceptor=ADA,
        method=Method.IN_REPLY_TO,
        also={"regarding": Regarding(OFFER, "opportunity")},
    ),
    # Sent Items
    "sent: all": Case(
        "filter-all",
        folder=FolderKind.SENT,
        sender="ada@x",
        to=("stranger2@x",),
        filters={ADA: ALL},
        acceptor=ADA,
    ),
    "sent: to a customer": Case(
        "filter-recipient",
        folder=FolderKind.SENT,
        sender="ada@x",
        to=("contact@x",),
        filters={ADA: CUSTOMERS},
        acceptor=ADA,
    ),
    "sent: to a stranger": no(
        "no-recipient", folder=FolderKind.SENT, sender="ada@x", to=("stranger2@x",), filters={ADA: RECORDS}
    ),
    "sent: a reply": Case(
        "filter-response",
        folder=FolderKind.SENT,
        sender="ada@x",
        to=("contact@x",),
        answers="id",
        acceptor=ADA,
        method=Method.IN_REPLY_TO,
    ),
    # mail between users
    "internal: two activities": Case(
        "filter-all", sender="ben@x", filters={ADA: ALL}, acceptor=ADA, opposite=True
    ),
    "internal: one": no(
        "internal", sender="ben@x", filters={ADA: ALL}, opposite=True, settings={"ignoreinternalemail": True}
    ),
    "internal: its other half is not there": Case(
        "filter-all", sender="ben@x", filters={ADA: ALL}, acceptor=ADA, settings={"ignoreinternalemail": True}
    ),
    "internal: to a queue": Case(
        "filter-all",
        sender="ben@x",
        to=("queue@x",),
        reader=QUEUE,
        filters={QUEUE: ALL},
        acceptor=QUEUE,
        opposite=True,
        settings={"ignoreinternalemail": True},
    ),
    "internal: from a queue": no(
        "internal",
        sender="queue@x",
        filters={ADA: ALL},
        opposite=True,
        settings={"ignoreinternalemail": True, "ignoreinternalemailfromqueues": True},
    ),
    "internal, marked by hand": Case(
        "category",
        sender="ben@x",
        opposite=True,
        message={"categories": (MARK,)},
        settings={"ignoreinternalemail": True},
    ),
    # people
    "no sender": no("invalid-sender", sender=None),
    "no sender, who takes all": Case("filter-all", sender=None, filters={ADA: ALL}, acceptor=ADA),
    "several senders": Case(
        "filter-sender",
        sender="two@x",
        filters={ADA: CUSTOMERS},
        acceptor=ADA,
        also={"sender_is_ambiguous": False},
    ),
    "several senders, left open": Case(
        "filter-all",
        sender="two@x",
        filters={ADA: ALL},
        acceptor=ADA,
        settings={"unresolvesenderincaseofmultiplematch": True},
        also={"sender": None, "sender_is_ambiguous": True},
    ),
    "several senders, refused": no(
        "several-senders",
        sender="two@x",
        filters={ADA: ALL},
        settings={"overridev5senderconflictresolution": True},
    ),
    "more than a hundred": Case(
        "filter-all", sender="many@x", filters={ADA: ALL}, acceptor=ADA, also={"sender": None}
    ),
    "an unknown sender becomes a contact": Case(
        "filter-all",
        filters={ADA: ALL},
        principals={ADA: {"new_sender": NewSender.CONTACT}},
        acceptor=ADA,
        also={"new_sender": NewSender.CONTACT},
    ),
    "but not where that is off": Case(
        "filter-all",
        filters={ADA: ALL},
        principals={ADA: {"new_sender": NewSender.CONTACT}},
        acceptor=ADA,
        settings={"autocreatecontactonpromote": False},
        also={"new_sender": NewSender.NOTHING},
    ),
    "nor the sender of a report": Case(
        "filter-all",
        filters={ADA: ALL},
        principals={ADA: {"new_sender": NewSender.LEAD}},
        message={"item_class": "REPORT.IPM.Note.NDR"},
        acceptor=ADA,
        also={"new_sender": NewSender.NOTHING},
    ),
    # content
    "rights-protected": Case(
        "filter-all", filters={ADA: ALL}, acceptor=ADA, message={"item_class": "IPM.Note.rpmsg.Microsoft"}
    ),
    "rights-protected, kept out": no(
        "protected",
        filters={ADA: ALL},
        message={"attachments": [Attachment("1", "message.rpmsg", "x", "", 1, False, False)]},
        settings={"restrictirmemailitems": True},
    ),
}


def judge(case: Case) -> Judgement:
    settings = EmailSettings(**{"enablesmartmatching": False, **case.settings})
    principals = {
        key: Principal(
            table,
            key,
            name,
            case.filters.get(key, RESPONSES),
            ADA if key == QUEUE else key,
            **case.principals.get(key, {}),
        )
        for key, table, name in (
            (ADA, "systemuser", "Ada"),
            (BEN, "systemuser", "Ben"),
            (QUEUE, "queue", "Queue"),
        )
    }
    records = {
        address: [Record(table, key, None, NOON) for table, key in those] for address, those in TABLES.items()
    }
    message = replace(
        a_message("new", subject=case.subject, in_reply_to="<offer@x>" if case.answers == "id" else None),
        sender=Address("", case.sender) if case.sender else None,
        to=[Address("", one) for one in case.to],
        cc=[Address("", one) for one in case.cc],
        bcc=[Address("", one) for one in case.bcc],
        **case.message,
    )
    book = Book()
    if case.answers:
        book.add(
            Earlier(
                UUID(int=99),
                "<offer@x>",
                "Offer 7",
                NOON - timedelta(days=1),
                ADA,
                Regarding(OFFER, "opportunity"),
                "CRM:0001001",
                INDEX,
                frozenset({"ada@x", "stranger@x"}),
                is_outgoing=True,
            ),
            hashes_to_store("Offer 7", settings),
        )
    place = Place(
        case.folder, principals.get(case.reader) if case.reader else None, **{"category": MARK, **case.place}
    )
    keys = keys_of(message, settings) if settings.correlates else NO_KEYS
    return judge_message(
        message,
        place,
        People(records, principals),
        keys=keys,
        book=book,
        opposites=[Opposite(UUID(int=77), case.sender or "")] if case.opposite else [],
        settings=settings,
    )


@pytest.mark.parametrize("case", ROWS.values(), ids=list(ROWS))
def test_the_table(case: Case) -> None:
    found = judge(case)
    outcome = Outcome.TRACKED if case.is_tracked else Outcome.NOT_ACCEPTED
    assert (found.decision.outcome, found.decision.reason) == (outcome, case.reason)
    if case.is_tracked:
        taken = found.acceptance.acceptor if found.acceptance else None
        assert (taken.recordid if taken else None) == case.acceptor
    if found.correlation is not None:
        assert found.correlation.method is case.method
    assert {name: getattr(found, name) for name in case.also} == case.also


def test_every_reason_that_is_decided_here_has_a_row() -> None:
    decided_before = {
        "accepted",
        "before-process-email-from",
        "not-mail",
        "test-message",
        "recall",
        "meeting",
    }
    decided_after = {
        "copy",
        "ours",
        "gone",
        "unreadable",
        "category-removed",
        "forwarded",
        "invalid-forward",
        "draft",
    }
    from serversync.rules.email.acceptance import REASONS

    assert {case.reason for case in ROWS.values()} == REASONS.keys() - decided_before - decided_after
