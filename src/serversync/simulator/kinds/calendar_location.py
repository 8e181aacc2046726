"""Where an appointment is: as a text, and since 2013 as a place with an address; setting one of them sets both."""

from lxml import etree

from serversync.simulator.itemview import ItemView
from serversync.simulator.response import TYPES_NS
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema

_PLACE, _TEXT = "calendar:EnhancedLocation", "calendar:Location"


def settle_location(item: StoredItem, changed: frozenset[str]) -> None:
    """Let the text follow the place that was set, and forget the place where only another text was set."""
    properties = dict(item.properties or {})
    if _PLACE in changed and _TEXT not in changed:
        place = properties.get(_PLACE)
        properties[_TEXT] = _name_of(place) if place else None
    elif _TEXT in changed and _PLACE not in changed:
        properties.pop(_PLACE, None)
    else:
        return
    item.properties = properties


def _name_of(fragment: str) -> str:
    element = etree.fromstring(f'<x xmlns:t="{TYPES_NS}">{fragment}</x>')[0]
    return element.findtext(f"{{{TYPES_NS}}}DisplayName") or ""


def enhanced_location(view: ItemView) -> str:
    """Return the place: as it was set, or one that has only the name that the text gives."""
    given = view.get(_PLACE)
    if given:
        return str(given)
    name = view.get(_TEXT)
    if not name:
        return ""
    return (
        f"<t:EnhancedLocation>{view.element('DisplayName', name)}<t:Annotation/><t:PostalAddress>"
        "<t:Type>Business</t:Type><t:LocationSource>None</t:LocationSource></t:PostalAddress></t:EnhancedLocation>"
    )


def location_of_request(view: ItemView) -> str:
    """Return the text of a meeting request, which servers from 2013 on leave out: there only the place tells it.

    Source: Microsoft, requirement 2935 of MS-OXWSMTGS in the Interop test suites.
    """
    if view.server.schema >= Schema.EXCHANGE2013:
        return ""
    return view.element("Location", view.get(_TEXT) or "")
