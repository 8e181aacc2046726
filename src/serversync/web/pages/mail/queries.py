"""Reads tracked mail: a page of the list, and one e-mail with the records of its parties."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict

from serversync.administration import actor as actors
from serversync.administration import emails, privileges
from serversync.crm.models import (
    Account,
    ActivityMimeAttachment,
    ActivityParty,
    Contact,
    Email,
    EmailDeliveryReport,
    Lead,
    Mailbox,
    MessageTrace,
    Queue,
    SystemUser,
)
from serversync.crm.models.activityparty import ParticipationTypeMask
from serversync.crm.models.email import EmailStatus
from serversync.crm.models.emaildeliveryreport import DeliveryFate
from serversync.crm.models.keys import AmongKeys
from serversync.web.keyset import KeysetPage, Position, read_page

PAGE_SIZE: Final = 50
MOST_PARTIES: Final = 200
_SHOWN: Final = (
    "activityid",
    "subject",
    "sender",
    "torecipients",
    "statecode",
    "statuscode",
    "directioncode",
    "attachmentcount",
    "receivedon",
    "senton",
    "createdon",
)
_RECORDS: Final[dict[str, tuple[type[Account | Contact | Lead | Queue | SystemUser], str]]] = {
    "systemuser": (SystemUser, "User"),
    "queue": (Queue, "Queue"),
    "contact": (Contact, "Contact"),
    "account": (Account, "Account"),
    "lead": (Lead, "Lead"),
}
_NAMES: Final = {"systemuser": "fullname", "contact": "fullname", "lead": "fullname"}


class View(NamedTuple):
    """A part of the list: its title, and what it holds."""

    title: str
    condition: Q


VIEWS: Final = {
    "incoming": View("Incoming", Q(directioncode=False)),
    "outgoing": View("Outgoing", Q(directioncode=True)),
    "drafts": View("Drafts", Q(directioncode=True, statuscode=EmailStatus.DRAFT)),
    "waiting": View(
        "Waiting",
        Q(directioncode=True, statuscode__in=(EmailStatus.PENDING_SEND, EmailStatus.SENDING)),
    ),
    "failed": View("Failed", Q(directioncode=True, statuscode=EmailStatus.FAILED)),
}
"""By the word in the address (``show``)."""
SETTLED: Final = (EmailStatus.DRAFT, EmailStatus.SENT, EmailStatus.RECEIVED, EmailStatus.FAILED)
"""Statuses of which nothing more becomes by itself."""

_TITLES: Final = {
    ParticipationTypeMask.SENDER: "From",
    ParticipationTypeMask.TO_RECIPIENT: "To",
    ParticipationTypeMask.CC_RECIPIENT: "Cc",
    ParticipationTypeMask.BCC_RECIPIENT: "Bcc",
}


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who took part.

    ``kind`` is the sort of record behind the address, empty where it is not known; ``fate`` and ``reason`` are what a
    report says of a recipient who was not reached.
    """

    name: str
    address: str
    kind: str
    fate: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PartyGroup:
    """The parties of one part: sender, to, copy; ``left_out`` are more than a page should show."""

    title: str
    parties: list[Party]
    left_out: int


def _with_missed(rows: QuerySet[Email]) -> QuerySet[Email]:
    """Return e-mails with ``missed``: whether a report says that somebody was not reached."""
    reports = EmailDeliveryReport.objects.filter(activityid=OuterRef("pk"), fate=DeliveryFate.NOT_DELIVERED)
    return rows.annotate(missed=Exists(reports))


def list_mail(query: QueryDict) -> tuple[KeysetPage[Email], Mailbox | None]:
    """Read the page that ``q``, ``mailbox``, ``show``, ``after`` and ``before`` of an address ask for.

    Returns:
        The page, and the mailbox to which the list is narrowed, if it is.
    """
    mailbox = _mailbox(query.get("mailbox", ""))
    rows, besides = privileges.emails_in_parts()
    condition = None
    if mailbox is not None:
        rows, condition, besides = _of_mailbox(mailbox, rows, besides)
    rows, besides = _listed(rows, query), _listed(besides, query) if besides is not None else None
    page = read_page(
        rows,
        query,
        column="newest",
        position=_position,
        size=PAGE_SIZE,
        search=query.get("q", ""),
        condition=condition,
        besides=besides,
    )
    return page, mailbox


