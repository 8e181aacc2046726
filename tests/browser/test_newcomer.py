"""The whole story of a newcomer in a browser: from the first log-in to tracked mail, with a wrong password first."""

import re

import pytest
from playwright.sync_api import Page, expect

from serversync.simulator import Exchange, SimulatorThread
from tests.browser.conftest import Program, log_in, look, narrow

SERVICE, PASSWORD = "svc-crm@example.org", "planted-Secret-4711"
NEW_PASSWORD = "dora chooses this one"
MAIL = (
    b"From: Grace Hopper <grace@example.com>\r\nTo: %s\r\nSubject: %s\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <%d@example.com>\r\n\r\nHello\r\n"
)


@pytest.fixture(scope="module")
def exchange():
    made = Exchange("Exchange2016")
    made.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for number, name in enumerate(("ada", "ben")):
        address = f"{name}@example.org"
        made.add_mailbox(address)
        made.deliver(MAIL % (address.encode(), b"Offer for " + name.encode(), number), [address])
    with SimulatorThread(made) as simulator:
        yield simulator


@pytest.mark.timeout(600)
def test_a_newcomer_gets_from_nothing_to_tracked_mail(  # noqa: PLR0915 - one story
    program: Program, exchange, page: Page
) -> None:
    log_in(page, program, program.login, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    look(page, "log-in")
    log_in(page, program, program.login, program.password)

    # The one-time password has to be changed before anything else.
    expect(page.get_by_role("heading", name="Change your password")).to_be_visible()
    page.goto(f"{program.address}/mailboxes/")
    expect(page.get_by_role("heading", name="Change your password")).to_be_visible()
    page.get_by_label("Present password").fill(program.password)
    page.get_by_label("New password (required)", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password again").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    # People, who come with mailboxes.
    for name in ("Ada", "Ben"):
        page.get_by_role("link", name="Users").click()
        page.get_by_role("link", name="New user").click()
        page.get_by_label("User name").fill(f"{name.lower()}@example.org")
        page.get_by_label("Full name").fill(name)
        page.get_by_label("E-mail address").fill(f"{name.lower()}@example.org")
        page.get_by_label("Track").select_option("All email messages")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").filter(has_text=f"Added {name}")).to_be_visible()

    # Create an email server profile: New > Exchange Server, first with a wrong password.
    page.get_by_role("link", name="Email Server Profiles").click()
    page.get_by_text("New", exact=True).click()
    page.get_by_role("link", name="Exchange Server", exact=True).click()
    page.get_by_label("Name (required)", exact=True).fill("Exchange")
    page.get_by_role("radio", name="No").check()
    page.get_by_label("Incoming Server Location").fill(exchange.url)
    page.get_by_label("User Name").fill(SERVICE)
    page.get_by_label("Password").fill("wrong password")
    page.get_by_label("CA file").set_input_files(str(exchange.ca_file))
    look(page, "profile-new")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved Exchange")).to_be_visible()

    # Test Connection names the step that fails, and what to do.
    page.get_by_role("button", name="Test Connection").click()
    failed = page.locator("li.bad")
    expect(failed).to_contain_text("Account logs on")
    expect(failed).to_contain_text("What to do")
    expect(page.locator("#outcome")).to_be_visible()
    look(page, "test-connection")
    narrow(page, "test-connection")

    # The right password.
    page.get_by_role("link", name="Exchange", exact=True).click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()

    # Email Configuration Settings.
    page.get_by_role("link", name="Email Configuration Settings").click()
    expect(page.get_by_label("Process emails only for approved users")).to_be_checked()
    expect(page.get_by_label("Process emails only for approved queues")).to_be_checked()
    page.get_by_label("Server Profile").select_option("Exchange")
    page.get_by_label("Seconds between two looks at a mailbox").fill("1")
    look(page, "settings")
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_role("status").filter(has_text="Server Profile: Exchange")).to_be_visible()

    # Approve Email.
    page.get_by_role("link", name="Mailboxes").click()
    tick(page, "Ada", "Ben")
    page.get_by_text("More Commands").click()
    page.get_by_role("button", name="Approve Email").click()
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_role("status").filter(has_text="Approve Email: done for 2 mailboxes")).to_be_visible()

    # Apply Default Email Settings, verify, OK: tested and enabled by default.
    tick(page, "Ada", "Ben")
    page.get_by_role("button", name="Apply Default Email Settings").click()
    expect(page.get_by_label("Test and enable them afterwards")).to_be_checked()
    expect(page.get_by_role("definition").filter(has_text="Exchange")).to_be_visible()
    look(page, "apply-defaults")
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    look(page, "job")

    # The statuses of a mailbox, its alert, and its mail.
    page.get_by_role("link", name="Mailboxes", exact=True).first.click()
    page.get_by_role("link", name="Ada").click()
    expect(page.locator("#state")).to_contain_text(re.compile("synchronizes|being synchronized|is due"))
    expect(page.get_by_text("The mailbox ada@example.org answered").first).to_be_visible()
    page.get_by_role("link", name="Tracked items").click()
    expect(page.get_by_role("link", name="Offer for ada")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="Offer for ben")).to_be_visible(timeout=60_000)
    look(page, "tracked-items")
    page.get_by_role("link", name="Mailboxes").click()
    page.get_by_role("link", name="Ada").click()
    look(page, "mailbox")
    narrow(page, "mailbox")
    page.get_by_label("Message id or part of the subject").fill("Offer")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("Tracked.").first).to_be_visible()

    # Test & Enable Mailboxes for the whole profile.
    page.get_by_role("link", name="Email Server Profiles").click()
    page.get_by_role("link", name="Exchange", exact=True).click()
    page.get_by_role("button", name="Test & Enable Mailboxes").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()


def tick(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Select {name}", exact=True).check()
    expect(page.get_by_text(f"{len(names)} selected")).to_be_visible()
