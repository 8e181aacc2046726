"""Conditions and sort orders of FindItem and FindFolder, compiled once for each request.

Texts compare without regard to case, as the store does; a list fulfils a condition where one of its values does;
what is not set is less than anything and equal to nothing.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from lxml import etree

from serversync.simulator.response import TYPES_NS, EwsError, SoapFault
from serversync.simulator.shape import T

Subject = TypeVar("Subject")
Predicate = Callable[[Subject], bool]
_PATHS = frozenset({f"{T}FieldURI", f"{T}IndexedFieldURI", f"{T}ExtendedFieldURI"})
_FLAGS = frozenset(
    f"item:{name}" for name in ("IsDraft", "IsSubmitted", "IsUnmodified", "IsResend", "IsFromMe")
)
"""Single bits in the store, which always exist (Microsoft, "EWS property-related errors")."""


@dataclass(frozen=True, slots=True)
class Operand(Generic[Subject]):
    """A property in a condition.

    Attributes:
        value: Returns what is compared; ``None`` where it is not set, a tuple for several values.
        parse: Reads a ``Constant``.
        order: Returns what it is ordered by, where that is something else; ``None`` for ``value``.
    """

    value: Callable[[Subject], Any]
    parse: Callable[[str], Any]
    order: Callable[[Subject], Any] | None = None


class Reader(Protocol[Subject]):
    """Finds the property that a path names."""

    def operand(self, path: etree._Element) -> Operand[Subject]:
        """Return the property of a path.

        Raises:
            EwsError: ``ErrorUnsupportedPathForQuery``: nobody can search by it.
        """
        ...


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "IsEqualTo": lambda left, right: left == right,
    "IsNotEqualTo": lambda left, right: left != right,
    "IsGreaterThan": lambda left, right: left > right,
    "IsGreaterThanOrEqualTo": lambda left, right: left >= right,
    "IsLessThan": lambda left, right: left < right,
    "IsLessThanOrEqualTo": lambda left, right: left <= right,
}


def normal(value: Any) -> Any:
    """Return a value in the form in which values are compared."""
    return value.casefold() if isinstance(value, str) else value


def compile_restriction(element: etree._Element | None, reader: Reader[Subject]) -> Predicate[Subject] | None:
    """Return the test that a ``Restriction`` element makes; ``None`` where there is none.

    Raises:
        EwsError: ``ErrorInvalidRestriction`` or ``ErrorUnsupportedPathForQuery``.
    """
    if element is None:
        return None
    if len(element) != 1:
        raise EwsError("ErrorInvalidRestriction")
    return _compile(element[0], reader)


def _compile(element: etree._Element, reader: Reader[Subject]) -> Predicate[Subject]:
    name = etree.QName(element).localname
    if element.tag != f"{{{TYPES_NS}}}{name}":
        raise EwsError("ErrorInvalidRestriction")
    if name in {"And", "Or"}:
        parts = [_compile(child, reader) for child in element]
        together = all if name == "And" else any
        return lambda subject: together(part(subject) for part in parts)
    if name == "Not":
        inner = _compile(element[0], reader)
        return lambda subject: not inner(subject)
    if len(element) and element[0].tag in _PATHS:
        operand = reader.operand(element[0])
        if name == "Exists":
            if element[0].get("FieldURI") in _FLAGS:
                raise EwsError("ErrorInvalidPropertyForExists")
            return lambda subject: operand.value(subject) is not None
        if name == "Excludes":
            return _excludes(element, operand)
        if name == "Contains":
            return _contains(element, operand)
        if name in _COMPARE:
            return _comparison(element, reader, operand, _COMPARE[name], is_unequal=name == "IsNotEqualTo")
    raise EwsError("ErrorInvalidRestriction")


def _excludes(element: etree._Element, operand: Operand[Subject]) -> Predicate[Subject]:
    bitmask = element.find(f"{T}Bitmask")
    try:
        mask = int("" if bitmask is None else bitmask.get("Value", ""), 0)
    except ValueError:
        raise EwsError("ErrorInvalidExcludesRestriction") from None

    def test(subject: Subject) -> bool:
        value = operand.value(subject)
        return not (isinstance(value, int) and value & mask)

    return test


def _constant(operand: Operand[Subject], value: str) -> Any:
    """Return what a ``Constant`` stands for.

    Raises:
        EwsError: ``ErrorInvalidValueForProperty``: it is not of the property's type.
    """
    try:
        return operand.parse(value)
    except SoapFault:
        raise EwsError("ErrorInvalidValueForProperty") from None


def _comparison(
    element: etree._Element,
    reader: Reader[Subject],
    operand: Operand[Subject],
    compare: Callable[[Any, Any], bool],
    *,
    is_unequal: bool,
) -> Predicate[Subject]:
    other = element.find(f"{T}FieldURIOrConstant")
    if other is None or len(other) != 1:
        raise EwsError("ErrorInvalidRestriction")
    right: Callable[[Subject], Any]
    if other[0].tag == f"{T}Constant":
        constant = _constant(operand, other[0].get("Value", ""))
        right = lambda _subject: constant  # noqa: E731 - the other branch is a method of the operand
    else:
        right = reader.operand(other[0]).value

    def test(subject: Subject) -> bool:
        left, wanted = operand.value(subject), right(subject)
        if left is None or wanted is None:
            return is_unequal and left is not wanted
        try:
            if isinstance(left, tuple) and not isinstance(wanted, tuple):
                found = [compare(normal(one), normal(wanted)) for one in left]
                return all(found) if is_unequal else any(found)
            return compare(normal(left), normal(wanted))
        except TypeError:
            return is_unequal

    return test


def _folding(comparison: str) -> Callable[[str], str]:
    ignores_case = "IgnoreCase" in comparison or comparison.startswith("Loose")
    ignores_marks = "NonSpac" in comparison

    def fold(value: str) -> str:
        if ignores_marks:
            parts = unicodedata.normalize("NFD", value)
            value = "".join(sign for sign in parts if not unicodedata.combining(sign))
        return value.casefold() if ignores_case else value

    return fold


def _words_start_with(text: str, wanted: str) -> bool:
    return any(
        text.startswith(wanted, start)
        for start in range(len(text))
        if start == 0 or not text[start - 1].isalnum()
    )


def _is_phrase(text: str, wanted: str) -> bool:
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if (start == 0 or not text[start - 1].isalnum()) and (end == len(text) or not text[end].isalnum()):
            return True
        start = text.find(wanted, start + 1)
    return False


_MODES: dict[str, Callable[[str, str], bool]] = {
    "FullString": lambda text, wanted: text == wanted,
    "Prefixed": lambda text, wanted: text.startswith(wanted),
    "Substring": lambda text, wanted: wanted in text,
    "PrefixOnWords": _words_start_with,
    "ExactPhrase": _is_phrase,
}


def _contains(element: etree._Element, operand: Operand[Subject]) -> Predicate[Subject]:
    constant = element.find(f"{T}Constant")
    matches = _MODES.get(element.get("ContainmentMode", "FullString"))
    if constant is None or matches is None:
        raise EwsError("ErrorContainsFilterWrongType")
    fold = _folding(element.get("ContainmentComparison", "Exact"))
    wanted = fold(constant.get("Value", ""))

    def test(subject: Subject) -> bool:
        value = operand.value(subject)
        values = value if isinstance(value, tuple) else (value,)
        return any(isinstance(one, str) and matches(fold(one), wanted) for one in values)

    return test


def sort_by(subjects: Sequence[Subject], orders: Sequence[tuple[Operand[Subject], bool]]) -> list[Subject]:
    """Return subjects in a sort order: operands with whether they ascend, the most important first.

    Those without a value come first where it ascends; otherwise equal ones keep their order.
    """
    found = list(subjects)
    for operand, ascends in reversed(orders):
        value = operand.order or operand.value
        keys = {id(subject): _sort_key(value(subject)) for subject in found}
        found.sort(key=lambda subject: keys[id(subject)], reverse=not ascends)
    return found


def _sort_key(value: Any) -> tuple[bool, Any]:
    if isinstance(value, tuple):
        value = min((normal(one) for one in value), default=None)
    return (value is not None, normal(value) if value is not None else 0)
