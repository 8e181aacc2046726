"""Synchronization filters: which records of the CRM stand in the mailbox of a user, said in conditions.

A filter holds for a record that meets all of its conditions, or any of them; of several filters for the same kind one is
enough. Operators have the names of FetchXML. Texts are compared without regard to case, and a value that is missing is
not equal to any other, so ``ne`` holds for it; both as Dataverse does it. Conditions are decided when a record changes,
so there are none that come true by waiting, such as *in the next seven days*.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

Scalar = str | int | bool
FilterValue = Scalar | tuple[Scalar, ...] | None
"""What a condition compares with; ``None`` where its operator needs nothing."""
LONGEST: Final = 400
"""So many characters a text to compare with may have."""
MOST_CONDITIONS: Final = 20
"""So many conditions a filter may have."""


class AttributeType(Enum):
    """What kind of value an attribute holds."""

    TEXT = "text"
    OPTION = "option"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    MOMENT = "moment"
    USER = "user"
    PARTY = "party"
    RECORD = "record"


class Operator(Enum):
    """How an attribute is compared."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    NOT_IN = "not-in"
    BEGINS_WITH = "begins-with"
    CONTAINS = "contains"
    NULL = "null"
    NOT_NULL = "not-null"
    EQ_USERID = "eq-userid"
    NE_USERID = "ne-userid"


