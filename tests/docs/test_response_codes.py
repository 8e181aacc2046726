"""docs/reference/response-codes.md is the tables of the code, row by row.

``python -m tests.docs.test_response_codes`` writes the page anew.
"""

from pathlib import Path

from serversync.core.errors import ServiceError
from serversync.exchange.codes.rule import Retry
from serversync.exchange.codes.soap_faults import FAULTS, TEXTS
from serversync.exchange.http_status import REDIRECT_RULES, STATUS_RULES
from serversync.exchange.response_codes import RULES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "response-codes.md"
MEANING = {
    Retry.NEVER: "not sent again",
    Retry.LATER: "sent again after a pause",
    Retry.REDUCED: "sent again at once, without what went wrong",
    Retry.REREAD: "the item is read again, then it is tried again",
    Retry.REDISCOVER: "sent again after a pause, to where autodiscover says by then",
}
HEAD = """# Response codes

What every answer of Exchange that is no success means for serversync. The error's section in [errors](../errors.md) says
what happens next and what to do; *own remedy* stands here where another one than the error's is right. *Stops* says what
the trouble is about. A code that is in no table is judged by where it stands: with one item of a batch it sets this item
aside, with a whole request it refuses the request.

This page is written from the tables of the program (`python -m tests.docs.test_response_codes`), and a test compares them.

| retry | what happens |
|---|---|
"""


def _error(kind: type[ServiceError]) -> str:
    return f"[{kind.code}](../errors.md#{kind.code.replace('.', '')}) | {kind.scope.value}"


def page() -> str:
    """The whole page."""
    lines = [HEAD + "\n".join(f"| {retry.value} | {meaning} |" for retry, meaning in MEANING.items())]
    lines += [
        "",
        "## Codes of Exchange",
        "",
        "| code | error | stops | retry | own remedy |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{code}` | {_error(rule.error)} | {rule.retry.value} | {rule.remedy} |"
        for code, rule in sorted(RULES.items())
    ]
    lines += [
        "",
        "## HTTP without SOAP",
        "",
        "| status | error | stops | retry | own remedy |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {status} | {_error(rule.error)} | {rule.retry.value} | {rule.remedy} |"
        for status, rule in sorted(STATUS_RULES.items())
    ]
    lines += ["", "A redirect (301, 302, 303, 307, 308) is never followed; it is judged by its address:", ""]
    lines += ["| address contains | error | stops | retry | own remedy |", "|---|---|---|---|---|"]
    lines += [
        f"| {f'`{part}`' if part else 'anything else'} | {_error(rule.error)} | {rule.retry.value} | {rule.remedy} |"
        for part, rule in ((shown(part), rule) for part, rule in REDIRECT_RULES)
    ]
    lines += [
        "",
        "Any other status above 500 is `exchange.unreachable`; any other below is `exchange.not-exchange`.",
    ]
    lines += [
        "",
        "## SOAP faults that name no code",
        "",
        "| faultcode | error | stops | retry |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{code}` | {_error(rule.error)} | {rule.retry.value} |" for code, rule in sorted(FAULTS.items())
    ]
    lines += ["", "| text of a fault | means |", "|---|---|"]
    lines += [f"| `{shown(pattern.pattern)}` | `{code}` |" for pattern, code in TEXTS]
    return "\n".join(lines) + "\n"


def shown(pattern: str) -> str:
    """A regular expression inside a table."""
    return pattern.replace("|", "\\|")


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
