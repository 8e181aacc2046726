"""The whole story of a newcomer in a browser, with a wrong password first: mail tracked and sent, a meeting in place."""

import re
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import exchangelib
import psycopg
import pytest
from playwright.sync_api import Page, expect

from serversync.database import address
from serversync.simulator import Exchange, SimulatorThread
from tests.browser.conftest import Program, log_in, look, narrow
from tests.e2e import seen_by_exchangelib
from tests.e2e.place import PASSWORD, SERVICE

NEW_PASSWORD = "dora chooses this one"
OF_ADA, CHOSEN_BY_ADA = "the first password", "ada chooses this one"
MAIL = (
    b"From: Grace Hopper <grace@example.com>\r\nTo: %s\r\nSubject: %s\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <%d@example.com>\r\n\r\nHello\r\n"
)


@pytest.fixture(scope="module")
def exchange():
    made = Exchange("Exchange2016")
    made.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for number, name in enumerate(("ada", "ben")):
        owner = f"{name}@example.org"
        made.add_mailbox(owner)
        made.deliver(MAIL % (owner.encode(), b"Offer for " + name.encode(), number), [owner])
    with SimulatorThread(made) as simulator:
        yield simulator


def in_outlook(exchange: SimulatorThread):
    """Ada's mailbox as another client sees it."""
    return seen_by_exchangelib.account(SimpleNamespace(simulator=exchange), "ada@example.org")


def plan_a_meeting(exchange: SimulatorThread) -> None:
    """Ada puts an appointment into her calendar, and the category that tracks it."""
    start = datetime.now(ZoneInfo("UTC")).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(
        days=7
    )
    with in_outlook(exchange) as ada:
        exchangelib.CalendarItem(
            folder=ada.calendar,
            subject="Kick-off",
            start=exchangelib.EWSDateTime.from_datetime(start),
            end=exchangelib.EWSDateTime.from_datetime(start + timedelta(hours=1)),
            categories=["Tracked to Dynamics 365"],
        ).save()


@pytest.mark.timeout(600)
def test_a_newcomer_gets_from_nothing_to_mail_tracked_and_sent_and_an_appointment(  # noqa: PLR0915 - one story
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
        page.get_by_label("Salesperson").check()
        page.get_by_label("Password").fill(OF_ADA)
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
    page.get_by_label("Appointments, Contacts, and Tasks").select_option("Server-Side Synchronization")
    page.get_by_label("Seconds between two looks at a mailbox").fill("1")
    page.get_by_label("Seconds between two passes").fill("1")
    look(page, "settings")
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_role("status").filter(has_text="Server Profile: Exchange")).to_be_visible()

    # What is in Exchange already: an appointment that carries the category.
    plan_a_meeting(exchange)

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

    # Appointments, contacts and tasks: nothing is written before somebody has looked at the plan.
    page.get_by_role("link", name="Plan, failures, conflicts").click()
    expect(page.get_by_text("Nothing is written before somebody has looked at the plan")).to_be_visible()
    expect(page.get_by_role("row", name="Kick-off")).to_contain_text("create in the CRM")
    look(page, "synchronization")
    page.get_by_role("button", name="Let it happen").click()
    expect(page.get_by_role("heading", name="Last pass that had something to do")).to_be_visible()
    with psycopg.connect(address.socket_dsn(program.folder / "socket")) as connection:
        found = connection.execute("select subject, isalldayevent from appointment").fetchall()
    assert found == [("Kick-off", False)]

    # Test & Enable Mailboxes for the whole profile.
    page.get_by_role("link", name="Email Server Profiles").click()
    page.get_by_role("link", name="Exchange", exact=True).click()
    page.get_by_role("button", name="Test & Enable Mailboxes").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()

    # A customer, and Ada who writes to her.
    page.get_by_role("link", name="Contacts").click()
    page.get_by_role("link", name="New contact").click()
    page.get_by_label("First Name").fill("Grace")
    page.get_by_label("Last Name (required)").fill("Hopper")
    page.get_by_label("Email", exact=True).fill("grace@example.com")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Log out").click()
    log_in(page, program, "ada@example.org", OF_ADA)
    page.get_by_label("Present password").fill(OF_ADA)
    page.get_by_label("New password (required)", exact=True).fill(CHOSEN_BY_ADA)
    page.get_by_label("New password again").fill(CHOSEN_BY_ADA)
    page.get_by_role("button", name="Change").click()
    page.get_by_role("link", name="Tracked items").click()
    page.get_by_role("link", name="New e-mail").click()
    page.get_by_label("To", exact=True).fill("grace@example.com")
    page.get_by_label("Subject").fill("Your offer")
    page.get_by_label("Body").fill("Dear Grace, thank you.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("It was sent.")).to_be_visible()
    with in_outlook(exchange) as ada:
        assert [one.to_recipients[0].email_address for one in ada.sent.all()] == ["grace@example.com"]


def tick(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Select {name}", exact=True).check()
    expect(page.get_by_text(f"{len(names)} selected")).to_be_visible()
