"""The follow-up flag: a status and up to three times."""

from typing import Any

from lxml import etree

from serversync.simulator.kinds.forms import INTEGER, Searched, T, Writer, read_time, refusal
from serversync.simulator.xmltext import timestamp

_CODES = {"NotFlagged": 0, "Complete": 1, "Flagged": 2}
_TIMES = ("StartDate", "DueDate", "CompleteDate")


class Flag(Searched):
    """A dictionary with ``FlagStatus`` and, where they were set, ``StartDate``, ``DueDate``, ``CompleteDate``."""

    is_sortable = False

    def read(self, element: etree._Element) -> dict[str, Any]:
        """Return the flag."""
        status = (element.findtext(f"{T}FlagStatus") or "").strip()
        if status not in _CODES:
            raise refusal(status)
        found: dict[str, Any] = {"FlagStatus": status}
        for name in _TIMES:
            value = element.findtext(f"{T}{name}")
            if value:
                found[name] = read_time(value)
        return found

    def inner(self, view: Writer, value: Any) -> str:  # noqa: ARG002 - the same signature for all forms
        """Return status and times."""
        times = "".join(f"<t:{name}>{timestamp(value[name])}</t:{name}>" for name in _TIMES if name in value)
        return f"<t:FlagStatus>{value['FlagStatus']}</t:FlagStatus>{times}"

    def comparable(self, value: Any) -> Any:
        """Its status can be searched."""
        return value["FlagStatus"] if value else None

    def mapi(self, value: Any) -> str | None:
        """Return PidTagFlagStatus; none for an item that is not flagged."""
        return str(_CODES[value["FlagStatus"]]) if value and value["FlagStatus"] != "NotFlagged" else None

    def from_mapi(self, value: str) -> Any:
        """Return the flag of a PidTagFlagStatus."""
        code = INTEGER.parse(value)
        return {"FlagStatus": next((word for word, number in _CODES.items() if number == code), "NotFlagged")}


FLAG = Flag()
