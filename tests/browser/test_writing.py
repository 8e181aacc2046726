"""A user writes an e-mail in a browser, sends it, gets an answer, and replies."""

import pytest
from playwright.sync_api import Page, expect

from serversync.simulator import Exchange, SimulatorThread
from tests.browser.conftest import Program, log_in, look, narrow

SERVICE, PASSWORD = "svc-crm@example.org", "planted-Secret-4711"
ADA, GRETE = "ada@example.org", "grete@harbour.example"
FIRST, OWN = "the first password", "ada chooses this one"
ANSWER = (
    "From: Grete <grete@harbour.example>\r\nTo: Ada <ada@example.org>\r\nSubject: Re: %s\r\n"
    "Date: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <answer@harbour.example>\r\n\r\nGladly.\r\n"
)


@pytest.fixture(scope="module")
def exchange():
    made = Exchange("Exchange2016")
    made.add_account(SERVICE, password=PASSWORD, impersonation=True)
    made.add_mailbox(ADA)
    with SimulatorThread(made) as simulator:
        yield made, simulator


@pytest.fixture
def ready(program: Program, exchange) -> None:
    """Ada's mailbox synchronizes both ways; strangers may be written to."""
    _, simulator = exchange
    program.run(
        *("profile", "add", "Exchange", "--ews-url", simulator.url, "--username", SERVICE),
        *("--ca", str(simulator.ca_file), "--password-stdin"),
        typed=f"{PASSWORD}\n",
    )
    for name, value in (
        ("defaultemailserverprofileid", "Exchange"),
        ("allowunresolvedpartiesonemailsend", "yes"),
        ("pollingintervalinseconds", "1"),
    ):
        program.run("settings", "set", name, value)
    program.run(
        *("user", "add", ADA, "--name", "Ada", "--track", "all", "--password-stdin"), typed=f"{FIRST}\n"
    )
    program.run("mailbox", "approve", ADA)
    program.run("mailbox", "apply-defaults", ADA)
    program.run("mailbox", "test-enable", ADA)


@pytest.mark.timeout(420)
def test_a_user_writes_sends_gets_an_answer_and_replies(
    program: Program, exchange, ready: None, page: Page
) -> None:
    made, _ = exchange
    log_in(page, program, ADA, FIRST)
    page.get_by_role("link", name="Tracked items").click()
    page.get_by_role("link", name="New e-mail").click()
    look(page, "email-new")
    narrow(page, "email-new")

    # What cannot be sent says so at its field, and nothing that was written is lost.
    page.get_by_label("To", exact=True).fill("grete at harbour")
    page.get_by_label("Subject").fill("Offer")
    page.get_by_label("Body").fill("Dear Grete,\nwill you have it?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("is not an e-mail address")).to_be_visible()
    look(page, "email-refused")
    page.get_by_label("To", exact=True).fill(GRETE)
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("It is a draft.")).to_be_visible()

    # The page follows the e-mail by itself.
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("It was sent.")).to_be_visible()
    look(page, "email-sent")
    narrow(page, "email-sent")
    subject = page.get_by_role("heading", level=1).inner_text()
    made.deliver((ANSWER % subject).encode(), [ADA])
    page.get_by_role("link", name="Tracked items").first.click()
    page.get_by_role("link", name=f"Re: {subject}").click()
    page.get_by_role("link", name="Reply", exact=True).click()
    expect(page.get_by_label("To", exact=True)).to_have_value(f"Grete <{GRETE}>")
    page.get_by_label("Body").fill("Thank you.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("It was sent.")).to_be_visible()
    page.goto(f"{program.address}/mail/?show=outgoing")
    expect(page.locator("tbody tr")).to_have_count(2)
    look(page, "mail-outgoing")
    narrow(page, "mail-outgoing")
