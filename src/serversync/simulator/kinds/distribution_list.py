"""Distribution lists: a name and its members."""

from datetime import datetime

from serversync.simulator.compose import compose
from serversync.simulator.kinds.contact import CONTACT
from serversync.simulator.kinds.forms import FRAGMENT
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.property import DEFAULT, Access, ItemKind, Property
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema


def _settle(item: StoredItem, changed: frozenset[str], _now: datetime) -> None:
    """File it under its name."""
    given = item.properties
    if given is not None and given.get("contacts:DisplayName"):
        given["contacts:FileAs"] = given["contacts:DisplayName"]
        if "item:Subject" not in changed:
            given.setdefault("item:Subject", given["contacts:DisplayName"])


DISTRIBUTION_LIST = ItemKind(
    "DistributionList",
    "IPM.DistList",
    (
        *ITEM_PROPERTIES,
        Property("contacts:DisplayName", level=DEFAULT, access=Access.WRITE, tag=0x3001),
        Property("contacts:FileAs", level=DEFAULT),
        Property("contacts:ContactSource", default=lambda _view: "Store"),
        Property(
            "distributionlist:Members",
            FRAGMENT,
            is_listed=False,
            since=Schema.EXCHANGE2010_SP1,
            access=Access.WRITE,
        ),
    ),
    classes=("IPM.DISTLIST",),
    folder="contacts",
    needs_folder=CONTACT.needs_folder,
    settle=_settle,
    mime=compose,
)
