"""Items as EWS shows them: one row for each property that was asked for, in the order of the schema.

The rows are walked for every item, so the result is kept by item, state and shape (``exchange``): a mailbox
that is read again costs next to nothing.
"""

from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.property import ALL, ALWAYS, DEFAULT, ItemKind, Property, Row
from serversync.simulator.shape import Shape

_LEVELS = {"IdOnly": ALWAYS, "Default": DEFAULT, "AllProperties": ALL}


def _rows(kind: ItemKind, shape: Shape) -> tuple[Row, ...]:
    level = _LEVELS.get(shape.base, DEFAULT)
    wanted = set(shape.fields)
    if shape.include_mime_content:
        wanted.add("item:MimeContent")
    if shape.headers:
        wanted.add("item:InternetMessageHeaders")
    if shape.extended:
        wanted.add("ExtendedProperty")
    rows = []
    for one in kind.properties:
        if one.since > shape.schema or (shape.is_listing and not one.is_listed):
            continue
        if one.level <= level or one.uri in wanted:
            rows.append(one.row)
        elif one.indexed and (keys := _keys(one, shape)):
            rows.append(_entries(one, keys))
    return tuple(rows)


def _keys(one: Property, shape: Shape) -> tuple[str, ...]:
    return tuple(
        index for uri, index in shape.entries if uri == one.indexed or uri.startswith(one.indexed + ":")
    )


def _entries(one: Property, keys: tuple[str, ...]) -> Row:
    def row(view: ItemView) -> str:
        value = view.get(one.uri) or {}
        return one.form.write(view, one.element, {key: value[key] for key in value if key in keys} or None)

    return row


def render_item(view: ItemView) -> str:
    """Return the element of an item in the shape that was asked for."""
    kind = view.kind
    return f"<t:{kind.element}>{''.join(row(view) for row in rows_of(kind, view.shape))}</t:{kind.element}>"


_ROWS: dict[tuple[str, Shape], tuple[Row, ...]] = {}
_MOST_SHAPES = 1024


def rows_of(kind: ItemKind, shape: Shape) -> tuple[Row, ...]:
    """Return the rows that a shape asks of a kind, in the order of the schema; the latest are kept."""
    key = (kind.element, shape)
    found = _ROWS.get(key)
    if found is None:
        if len(_ROWS) >= _MOST_SHAPES:
            _ROWS.clear()
        found = _ROWS[key] = _rows(kind, shape)
    return found
