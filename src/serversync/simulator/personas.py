"""Personas: people as FindPeople and GetPersona show them (2013 and later), made of contacts and of the directory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from serversync.simulator import identifiers
from serversync.simulator.exchange import Exchange
from serversync.simulator.foldertree import Folder
from serversync.simulator.identifiers import Identifier
from serversync.simulator.itemview import ItemView
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import EwsError
from serversync.simulator.restriction import Operand
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import text

_DEFAULT = frozenset(
    {"PersonaType", "DisplayName", "EmailAddress", "EmailAddresses", "ImAddress", "RelevanceScore"}
)
_OF_CONTACT = {
    "DisplayName": "contacts:DisplayName",
    "FileAs": "contacts:FileAs",
    "GivenName": "contacts:GivenName",
    "MiddleName": "contacts:MiddleName",
    "Surname": "contacts:Surname",
    "Generation": "contacts:Generation",
    "Nickname": "contacts:Nickname",
    "Title": "contacts:JobTitle",
    "Department": "contacts:Department",
    "CompanyName": "contacts:CompanyName",
    "Location": "contacts:OfficeLocation",
}
_PHONES = (("MobilePhone", "Mobile"), ("BusinessPhone", "Business"), ("HomePhone", "Home"))


@dataclass(frozen=True, slots=True)
class Persona:
    """One person.

    Attributes:
        persona_id: Its opaque id.
        source: Id and change key of the contact, and id and change key of its folder; empty for somebody of the directory.
        values: What is known, by element name; texts only.
        addresses: Addresses, the first one before the others.
        phone: Number and kind of the first number that there is.
    """

    persona_id: str
    source: tuple[str, str, str] = ("", "", "")
    values: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    phone: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """What it is shown as."""
        return self.values.get("DisplayName", "")


def of_mailbox(mailbox: Mailbox) -> Persona:
    """Return the owner of a mailbox, as the directory knows him."""
    found = identifiers.encode(Identifier(mailbox.guid, mailbox.distinguished_folder("root").number))
    further = sorted(one for one in mailbox.proxy_addresses if "@" in one and ":" not in one)
    return Persona(
        found,
        values={"DisplayName": mailbox.display_name, "DisplayNameFirstLast": mailbox.display_name},
        addresses=(mailbox.primary_smtp_address, *further),
    )


def of_contact(view: ItemView) -> Persona:
    """Return the person that a contact is about."""
    mailbox, item = view.mailbox, view.item
    values = {name: str(view.get(uri) or "") for name, uri in _OF_CONTACT.items()}
    name = values["DisplayName"] = values["DisplayName"] or view.subject
    values["DisplayNameFirstLast"] = name
    last = ", ".join(part for part in (values["Surname"], values["GivenName"]) if part)
    values["DisplayNameLastFirst"] = last or name
    entries = view.get("contacts:EmailAddresses") or {}
    numbers = view.get("contacts:PhoneNumbers") or {}
    places = view.get("contacts:PhysicalAddresses") or {}
    for element, key in (("HomeCity", "Home"), ("WorkCity", "Business")):
        values[element] = (places.get(key) or {}).get("City", "")
    values["ImAddress"] = next(iter((view.get("contacts:ImAddresses") or {}).values()), "") or ""
    folder = identifiers.encode(Identifier(mailbox.guid, item.folder))
    return Persona(
        identifiers.encode(Identifier(mailbox.guid, item.folder, item.number)),
        (mailbox.item_id(item), mailbox.change_key(item), folder),
        {key: value for key, value in values.items() if value},
        tuple(entries[key] for key in sorted(entries) if entries[key]),
        next(((numbers[key], kind) for key, kind in _PHONES if numbers.get(key)), None),
    )


def is_contact(exchange: Exchange, mailbox: Mailbox, item: StoredItem) -> bool:
    """Whether an item is a contact."""
    return exchange.view(mailbox, item, Shape(Schema.EXCHANGE2013)).kind.element == "Contact"


def in_folder(exchange: Exchange, mailbox: Mailbox, folder: Folder) -> list[Persona]:
    """Return the people of a folder's contacts, in the order of their creation."""
    shape = Shape(Schema.EXCHANGE2013)
    items = (mailbox.item(number) for number in folder.items)
    return [
        of_contact(exchange.view(mailbox, one, shape)) for one in items if is_contact(exchange, mailbox, one)
    ]


def _address(name: str, address: str, element: str) -> str:
    return (
        f"<t:{element}><t:Name>{text(name)}</t:Name><t:EmailAddress>{text(address)}</t:EmailAddress>"
        f"<t:RoutingType>SMTP</t:RoutingType></t:{element}>"
    )


