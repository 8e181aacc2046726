"""Searching long lists by words, along an index."""

from typing import Final, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from serversync.crm.models import (
    Account,
    Appointment,
    Audit,
    Contact,
    Email,
    Fax,
    Letter,
    PhoneCall,
    Queue,
    RecurringAppointmentMaster,
    ServiceAppointment,
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
    Fax: Fax.WORDS,
    Letter: Letter.WORDS,
    PhoneCall: PhoneCall.WORDS,
    Queue: Queue.WORDS,
    RecurringAppointmentMaster: RecurringAppointmentMaster.WORDS,
    ServiceAppointment: ServiceAppointment.WORDS,
    SystemUser: SystemUser.WORDS,
    Task: Task.WORDS,
}
"""What can be searched, by its table."""

USUAL: Final = 0.02
"""A word that begins the words of this share of all rows is not looked for by the index where there is a rarer one."""
_USUAL: Final = """
    select word, share from pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) as t (word, share)
    where schemaname = current_schema() and tablename = %s and word is not null
"""


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
    if not by_index:
        return rows.filter(*likely, Begun(words, entered, by_index=False))
    asked = _unusual(rows.model, entered) if len(entered) > 1 else entered
    found = rows.filter(*likely, Begun(words, asked))
    rest = [word for word in entered if word not in asked]
    return found.filter(Begun(words, rest, by_index=False)) if rest else found


def _unusual(model: type[Model], entered: list[str]) -> list[str]:
    """Return the words that the index is asked for: those that few rows have; all where there is none of these.

    For a word that half a million rows have the index hands all of them over, whatever the others are. How many have a
    word is known from the last time that the database looked at the table (``analyze``).
    """
    (index,) = [one.name for one in model._meta.indexes if one.name.endswith("_words")]  # noqa: SLF001 - the documented way
    with connection.cursor() as cursor:
        cursor.execute(_USUAL, [index])
        shares = {str(word): float(share) for word, share in cursor.fetchall()}
    unusual = []
    for word in entered:
        share = sum(known for begun, known in shares.items() if begun.startswith(word.lower()))
        if share < USUAL:
            unusual.append(word)
    return unusual or entered
