"""Searching long lists by words, along an index."""

from typing import Final, TypeVar

from django.db.models import Model, QuerySet

from serversync.crm.models import (
    Account,
    Appointment,
    Audit,
    Contact,
    Email,
    Queue,
    RecurringAppointmentMaster,
    SystemUser,
    Task,
)
from serversync.crm.models.words import Begun, Occurs, Words, pattern_of, split

Row = TypeVar("Row", bound=Model)

WORDS: Final[dict[type[Model], Words]] = {
    Account: Account.WORDS,
    Appointment: Appointment.WORDS,
    Audit: Audit.WORDS,
    Contact: Contact.WORDS,
    Email: Email.WORDS,
    Queue: Queue.WORDS,
    RecurringAppointmentMaster: RecurringAppointmentMaster.WORDS,
    SystemUser: SystemUser.WORDS,
    Task: Task.WORDS,
}
"""What can be searched, by its table."""


def narrow(rows: QuerySet[Row], text: str | None, *, by_index: bool = True) -> QuerySet[Row]:
    """Return the rows that have, for each word of a text, a word that begins with it.

    Args:
        rows: What to search.
        text: A text without any letter or digit finds nothing, unless it is empty: then all rows are returned.
        by_index: Whether the index of words may be asked; otherwise the rows are looked through.
    """
    if not text or not text.strip():
        return rows
    entered = split(text)
    if not entered:
        return rows.none()
    words = WORDS[rows.model]
    likely = (Occurs(words, pattern_of(word)) for word in entered)
    return rows.filter(*likely, Begun(words, entered, by_index=by_index))