def _addresses(one: Persona) -> str:
    found = "".join(_address(one.name, address, "Address") for address in one.addresses)
    return f"<t:EmailAddresses>{found}</t:EmailAddresses>" if found else ""


def _phone(one: Persona) -> str:
    if one.phone is None:
        return ""
    number, kind = one.phone
    return f"<t:PhoneNumber><t:Number>{text(number)}</t:Number><t:Type>{kind}</t:Type></t:PhoneNumber>"


def _attributions(one: Persona) -> str:
    item, change, folder = one.source
    if not item:
        return ""
    return (
        f'<t:Attributions><t:Attribution><t:Id>0</t:Id><t:SourceId Id="{item}" ChangeKey="{change}"/>'
        "<t:DisplayName>Outlook</t:DisplayName><t:IsWritable>true</t:IsWritable><t:IsQuickContact>false</t:IsQuickContact>"
        f'<t:IsHidden>false</t:IsHidden><t:FolderId Id="{folder}"/></t:Attribution></t:Attributions>'
    )


def _plain(element: str) -> tuple[str, Callable[[Persona], str]]:
    def write(one: Persona) -> str:
        value = one.values.get(element, "")
        return f"<t:{element}>{text(value)}</t:{element}>" if value else ""

    return element, write


_ROWS: tuple[tuple[str, Callable[[Persona], str]], ...] = (
    ("PersonaType", lambda _one: "<t:PersonaType>Person</t:PersonaType>"),
    *map(
        _plain,
        ("DisplayName", "DisplayNameFirstLast", "DisplayNameLastFirst", "FileAs", "GivenName", "MiddleName"),
    ),
    *map(_plain, ("Surname", "Generation", "Nickname", "Title", "Department", "CompanyName", "Location")),
    (
        "EmailAddress",
        lambda one: _address(one.name, one.addresses[0], "EmailAddress") if one.addresses else "",
    ),
    ("EmailAddresses", _addresses),
    ("PhoneNumber", _phone),
    *map(_plain, ("ImAddress", "HomeCity", "WorkCity")),
    ("RelevanceScore", lambda _one: "<t:RelevanceScore>2147483647</t:RelevanceScore>"),
    ("Attributions", _attributions),
)
"""Elements of a persona in the order of the schema; nobody's relevance is known, which the largest number stands for."""


def render_persona(one: Persona, base: str, asked: frozenset[str], *, element: str = "t:Persona") -> str:
    """Return the element of a person.

    Args:
        one: The person.
        base: ``IdOnly``, ``Default`` or ``AllProperties``.
        asked: Further elements that are wanted.
        element: Name of the element.
    """
    wanted = _DEFAULT if base == "Default" else frozenset() if base == "IdOnly" else frozenset(dict(_ROWS))
    rows = "".join(write(one) for name, write in _ROWS if name in wanted or name in asked)
    return f'<{element}><t:PersonaId Id="{one.persona_id}"/>{rows}</{element}>'


class PersonaReader:
    """Reads paths of personas, see ``restriction.Reader``."""

    def operand(self, path: etree._Element) -> Operand[Persona]:
        """Return the property of a path; those that a contact has are also known by the contact's field URI.

        Raises:
            EwsError: ``ErrorUnsupportedPathForQuery``: nobody can search by it.
        """
        prefix, _, name = path.get("FieldURI", "").partition(":")
        if prefix not in {"persona", "contacts"} or name not in dict(_ROWS):
            raise EwsError("ErrorUnsupportedPathForQuery")
        if name in {"EmailAddress", "EmailAddresses"}:
            return Operand(
                lambda one: one.addresses or None, str, lambda one: next(iter(one.addresses), None)
            )
        return Operand(lambda one: one.values.get(name), str)


def fits(one: Persona, query: str) -> bool:
    """Whether each word of a query begins a word of what is known of a person; ``Property:word`` looks there only."""
    return all(_fits(one, word) for word in query.split())


def _fits(one: Persona, word: str) -> bool:
    name, separator, rest = word.partition(":")
    known = {key.lower(): value for key, value in one.values.items()}
    if separator and name.lower() in known.keys() | {"emailaddress", "emailaddresses", "displayname"}:
        where = one.addresses if name.lower().startswith("emailaddress") else (known.get(name.lower(), ""),)
    else:
        where, rest = (*one.values.values(), *one.addresses), word
    sought = rest.strip('"*').casefold()
    return any(
        part.startswith(sought) for value in where for part in (value.casefold(), *value.casefold().split())
    )
