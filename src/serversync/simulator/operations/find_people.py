"""FindPeople and GetPersona: people of a contacts folder and of the directory (2013 and later)."""

from lxml import etree

from serversync.simulator import personas
from serversync.simulator.call import Call
from serversync.simulator.identifiers import decode
from serversync.simulator.operations.paging import page_of
from serversync.simulator.personas import Persona, PersonaReader, render_persona
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, single
from serversync.simulator.restriction import Operand, compile_restriction, sort_by
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
_READER = PersonaReader()


def find(call: Call) -> str:
    """Return a page of the people that fulfil the conditions; the directory is searched by words only."""
    try:
        call.check()
        found = _found(call)
        page = page_of(call.request, len(found), "Item")
    except EwsError as error:
        return _failed("FindPeopleResponse", error)
    base, asked = _shape(call.request.find(f"{M}PersonaShape"))
    people = "".join(render_persona(one, base, asked) for one in found[page.first : page.last])
    return single(
        "FindPeopleResponse",
        f"<m:People>{people}</m:People><m:TotalNumberOfPeopleInView>{len(found)}</m:TotalNumberOfPeopleInView>"
        f"<m:FirstMatchingRowIndex>0</m:FirstMatchingRowIndex><m:FirstLoadedRowIndex>{page.first}</m:FirstLoadedRowIndex>",
    )


def get(call: Call) -> str:
    """Return everything about one person, by id or by address."""
    try:
        call.check()
        one = _person(call)
    except EwsError as error:
        return _failed("GetPersonaResponseMessage", error)
    whole = render_persona(one, "AllProperties", frozenset(), element="m:Persona")
    return single("GetPersonaResponseMessage", whole)


def _found(call: Call) -> list[Persona]:
    query = (call.request.findtext(f"{M}QueryString") or "").strip()
    people = [one for one in _sources(call, query) if personas.fits(one, query)]
    for name in ("Restriction", "AggregationRestriction"):
        test = compile_restriction(call.request.find(f"{M}{name}"), _READER)
        people = [one for one in people if test is None or test(one)]
    orders = [_order(one) for one in call.request.iterfind(f"{M}SortOrder/{T}FieldOrder")]
    return sort_by(people, orders)


def _sources(call: Call, query: str) -> list[Persona]:
    """Return the people of the folder that is asked, or without one of the contacts and the directory.

    Raises:
        EwsError: ``ErrorInvalidOperation``: the whole directory is not listed; or there is no such folder.
    """
    target = call.request.find(f"{M}ParentFolderId")
    is_directory = target is not None and len(target) > 0 and target[0].get("Id") == "directory"
    directory = [personas.of_mailbox(one) for one in call.exchange.mailboxes] if query else []
    if is_directory:
        if not query:
            raise EwsError("ErrorInvalidOperation", "The directory is searched with a QueryString only.")
        return directory
    found = call.target("ParentFolderId", Right.READ)
    if found is not None:
        return personas.in_folder(call.exchange, *found)
    mailbox = call.own_mailbox
    return personas.in_folder(call.exchange, mailbox, mailbox.distinguished_folder("contacts")) + directory


def _order(order: etree._Element) -> tuple[Operand[Persona], bool]:
    if not len(order):
        raise EwsError("ErrorUnsupportedPathForSortGroup")
    return _READER.operand(order[0]), order.get("Order") == "Ascending"


def _shape(element: etree._Element | None) -> tuple[str, frozenset[str]]:
    if element is None:
        return "Default", frozenset()
    paths = (one.get("FieldURI", "") for one in element.iterfind(f"{T}AdditionalProperties/*"))
    return element.findtext(f"{T}BaseShape") or "Default", frozenset(path.partition(":")[2] for path in paths)


def _person(call: Call) -> Persona:
    identity = call.request.find(f"{M}PersonaId")
    if identity is None:
        address = (call.request.findtext(f"{M}EmailAddress/{T}EmailAddress") or "").strip()
        mailbox = call.exchange.find_mailbox(address)
        if mailbox is None:
            raise EwsError("ErrorItemNotFound")
        return personas.of_mailbox(mailbox)
    named = decode(identity.get("Id", ""))
    if not named.item:
        return personas.of_mailbox(call.exchange.mailbox_by_guid(named.mailbox))
    mailbox, item = call.item(identity.get("Id", ""))
    if not personas.is_contact(call.exchange, mailbox, item):
        raise EwsError("ErrorItemNotFound")
    return personas.of_contact(call.exchange.view(mailbox, item, Shape(call.schema)))


def _failed(element: str, error: EwsError) -> str:
    whole = '<m:Persona><t:PersonaId Id=""/></m:Persona>' if element.startswith("GetPersona") else ""
    return single(element, whole, error)
