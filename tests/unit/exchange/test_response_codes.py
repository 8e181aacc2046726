"""The table of response codes."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from serversync.core.errors import (
    ImpersonationDenied,
    ItemUnreadable,
    RequestRefused,
    ServerBusy,
    ServiceError,
    Transient,
)
from serversync.exchange.response_codes import RULES, Retry, error_for, rule_for
from tests.unit.exchange.answers import CONTEXT

SCHEMAS = Path(__file__).parents[3].joinpath("..", "shared", "ews-schema").resolve()


@pytest.mark.parametrize("code", RULES)
def test_every_error_of_the_table_reads_as_a_whole_sentence(code: str) -> None:
    error = error_for(code, "text", CONTEXT)
    assert isinstance(error, ServiceError)
    assert not re.search(r"(^|[\s(])-[\s).,]", str(error))
    assert error.details["response_code"] == code


def test_what_passes_may_be_sent_again_and_nothing_else_may() -> None:
    again = {code for code, rule in RULES.items() if rule.retry is not Retry.NEVER}
    assert again == {code for code, rule in RULES.items() if issubclass(rule.error, Transient)}


def test_an_unknown_code_is_judged_by_where_it_stands() -> None:
    assert rule_for("ErrorFromTheFuture").error is RequestRefused
    assert rule_for("ErrorFromTheFuture", unknown=ItemUnreadable).error is ItemUnreadable


def test_the_pause_goes_into_the_details() -> None:
    error = error_for("ErrorServerBusy", "", CONTEXT, back_off=timedelta(seconds=3))
    assert isinstance(error, ServerBusy)
    assert error.details["back_off"] == timedelta(seconds=3)


def test_a_denied_impersonation_names_account_and_mailbox() -> None:
    error = error_for("ErrorImpersonateUserDenied", "", CONTEXT)
    assert isinstance(error, ImpersonationDenied)
    assert "-User svc)" in error.remedy_text
    assert "ada@example.org" in str(error)


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas are not beside the project")
def test_the_table_knows_only_codes_that_exist() -> None:
    known: set[str] = set()
    for path in SCHEMAS.glob("*/messages.xsd"):
        known |= set(re.findall(r'enumeration value="(Error\w+)"', path.read_text(encoding="utf-8-sig")))
    assert set(RULES) <= known
