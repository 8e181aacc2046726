"""The table of response codes."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from serversync.core.errors import (
    ImpersonationDenied,
    ItemUnreadable,
    RequestRefused,
    ServerBusy,
    ServiceError,
    Transient,
    VersionUnsupported,
)
from serversync.exchange.codes.rule import table
from serversync.exchange.codes.soap_faults import FAULTS
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.response_codes import FAMILIES, RULES, Retry, Rule, error_for, rule_for
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange import answers
from tests.unit.exchange.answers import CONTEXT

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
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


def test_no_code_stands_in_two_families() -> None:
    assert sum(len(family) for family in FAMILIES) == len(RULES)
    with pytest.raises(ValueError, match="ErrorX stands in two families"):
        table((Rule(ServerBusy), "ErrorX ErrorY"), (Rule(ItemUnreadable), "ErrorX"))


def test_a_remedy_of_its_own_replaces_that_of_the_class() -> None:
    error = error_for("ErrorSendAsDenied", "", CONTEXT)
    assert error.remedy_text.startswith("Give the account the right to send as ada@example.org ")
    assert error_for("ErrorSubmissionQuotaExceeded", "", CONTEXT).remedy_text.startswith(
        "Check the submission"
    )


@pytest.mark.parametrize("code", RULES)
def test_every_remedy_is_a_sentence_without_gaps(code: str) -> None:
    remedy = error_for(code, "text", CONTEXT).remedy_text
    assert remedy.endswith(".")
    assert "{" not in remedy


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas are not beside the project")
def test_the_table_holds_every_code_of_every_schema_and_no_other() -> None:
    known: set[str] = set()
    for path in SCHEMAS.glob("*/messages.xsd"):
        tree = etree.parse(path)
        kind = tree.find("{*}simpleType[@name='ResponseCodeType']")
        assert kind is not None, path
        known |= {value.get("value", "") for value in kind.iter("{*}enumeration")}
    assert len(known) > 500
    assert set(RULES) == known - {"NoError"}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_without_detail_is_judged_by_its_faultcode(code: str) -> None:
    document = answers.envelope(
        f"<soap:Fault><faultcode>a:{code}</faultcode><faultstring>Oh.</faultstring></soap:Fault>"
    )
    with pytest.raises(FAULTS[code].error) as caught:
        answers.read(INBOX, document)
    assert type(caught.value) is FAULTS[code].error
    assert caught.value.details["response_code"] == code


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("soap:Client", "The specified server version is invalid.", VersionUnsupported),
        ("a:ErrorInvalidRequest", "The specified server version is invalid.", VersionUnsupported),
        (
            "a:ErrorSchemaValidation",
            (
                "The request failed schema validation: The 'Version' attribute is invalid - The value 'Exchange2013_SP1' is"
                " invalid according to its datatype 'types:ExchangeVersionType' - The Enumeration constraint failed."
            ),
            VersionUnsupported,
        ),
        (
            "a:ErrorSchemaValidation",
            "The request failed schema validation: The 'Id' attribute is invalid.",
            RequestRefused,
        ),
        (
            "s:Server",
            "The server cannot service this request right now. Try again later.",
            ServerBusy,
        ),
        ("a:InternalServiceFault.Inner", "", ServerBusy),
        ("", "", RequestRefused),
        ("x:FromTheFuture", "", RequestRefused),
    ],
)
def test_a_fault_is_judged_by_its_text_where_the_code_says_less(
    code: str, text: str, kind: type[ServiceError]
) -> None:
    body = f"<faultcode>{code}</faultcode><faultstring>{text}</faultstring>"
    with pytest.raises(ServiceError) as caught:
        answers.read(INBOX, answers.envelope(f"<soap:Fault>{body}</soap:Fault>"))
    assert type(caught.value) is kind


def test_throttling_inside_another_error_is_seen_with_its_pause() -> None:
    inner = (
        '<t:MessageXml><t:Value Name="InnerErrorResponseCode">ErrorServerBusy</t:Value>'
        '<t:Value Name="BackOffMilliseconds">4000</t:Value></t:MessageXml>'
    )
    with pytest.raises(ServerBusy) as caught:
        answers.read(INBOX, answers.fault("ErrorInternalServerError", inner))
    assert caught.value.details["back_off"] == timedelta(seconds=4)
