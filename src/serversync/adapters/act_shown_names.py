"""Under which name Outlook shows a contact: where the CRM changes a name, what Outlook shows and files by follows.

Outlook shows the display name and sorts by *File as*, and Exchange makes them of the parts of a name only where they are missing.
So who is renamed in the CRM would stay under the old name in every list. Only a text that was made of the old name follows;
one that somebody has chosen ("My dentist") stays. *File as* follows by itself where the item says how it is made.

Source: Microsoft, EWS reference, DisplayName, FileAs and FileAsMapping.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from serversync.engine.act_ports import ItemToChange
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.contact import Contact
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.ids import ItemId
from serversync.exchange.types.shapes import ItemShape
from serversync.rules.record import Fields
from serversync.rules.regarding import COMPANY

DISPLAY_NAME: Final = FieldURI("contacts:DisplayName")
_FILE_AS: Final = FieldURI("contacts:FileAs")
_SUBJECT: Final = FieldURI("item:Subject")
_SHAPE: Final = ItemShape(
    additional_properties=(DISPLAY_NAME, _FILE_AS, FieldURI("contacts:FileAsMapping"), _SUBJECT)
)
_NAMES: Final = frozenset({"salutation", "firstname", "middlename", "lastname", "suffix"})
_READ_AT_ONCE: Final = 100
_MADE_BY_NOBODY: Final = frozenset({None, "None"})
"""How *File as* is made where it is only a text."""

Form = Callable[[Fields], str]
"""Makes one text of a name."""


def _all(of: Fields) -> str:
    return _joined(of, "salutation", "firstname", "middlename", "lastname", "suffix")


def _filed(of: Fields) -> str:
    return _with_comma(of, "firstname", "middlename")


def _joined(fields: Fields, *names: str) -> str:
    return " ".join(str(fields[name]).strip() for name in names if fields.get(name))


def _with_comma(fields: Fields, *first: str) -> str:
    parts = _joined(fields, "lastname"), _joined(fields, *first)
    return ", ".join(part for part in parts if part)


_FORMS: Final[tuple[Form, ...]] = (
    lambda of: _joined(of, "firstname", "middlename", "lastname", "suffix"),
    _all,
    lambda of: _joined(of, "firstname", "lastname"),
    _filed,
    lambda of: _with_comma(of, "firstname"),
    lambda of: _joined(of, "lastname", "firstname", "middlename"),
    lambda of: _joined(of, "lastname", "firstname"),
)
"""How programs make one text of a name; the first is how Exchange does."""


def shown_without_name(fields: Fields) -> str | None:
    """Return under what a contact without a name is shown: its e-mail address; ``None`` where Exchange knows better.

    >>> shown_without_name({"emailaddress1": "ada@example.org"}), shown_without_name({"lastname": "Lovelace"})
    ('ada@example.org', None)
    """
    if fields.get("lastname") or fields.get("firstname") or fields.get(COMPANY):
        return None
    address = fields.get("emailaddress1")
    is_nameless = isinstance(address, str) and not any(map(fields.get, _NAMES))
    return str(address).strip() or None if is_nameless else None


def following(text: str | None, before: Fields, after: Fields, otherwise: Form = _FORMS[0]) -> str | None:
    """Return what becomes of a text that was made of a name; ``None`` where it stays as it is.

    Who had no name was shown by something else, if at all, and gets the form that is given.

    >>> following("Byron, Ada", {"firstname": "Ada", "lastname": "Byron"}, {"firstname": "Ada", "lastname": "King"})
    'King, Ada'
    >>> following("Enchantress", {"firstname": "Ada", "lastname": "Byron"}, {"lastname": "King"}) is None
    True
    """
    said = " ".join((text or "").split())
    is_made_of = (form for form in _FORMS if " ".join(form(before).split()) == said)
    made = next(is_made_of, None) if _all(before) else otherwise
    return (made(after) or shown_without_name(after)) if made is not None else None


async def follow(
    client: EwsClient, mailbox: str | None, items: Sequence[ItemToChange]
) -> dict[UUID, Mapping[AnyFieldURI, Any]]:
    """Return what is written along with contacts whose names are; what they show now is read only of these.

    Raises:
        ServiceError: Exchange cannot be read now.
    """
    renamed = [each for each in items if each.crmid is not None and not _NAMES.isdisjoint(each.fields)]
    values: dict[UUID, Mapping[AnyFieldURI, Any]] = {}
    for start in range(0, len(renamed), _READ_AT_ONCE):
        part = renamed[start : start + _READ_AT_ONCE]
        asked = GetItem(tuple(ItemId(each.item.item_id) for each in part), _SHAPE)
        outcomes = await client.call_bisecting(asked, mailbox=mailbox)
        for each, outcome in zip(part, outcomes, strict=True):
            # What cannot be read cannot be written either, and says so there.
            found = None if isinstance(outcome, ews.Failure) else outcome.unwrap()
            if isinstance(found, Contact) and each.crmid is not None:
                values[each.crmid] = dict(_values(found, each.before, {**each.before, **each.fields}))
    return values


def _values(found: Contact, before: Fields, after: Fields) -> Iterator[tuple[AnyFieldURI, str]]:
    texts: list[tuple[AnyFieldURI, str | None, Form]] = [
        (DISPLAY_NAME, found.display_name, _FORMS[0]),
        (_SUBJECT, found.subject, _FORMS[0]),
    ]
    if found.file_as_mapping in _MADE_BY_NOBODY:
        texts.append((_FILE_AS, found.file_as, _filed))
    for uri, text, form in texts:
        new = following(text, before, after, form)
        if new and new != text:
            yield uri, new
