"""``QueryString`` of FindItem: the search language of Outlook and Windows (Advanced Query Syntax), as far as it is usual.

Words and "phrases" are looked for at the beginnings of words in subject, body, people and names of attachments;
``property:value`` looks in one place. ``AND``, ``OR``, ``NOT`` and parentheses combine; words side by side all have to
be there. Times and sizes take ``>``, ``>=``, ``<``, ``<=`` and ``from..to``.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta

from serversync.simulator.itemview import ItemView
from serversync.simulator.response import EwsError

Test = Callable[[ItemView], bool]
_TOKEN = re.compile(r'\(|\)|(?:\w+:)?"[^"]*"|[^\s()"]+')
_COMPARED = re.compile(r"(>=|<=|<>|>|<|=)?(.*)", re.DOTALL)
_MOST_TOKENS = 100


def compile_query(text: str, now: datetime) -> Test:
    """Return the test of a query.

    Args:
        text: The query.
        now: What ``today`` and ``yesterday`` are meant from.

    Raises:
        EwsError: ``ErrorInvalidRestriction``: parentheses do not match, something is missing, or it is too long.
    """
    tokens = _TOKEN.findall(text)
    if not tokens or len(tokens) > _MOST_TOKENS:
        raise EwsError("ErrorInvalidRestriction")
    parser = _Parser(tokens, now)
    found = parser.either()
    if parser.tokens:
        raise EwsError("ErrorInvalidRestriction")
    return found


class _Parser:
    """Reads tokens from the left.

    Args:
        tokens: The tokens.
        now: The time.
    """

    def __init__(self, tokens: list[str], now: datetime) -> None:
        self.tokens = tokens[::-1]
        self._now = now

    def either(self) -> Test:
        """Read what ``OR`` joins."""
        tests = [self.all()]
        while self.tokens and self.tokens[-1] == "OR":
            self.tokens.pop()
            tests.append(self.all())
        return lambda view: any(test(view) for test in tests)

    def all(self) -> Test:
        """Read what ``AND``, or nothing, joins."""
        tests = [self.one()]
        while self.tokens and self.tokens[-1] not in {"OR", ")"}:
            if self.tokens[-1] == "AND":
                self.tokens.pop()
            tests.append(self.one())
        return lambda view: all(test(view) for test in tests)

    def one(self) -> Test:
        """Read one condition."""
        if not self.tokens:
            raise EwsError("ErrorInvalidRestriction")
        token = self.tokens.pop()
        if token == "NOT" or (token.startswith("-") and len(token) > 1):  # noqa: S105 - a word of the language
            if token != "NOT":  # noqa: S105 - a word of the language
                self.tokens.append(token[1:])
            inner = self.one()
            return lambda view: not inner(view)
        if token == "(":  # noqa: S105 - a sign of the language
            found = self.either()
            if not self.tokens or self.tokens.pop() != ")":
                raise EwsError("ErrorInvalidRestriction")
            return found
        if token in {")", "AND", "OR"}:
            raise EwsError("ErrorInvalidRestriction")
        return self._condition(token)

    def _condition(self, token: str) -> Test:
        name, separator, value = token.partition(":")
        name, wanted = name.lower(), value.strip('"')
        if separator and name in _TEXTS:
            return _words(wanted, _TEXTS[name])
        if separator and name in _TRUTHS:
            is_wanted, test = wanted.lower() in {"true", "yes", "1"}, _TRUTHS[name]
            return lambda view: test(view) == is_wanted
        if separator and name in _TIMES:
            return self._between(wanted, _TIMES[name])
        if separator and name == "size":
            return _sized(wanted)
        return _words(token.strip('"'), _everything)

    def _between(self, value: str, uri: str) -> Test:
        if ".." in value:
            first, _, last = value.partition("..")
            low, high = self._day(first)[0], self._day(last)[1]
            return _in_time(uri, lambda found: low <= found < high)
        operator, rest = _compared(value)
        begins, ends = self._day(rest)
        tests: dict[str, Callable[[datetime], bool]] = {
            ">": lambda found: found >= ends,
            ">=": lambda found: found >= begins,
            "<": lambda found: found < begins,
            "<=": lambda found: found < ends,
            "<>": lambda found: not begins <= found < ends,
        }
        return _in_time(uri, tests.get(operator, lambda found: begins <= found < ends))

    def _day(self, value: str) -> tuple[datetime, datetime]:
        """Return when a day, or a moment, begins and ends."""
        named = {"today": 0, "yesterday": -1, "tomorrow": 1}.get(value.lower())
        try:
            if named is not None:
                day = self._now.date() + timedelta(named)
            elif re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", value):
                month, number, year = (int(part) for part in value.split("/"))
                day = date(year, month, number)
            elif len(value) > len("2026-01-01"):
                moment = datetime.fromisoformat(value)
                moment = moment.replace(tzinfo=moment.tzinfo or UTC)
                return moment, moment + timedelta(seconds=1)
            else:
                day = date.fromisoformat(value)
            begins = datetime.combine(day, time.min, UTC)
            return begins, begins + timedelta(1)
        except (ValueError, OverflowError):
            raise EwsError("ErrorInvalidRestriction") from None


def _compared(value: str) -> tuple[str, str]:
    match = _COMPARED.fullmatch(value)
    return ("", value) if match is None else (match[1] or "", match[2])


def _in_time(uri: str, test: Callable[[datetime], bool]) -> Test:
    def look(view: ItemView) -> bool:
        found = view.get(uri)
        return found is not None and test(found)

    return look


_UNITS = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def _sized(value: str) -> Test:
    """Return the test of a size such as ``>10KB``."""
    operator, rest = _compared(value)
    match = re.fullmatch(r"(\d{1,15})\s*([KMG]?B)?", rest.upper())
    if match is None:
        raise EwsError("ErrorInvalidRestriction")
    limit = int(match[1]) * _UNITS[match[2] or ""]
    tests: dict[str, Callable[[int], bool]] = {
        ">": lambda size: size > limit,
        ">=": lambda size: size >= limit,
        "<": lambda size: size < limit,
        "<=": lambda size: size <= limit,
        "<>": lambda size: size != limit,
    }
    return _in_size(tests.get(operator, lambda size: size == limit))


def _in_size(test: Callable[[int], bool]) -> Test:
    return lambda view: test(view.size)


def _words(value: str, texts: Callable[[ItemView], Iterable[str]]) -> Test:
    """Return the test whether a word or phrase is at the beginning of a word of some texts; ``*`` ends a word."""
    wanted = value.strip().rstrip("*")
    if not wanted:
        return lambda view: any(texts(view))
    pattern = re.compile(r"(?<!\w)" + re.escape(wanted), re.IGNORECASE)
    return lambda view: any(pattern.search(text) for text in texts(view) if text)


def _people(*uris: str) -> Callable[[ItemView], list[str]]:
    def texts(view: ItemView) -> list[str]:
        found = []
        for uri in uris:
            value = view.get(uri)
            for one in value if isinstance(value, tuple | list) else (value,):
                person = getattr(one, "person", one)
                if person is not None:
                    found += [person.name, person.address]
        return found

    return texts


_KINDS: dict[str, str] = {
    "CalendarItem": "meetings",
    "Contact": "contacts",
    "Task": "tasks",
    "PostItem": "posts",
}
_AUTHOR = ("message:From", "message:Sender", "calendar:Organizer")
_TO, _CC, _BCC = ("message:ToRecipients",), ("message:CcRecipients",), ("message:BccRecipients",)
_INVITED = ("calendar:RequiredAttendees", "calendar:OptionalAttendees")
_TEXTS: dict[str, Callable[[ItemView], Iterable[str]]] = {
    "subject": lambda view: (view.subject,),
    "body": lambda view: (view.body("Text")[1],),
    "content": lambda view: (view.subject, view.body("Text")[1]),
    "from": _people(*_AUTHOR),
    "to": _people(*_TO),
    "cc": _people(*_CC),
    "bcc": _people(*_BCC),
    "participants": _people(*_AUTHOR, *_TO, *_CC, *_BCC, *_INVITED),
    "attachment": lambda view: [one.name for one in view.attachments],
    "category": lambda view: view.get("item:Categories") or (),
    "importance": lambda view: (view.get("item:Importance") or "",),
    "location": lambda view: (view.get("calendar:Location") or "",),
    "kind": lambda view: (_KINDS.get(view.kind.element, "email"),),
}
_TRUTHS: dict[str, Test] = {
    "hasattachment": lambda view: bool(view.attachments),
    "hasattachments": lambda view: bool(view.attachments),
    "isread": lambda view: view.item.is_read,
    "read": lambda view: view.item.is_read,
}
_TIMES = {
    "received": "item:DateTimeReceived",
    "sent": "item:DateTimeSent",
    "date": "item:DateTimeReceived",
    "start": "calendar:Start",
    "end": "calendar:End",
}


def _everything(view: ItemView) -> list[str]:
    return [
        *_TEXTS["content"](view),
        *_TEXTS["participants"](view),
        *_TEXTS["attachment"](view),
        *_TEXTS["category"](view),
        *_TEXTS["location"](view),
        view.get("contacts:DisplayName") or "",
        *(view.get("contacts:EmailAddresses") or {}).values(),
    ]