def _listed(rows: QuerySet[Email], query: QueryDict) -> QuerySet[Email]:
    listed = _with_missed(emails.in_order(rows).only(*_SHOWN))
    view = VIEWS.get(query.get("show", ""))
    return listed.filter(view.condition) if view is not None else listed


def _of_mailbox(
    mailbox: Mailbox, rows: QuerySet[Email], besides: QuerySet[Email] | None
) -> tuple[QuerySet[Email], Q, QuerySet[Email]]:
    """Return what was found in a mailbox: in two parts again, with what the first part's e-mails must meet.

    Most of it belongs to the mailbox's owner, whose mail is read along its index; keys lead to the rest.
    """
    traces = MessageTrace.objects.filter(mailboxid=mailbox, activityid__isnull=False)
    viewer = actors.current().user
    whose = viewer.pk if besides is not None and viewer is not None else mailbox.ownerid_id
    if besides is None:
        rows, besides = rows.filter(ownerid=whose), rows
    # Looked up for each e-mail that is read, by its own key: a mailbox may have tens of thousands of messages. Most of
    # the owner's e-mails are in it; without Coalesce the planner takes them for one in 200, and reads all to order them.
    places = MessageTrace.objects.filter(activityid=OuterRef("pk")).values("mailboxid")
    keys = privileges.keys_apart(traces, Email.objects.filter(ownerid=whose))
    in_it = Coalesce(AmongKeys(places, Value(mailbox.pk)), Value(value=False))
    return rows, Q(in_it), besides.filter(AmongKeys(keys))


def _position(email: Email) -> Position:
    return Position(emails.moment_of(email), email.activityid)


def _mailbox(text: str) -> Mailbox | None:
    try:
        key = UUID(text)
    except ValueError:
        return None
    return privileges.mailboxes().only("mailboxid", "name", "ownerid").filter(pk=key).first()


def parties_of(email: Email) -> list[PartyGroup]:
    """Return who took part, in the order From, To, Cc, Bcc; one query for each sort of record that occurs."""
    rows = list(
        ActivityParty.objects.filter(activityid=email).order_by("participationtypemask", "addressused")
    )
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        if row.partyid and row.partyobjecttypecode:
            wanted[row.partyobjecttypecode].add(row.partyid)
    names: dict[tuple[str, UUID], str] = {}
    for table, keys in wanted.items():
        if table in _RECORDS:
            model = _RECORDS[table][0]
            found = model.objects.filter(pk__in=keys).values_list("pk", _NAMES.get(table, "name"))
            names |= {(table, key): name for key, name in found}
    reports = {one.address: one for one in emails.reports_on(email)} if email.directioncode else {}
    grouped: dict[int, list[Party]] = defaultdict(list)
    for row in rows:
        table = row.partyobjecttypecode or ""
        name = names.get((table, row.partyid), "") if row.partyid else ""
        kind = _RECORDS[table][1] if table in _RECORDS else ""
        grouped[row.participationtypemask].append(
            Party(name or row.unresolvedpartyname or "", row.addressused or "", kind, *_report(row, reports))
        )
    return [
        PartyGroup(_TITLES[mask], grouped[mask][:MOST_PARTIES], max(0, len(grouped[mask]) - MOST_PARTIES))
        for mask in _TITLES
        if mask in grouped
    ]


def _report(row: ActivityParty, reports: Mapping[str, EmailDeliveryReport]) -> tuple[str, str]:
    found = reports.get((row.addressused or "").lower())
    if found is None or row.participationtypemask == ParticipationTypeMask.SENDER:
        return "", ""
    return found.get_fate_display(), found.reason or ""


def others_not_reached(email: Email, parties: list[PartyGroup]) -> list[EmailDeliveryReport]:
    """Return reports on addresses that are none of the parties', such as members of a list."""
    if not email.directioncode:
        return []
    shown = {party.address.lower() for group in parties for party in group.parties}
    return [one for one in emails.reports_on(email) if one.address not in shown]


def files_of(email: Email) -> list[ActivityMimeAttachment]:
    """Return the files of an e-mail in their order, without their bytes."""
    return list(ActivityMimeAttachment.objects.filter(activityid=email).order_by("attachmentnumber", "pk"))


def mailboxes_of(email: Email) -> list[Mailbox]:
    """Return the mailboxes, of those that the user may see, in which the e-mail was found."""
    traces = MessageTrace.objects.filter(activityid=email).values("mailboxid")
    found = privileges.mailboxes().filter(pk__in=traces).only("mailboxid", "name")
    return list(found.order_by("name")[:20])
