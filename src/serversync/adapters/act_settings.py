"""Which kinds are kept in step, and the rules that a pass follows, from the settings of the organization.

A further kind is one more entry of ``KINDS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from serversync.mapping.fields import DUPLICATE_COLUMNS, directions
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.mapping.service import SERVICE_DIRECTIONS
from serversync.rules.appointment import Policy, PrivateItems
from serversync.rules.attachments import PREFIX
from serversync.rules.duplicates import Keys, keys_of
from serversync.rules.guards import Brake
from serversync.rules.merge import Preference
from serversync.rules.plan import Deletion, KindRules, Leaving
from serversync.rules.record import Direction, Kind
from serversync.rules.regarding import COMPANY


@dataclass(frozen=True, slots=True)
class KindSettings:
    """The columns of ``organization`` that steer a kind; ``takes_all`` is missing where the category alone decides."""

    direction: str
    crm_deletion: str
    exchange_deletion: str
    takes_all: str | None = None


_OF_TASKS: Final = KindSettings(
    "tasksyncdirection", "taskdeletionbehaviorfromcrm", "ssstaskdeletionsyncbehaviorfromexchange"
)
KINDS: Final[dict[Kind, KindSettings]] = {
    Kind.CONTACT: KindSettings(
        "contactsyncdirection",
        "contactdeletionbehaviorfromcrm",
        "contactdeletionbehaviorfromexchange",
        "trackallcontacts",
    ),
    # What is a task in Exchange follows the settings of tasks.
    Kind.TASK: _OF_TASKS,
    Kind.PHONECALL: _OF_TASKS,
    Kind.LETTER: _OF_TASKS,
    Kind.FAX: _OF_TASKS,
    Kind.APPOINTMENT: KindSettings(
        "appointmentsyncdirection",
        "appointmentdeletionbehaviorfromcrm",
        "appointmentdeletionbehaviorfromexchange",
    ),
    # Series follow the settings of appointments.
    Kind.SERIES: KindSettings(
        "appointmentsyncdirection",
        "appointmentdeletionbehaviorfromcrm",
        "appointmentdeletionbehaviorfromexchange",
    ),
    # So do service activities, as far as they go: to Exchange.
    Kind.SERVICE: KindSettings(
        "appointmentsyncdirection",
        "appointmentdeletionbehaviorfromcrm",
        "appointmentdeletionbehaviorfromexchange",
    ),
}
"""The kinds that passes bring into step, in the order in which they are heard."""

_FILES: Final = {
    Kind.APPOINTMENT: "syncappointmentattachments",
    Kind.TASK: "synctaskattachments",
}
"""Whether the files of a kind go both ways; other kinds have none."""

COLUMNS: Final = tuple(
    dict.fromkeys(
        (
            "actconflictpreference",
            "actleavingbehavior",
            "actbrakecount",
            "actbrakeshareinpercent",
            "trackingcategoryname",
            "contactduplicatekeys",
            "companynamechoosesparent",
            "appointmentstartwindowindays",
            "sendmeetinginvitations",
            "privateappointments",
            "defaulttimezone",
            "maxuploadfilesize",
            "ssspropagateappointmentcancellationstoexchange",
            "sssupdatepastmeetingsinnondraftmode",
            "trackappointmentsfromnonorganizer",
            "syncassignedtasks",
            "synccalendarsubfolders",
            *_FILES.values(),
            "blockedattachments",
            *(
                column
                for kind in KINDS.values()
                for column in (kind.direction, kind.crm_deletion, kind.exchange_deletion, kind.takes_all)
                if column is not None
            ),
        )
    )
)
"""What is read of ``organization``."""


_LIMITS: Final = {Kind.SERVICE: Direction.TO_EXCHANGE}
"""How far a kind can go at most, whatever is set."""
HAS_SERVICES: Final = """(exists (select from serviceappointment) or exists (select from exchangesyncfolder f
    where f.mailboxid = m.mailboxid and f.objecttypecode = 'serviceappointment')) as hasservices"""
"""Whether there are service activities, or may be copies of them in the mailbox ``m``, where a pass has followed them once.

Without either, passes do nothing about them.
"""


def rules(settings: Mapping[str, Any]) -> dict[Kind, KindRules]:
    """Return the rules of each kind, given the columns of ``COLUMNS``; of service activities where there are any (``HAS_SERVICES``)."""
    return {
        kind: KindRules(
            _directions(kind, settings),
            limit=Direction(settings[columns.direction]).within(_LIMITS.get(kind, Direction.BOTH)),
            preference=Preference(settings["actconflictpreference"]),
            crm_deletion=Deletion(settings[columns.crm_deletion]),
            exchange_deletion=Deletion(settings[columns.exchange_deletion]),
            leaving=Leaving(settings["actleavingbehavior"]),
        )
        for kind, columns in KINDS.items()
        if kind is not Kind.SERVICE or settings.get("hasservices", True)
    }


def _directions(kind: Kind, settings: Mapping[str, Any]) -> Mapping[str, Direction]:
    if kind is Kind.SERIES:
        return SERIES_DIRECTIONS
    if kind is Kind.SERVICE:
        return SERVICE_DIRECTIONS
    if kind in _FILES and settings[_FILES[kind]]:
        return {**directions(kind), PREFIX: Direction.BOTH}
    return directions(kind)


def brake(settings: Mapping[str, Any]) -> Brake:
    """Return how many deletions at once must wait for a person."""
    return Brake(count=settings["actbrakecount"], share=settings["actbrakeshareinpercent"] / 100)


def takes_all(settings: Mapping[str, Any]) -> frozenset[Kind]:
    """Return the kinds of which every item in Exchange takes part."""
    return frozenset(
        kind for kind, columns in KINDS.items() if columns.takes_all and settings[columns.takes_all]
    )


def duplicate_keys(settings: Mapping[str, Any]) -> Keys:
    """Return what makes two contacts the same."""
    return keys_of(settings["contactduplicatekeys"], DUPLICATE_COLUMNS)


def takes_companies(settings: Mapping[str, Any], rules: Mapping[Kind, KindRules]) -> bool:
    """Tell whether a company that is typed in Outlook can choose the parent of a contact.

    Where the company goes nowhere, it is none of our business.
    """
    contacts = rules.get(Kind.CONTACT)
    return (
        bool(settings["companynamechoosesparent"]) and contacts is not None and COMPANY in contacts.effective
    )


def without_companies(rules: Mapping[Kind, KindRules]) -> dict[Kind, KindRules]:
    """Return the rules of a user who wants the companies of contacts in Outlook left alone."""
    changed = dict(rules)
    if (contacts := rules.get(Kind.CONTACT)) is not None:
        changed[Kind.CONTACT] = replace(contacts, directions={**contacts.directions, COMPANY: Direction.NONE})
    return changed


def appointments(settings: Mapping[str, Any], now: datetime) -> Policy:
    """Return the settings of meetings; a start window of no days has no beginning."""
    days = settings["appointmentstartwindowindays"]
    return Policy(
        may_send=settings["sendmeetinginvitations"],
        tells_of_past=settings["sssupdatepastmeetingsinnondraftmode"],
        cancels=settings["ssspropagateappointmentcancellationstoexchange"],
        attendees_track=settings["trackappointmentsfromnonorganizer"],
        private=PrivateItems(settings["privateappointments"]),
        starts_on=now - timedelta(days=days) if days else None,
    )
