"""Who is invited to a meeting, and what they answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from serversync.simulator.addresses import Address
from serversync.simulator.kinds.forms import Searched, T, Writer, read_people
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import timestamp


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is invited.

    Attributes:
        person: Name and address.
        response: A value of ``ResponseTypeType``.
        responded: When the answer came.
        proposed: Start and end that were proposed instead.
    """

    person: Address
    response: str = "Unknown"
    responded: datetime | None = None
    proposed: tuple[datetime, datetime] | None = None


class Attendees(Searched):
    """``Attendee`` elements; what clients say about answers is not theirs to set and is passed over."""

    is_appendable = True
    is_sortable = False

    def read(self, element: etree._Element) -> tuple[Attendee, ...] | None:
        """Return who is invited."""
        found = (person for one in element.iterfind(f"{T}Attendee") for person in read_people(one))
        return tuple(Attendee(person) for person in found) or None

    def comparable(self, value: Any) -> Any:
        """A condition holds where it holds for one name or address."""
        people = (one.person for one in value or ())
        return tuple(part for one in people for part in (one.name, one.address) if part) or None

    def inner(self, view: Writer, value: Any) -> str:
        """Return ``Attendee`` elements."""
        return "".join(self._attendee(view, one) for one in value)

    def write(self, view: Writer, element: str, value: Any) -> str:
        """Return the element, or nothing for nobody."""
        return super().write(view, element, value or None)

    @staticmethod
    def _attendee(view: Writer, one: Attendee) -> str:
        responded = (
            f"<t:LastResponseTime>{timestamp(one.responded)}</t:LastResponseTime>" if one.responded else ""
        )
        proposed = ""
        if one.proposed is not None and view.schema >= Schema.EXCHANGE2013:
            start, end = (view.time(value) for value in one.proposed)
            proposed = f"<t:ProposedStart>{start}</t:ProposedStart><t:ProposedEnd>{end}</t:ProposedEnd>"
        return (
            f"<t:Attendee>{view.mailbox_element(one.person)}<t:ResponseType>{one.response}</t:ResponseType>"
            f"{responded}{proposed}</t:Attendee>"
        )


ATTENDEES = Attendees()
ATTENDEE_FIELDS = ("calendar:RequiredAttendees", "calendar:OptionalAttendees", "calendar:Resources")
"""Where a meeting names who is invited."""