_PRESENCE: Final = (Operator.NULL, Operator.NOT_NULL)
_ORDER: Final = (
    Operator.EQ,
    Operator.NE,
    Operator.LT,
    Operator.LE,
    Operator.GT,
    Operator.GE,
    *_PRESENCE,
)
OPERATORS: Final[Mapping[AttributeType, tuple[Operator, ...]]] = {
    AttributeType.TEXT: (
        Operator.EQ,
        Operator.NE,
        Operator.IN,
        Operator.NOT_IN,
        Operator.BEGINS_WITH,
        Operator.CONTAINS,
        *_PRESENCE,
    ),
    AttributeType.OPTION: (Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN),
    AttributeType.NUMBER: _ORDER,
    AttributeType.FLAG: (Operator.EQ, Operator.NE),
    AttributeType.DATE: _ORDER,
    AttributeType.MOMENT: _ORDER,
    AttributeType.USER: (Operator.EQ_USERID, Operator.NE_USERID, *_PRESENCE),
    AttributeType.PARTY: (Operator.EQ_USERID,),
    AttributeType.RECORD: _PRESENCE,
}
"""Which comparisons make sense for which kind of value."""
WITHOUT_VALUE: Final = frozenset({*_PRESENCE, Operator.EQ_USERID, Operator.NE_USERID})
WITH_SEVERAL: Final = frozenset({Operator.IN, Operator.NOT_IN})
WORDS: Final[Mapping[Operator, str]] = {
    Operator.EQ: "is",
    Operator.NE: "is not",
    Operator.LT: "is less than",
    Operator.LE: "is at most",
    Operator.GT: "is more than",
    Operator.GE: "is at least",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.BEGINS_WITH: "begins with",
    Operator.CONTAINS: "contains",
    Operator.NULL: "is empty",
    Operator.NOT_NULL: "is not empty",
    Operator.EQ_USERID: "is the user",
    Operator.NE_USERID: "is not the user",
}
"""How people read operators."""
_YES: Final = frozenset({"yes", "true", "1"})
_NO: Final = frozenset({"no", "false", "0"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that a record of a kind can be asked about; ``options`` are the numbers of a choice with their labels."""

    name: str
    label: str
    type: AttributeType
    options: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison."""

    attribute: str
    operator: Operator
    value: FilterValue = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions of which all have to hold, or any of them."""

    conditions: tuple[Condition, ...]
    is_any: bool = False

    @property
    def is_confined(self) -> bool:
        """Whether only records that the user owns or takes part in can meet it."""
        own = [each.operator is Operator.EQ_USERID for each in self.conditions]
        return bool(own) and (all(own) if self.is_any else any(own))


def condition_of(attributes: Mapping[str, Attribute], name: str, operator: str, text: str) -> Condition:
    """Return a condition that a person has entered.

    Raises:
        ValueError: there is no such attribute, it cannot be compared in this way, or not with this value.
    """
    attribute = attributes.get(name.strip().lower())
    if attribute is None:
        raise ValueError(f"there is no attribute {name.strip()!r}")
    allowed = OPERATORS[attribute.type]
    chosen = next((one for one in allowed if one.value == operator.strip().lower()), None)
    if chosen is None:
        words = ", ".join(one.value for one in allowed)
        raise ValueError(f"{attribute.name} cannot be compared by {operator.strip()!r}, but by: {words}")
    if chosen in WITHOUT_VALUE:
        if text.strip():
            raise ValueError(f"{attribute.name} {chosen.value} takes no value")
        return Condition(attribute.name, chosen)
    if chosen in WITH_SEVERAL:
        values = tuple(_value(attribute, part) for part in text.split(",") if part.strip())
        if not values:
            raise ValueError(f"{attribute.name} {chosen.value} needs values, divided by commas")
        return Condition(attribute.name, chosen, values)
    return Condition(attribute.name, chosen, _value(attribute, text))


def _value(attribute: Attribute, text: str) -> Scalar:
    given = text.strip()
    if not given:
        raise ValueError(f"{attribute.name} needs a value to compare with")
    match attribute.type:
        case AttributeType.OPTION:
            return _option(attribute, given)
        case AttributeType.NUMBER:
            return _number(attribute, given)
        case AttributeType.FLAG:
            if given.lower() in _YES | _NO:
                return given.lower() in _YES
            raise ValueError(f"{attribute.name} is yes or no, not {given!r}")
        case AttributeType.DATE | AttributeType.MOMENT:
            return _time(attribute, given)
        case _:
            if len(given) > LONGEST:
                raise ValueError(f"a value of {attribute.name} is longer than {LONGEST} characters")
            if not given.isprintable():
                raise ValueError(f"a value of {attribute.name} holds control characters")
            return given


def _option(attribute: Attribute, text: str) -> int:
    for number, label in attribute.options.items():
        if text.lower() in (str(number), label.lower()):
            return number
    named = ", ".join(f"{number} ({label})" for number, label in attribute.options.items())
    raise ValueError(f"{text!r} is none of the options of {attribute.name}: {named}")


def _number(attribute: Attribute, text: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise ValueError(f"{attribute.name} is a whole number, not {text!r}") from error
    if abs(number) >= 2**31:
        raise ValueError(f"{text} is too large for {attribute.name}")
    return number


def _time(attribute: Attribute, text: str) -> str:
    try:
        if attribute.type is AttributeType.DATE:
            return date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{attribute.name} is a date like 2026-01-31, not {text!r}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def sentence(attributes: Mapping[str, Attribute], condition: Condition) -> str:
    """Return a condition as people read it."""
    attribute = attributes.get(condition.attribute)
    label = attribute.label if attribute else condition.attribute
    shown = text_of(attributes, condition)
    return f"{label} {WORDS[condition.operator]}" + (f" {shown}" if shown else "")


def text_of(attributes: Mapping[str, Attribute], condition: Condition) -> str:
    """Return what a condition compares with as it is entered; options by their labels."""
    attribute = attributes.get(condition.attribute)
    options = attribute.options if attribute else {}
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return ", ".join(_shown(value, options) for value in values if value is not None)


def _shown(value: Scalar, options: Mapping[int, str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value in options:
        return options[value]
    return str(value)


def as_json(conditions: Iterable[Condition]) -> list[dict[str, object]]:
    """Return conditions as they are stored."""
    return [
        {
            "attribute": one.attribute,
            "operator": one.operator.value,
            "value": list(one.value) if isinstance(one.value, tuple) else one.value,
        }
        for one in conditions
    ]


def from_json(stored: Sequence[Mapping[str, object]], *, is_any: bool) -> Filter:
    """Return a filter as it was stored.

    Raises:
        ValueError: it was not stored by ``as_json``.
    """
    conditions = []
    for one in stored:
        value: Any = one.get("value")
        several: FilterValue = tuple(value) if isinstance(value, list) else value
        conditions.append(Condition(str(one["attribute"]), Operator(one["operator"]), several))
    return Filter(tuple(conditions), is_any=is_any)
