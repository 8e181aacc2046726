"""Tracking tokens: how they are built and found."""

import pytest

from serversync.rules.email.settings import EmailSettings
from serversync.rules.email.token import TokenExhausted, issue, tokens_in, without_tokens


def token(message, user=1, base=0):
    return issue("CRM:", base=base, user=user, message=message, user_digits=3, message_digits=3)


def test_a_token_reads_as_the_reference_has_it_until_the_counter_runs_over():
    assert [token(0), token(999), token(1000), token(1, base=41)] == [
        "CRM:0001000",
        "CRM:0001999",
        "CRM:10011000",
        "CRM:0042001",
    ]


def test_a_counter_that_could_not_be_told_from_another_is_refused():
    with pytest.raises(TokenExhausted):
        token(10**13)


@pytest.mark.parametrize(
    ("subject", "tokens"),
    [
        ("RE: Offer CRM:0001001", ("CRM:0001001",)),
        ("CRM:0001001", ("CRM:0001001",)),
        ("(CRM:0001001)", ("CRM:0001001",)),
        ("Offer CRM:00010011 end", ("CRM:00010011",)),
        ("a CRM:0001001 b CRM:0001002", ("CRM:0001002", "CRM:0001001")),
        ("XCRM:0001001", ()),
        ("CRM:12", ()),
        ("CRM: 0001001", ()),
        ("crm:0001001", ()),
    ],
)
def test_tokens_are_found_whole_and_the_last_first(subject, tokens):
    assert tokens_in(subject, ("CRM:",)) == tokens


def test_every_prefix_of_the_history_is_recognised():
    prefixes = EmailSettings(trackingprefix="Contoso; CRM:;Contoso-EU ").prefixes
    assert tokens_in("Contoso-EU0001001 CRM:0001002 Contoso0001003", prefixes) == (
        "Contoso0001003",
        "CRM:0001002",
        "Contoso-EU0001001",
    )
    assert tokens_in("CRM:0001001", EmailSettings(trackingprefix="").prefixes) == ()


def test_a_subject_without_its_tokens_keeps_its_words():
    assert without_tokens("Offer CRM:0001001 again", ("CRM:",)) == "Offer again"
    assert without_tokens("Offer  7", ("CRM:",)) == "Offer  7"
