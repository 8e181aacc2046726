"""Reports in words, in the forms in which qmail, Postfix, Exim and Exchange write them."""

import pytest

from serversync.rules.email.bounces import NO_BOUNCE, Unreached, is_mail_server, read_bounce
from serversync.rules.email.reports import Fate, Report, Reported, may_be_bounce, read_report
from tests.unit.engine.fakes import a_message

RETURNED = "Return-Path: <ada@example.org>\nMessage-ID: <1@x>\nSubject: Offer CRM:0001001\n\nGood day\n"
QMAIL = f"""Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<grete@harbour.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <grete@harbour.example>: User unknown
Giving up on 192.0.2.1.

<hans@harbour.example>:
This account is over quota. (#4.3.0)

--- Below this line is a copy of the message.

{RETURNED}
<not@this.one>:
which stands in the message itself
"""
POSTFIX = """This is the mail system at host mx.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<grete@harbour.example> (expanded from <sales@harbour.example>): host
    mx.harbour.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to
    RCPT TO command)
"""
WARNING = """This is the mail system at host mx.example.

####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

Your message could not be delivered for more than 4 hour(s).
It will be retried until it is 5 day(s) old.

<grete@harbour.example>: connect to mx.harbour.example: Connection timed out
"""
EXIM = f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  grete@harbour.example
    host mx.harbour.example [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<grete@harbour.example>:
    550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

{RETURNED}"""
EXCHANGE = f"""Delivery has failed to these recipients or groups:

Grete (grete@harbour.example)<mailto:grete@harbour.example>
The e-mail address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: mx.example

grete@harbour.example
Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'

hans@harbour.example
Remote Server returned '550 5.2.2 mailbox full'

Original message headers:

{RETURNED}"""
BEFORE = """Your message did not reach some or all of the intended recipients.

      Subject:\tOffer CRM:0001001
      Sent:\t1/12/2026 11:29 AM

The following recipient(s) cannot be reached:

      'grete@harbour.example' on 1/12/2026 11:29 AM
            The e-mail account does not exist at the organization this message was sent to.
            <mx.example #5.1.1>
"""
GRETE, HANS = "grete@harbour.example", "hans@harbour.example"


def told(text, failed=""):
    return read_bounce(text.replace("\n", "\r\n"), failed)


def test_qmail_names_each_recipient_in_a_paragraph_and_the_message_below():
    found = told(QMAIL)
    assert [one.address for one in found.unreached] == [GRETE, HANS]
    assert found.unreached[1].reason == "This account is over quota. (#4.3.0)"
    assert "550 5.1.1" in found.unreached[0].reason
    assert found.returned.startswith("Return-Path: <ada@example.org>\nMessage-ID: <1@x>\n")


def test_postfix_names_the_address_that_an_alias_led_to():
    (one,) = told(POSTFIX).unreached
    assert (one.address, one.is_waiting) == (GRETE, False)
    assert one.reason.endswith("550 5.1.1 User unknown (in reply to RCPT TO command)")


def test_a_warning_says_that_the_server_goes_on_trying():
    assert told(WARNING).unreached == (
        Unreached(GRETE, "connect to mx.harbour.example: Connection timed out", is_waiting=True),
    )


def test_exim_names_them_in_a_header():
    found = told(EXIM, f"{GRETE}, {HANS}")
    assert [one.address for one in found.unreached] == [GRETE, HANS]
    assert found.unreached[0].reason.endswith("550 5.1.1 User unknown")
    assert found.unreached[1].reason == ""
    assert "Message-ID: <1@x>" in found.returned
    assert told(EXIM) == NO_BOUNCE, "a warning has no such header"


def test_exchange_names_them_for_administrators():
    found = told(EXCHANGE)
    assert [one.address for one in found.unreached] == [GRETE, HANS]
    assert "RecipientNotFound" in found.unreached[0].reason
    assert found.returned.startswith("Return-Path:")
    delayed = EXCHANGE.replace("Delivery has failed to", "Delivery is delayed to")
    assert all(one.is_waiting for one in told(delayed).unreached)


def test_where_nothing_comes_back_the_subject_is_named():
    found = told(BEFORE)
    assert (found.unreached[0].address, found.subject) == (GRETE, "Offer CRM:0001001")
    assert found.unreached[0].reason.endswith("<mx.example #5.1.1>")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Good day,\n\n<grete@harbour.example>:\nasks for an offer\n",
        f"Dear all, I got this:\n\n{QMAIL}",
        "\n".join(f"> {line}" for line in POSTFIX.split("\n")),
        POSTFIX.replace("could not\nbe delivered", "was\nsuccessfully delivered"),
        BEFORE.replace("Subject:", "About:"),
        EXCHANGE.replace("Diagnostic information for administrators:", "Regards"),
    ],
)
def test_other_words_and_quoted_reports_tell_nothing(text):
    assert told(text) == NO_BOUNCE


def test_no_text_is_too_long_to_be_read():
    for one in ("<a@b>:\n\n", "a@b\n\n", "\n \n", "-\n\n", "<a@b> (expanded from <"):
        for head in (QMAIL[:40], POSTFIX[:400], BEFORE[:140], EXCHANGE[:280]):
            told(head + one * (60_000 // len(one)), "a@b," * 1000)


@pytest.mark.parametrize(
    ("text", "header"), [(QMAIL, ""), (EXIM, f"X-Failed-Recipients: {GRETE}\n"), (EXCHANGE, "")]
)
def test_the_message_that_came_back_names_itself(text, header):
    found = read_report(f"{header}Content-Type: text/plain\n\n{text}".encode(), in_words_alone=True)
    assert (found.message_ids, found.subject) == (("<1@x>",), "Offer CRM:0001001")
    first = found.recipients[0]
    assert (first.address, first.fate) == (GRETE, Fate.NOT_DELIVERED)
    assert first.status in ("5.1.1", "5.1.10")


def test_what_came_back_may_be_attached():
    data = (
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{WARNING}\n"
        f"--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    ).encode()
    found = read_report(data)
    assert found.message_ids == ("<1@x>",)
    assert found.recipients == (
        Reported(GRETE, Fate.DELAYED, "", "connect to mx.harbour.example: Connection timed out"),
    )


def test_mail_that_only_carries_another_tells_nothing():
    data = f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    assert read_report(data.encode(), in_words_alone=True) == Report()


def test_only_what_a_mail_server_wrote_is_looked_at():
    assert is_mail_server("Postmaster@harbour.example")
    assert is_mail_server("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@harbour.example")
    assert not may_be_bounce(a_message("m"))
