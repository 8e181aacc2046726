"""Five hundred mailboxes: selected over pages, given the defaults, approved, tested and enabled, in a browser."""

import re

import psycopg
import pytest
from playwright.sync_api import Page, expect

from serversync.database import address
from serversync.simulator import Exchange, SimulatorThread
from tests.browser.conftest import Program, log_in

SERVICE, PASSWORD = "svc-crm@example.org", "planted-Secret-4711"
NEW_PASSWORD = "dora chooses this one"
COUNT = 500


@pytest.fixture(scope="module")
def exchange():
    made = Exchange("Exchange2016")
    made.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for number in range(1, COUNT + 1):
        made.add_mailbox(f"user{number}@example.org")
    with SimulatorThread(made) as simulator:
        yield simulator


def people(program: Program) -> None:
    """So many users with their mailboxes, by plain SQL, as an import would bring them."""
    with psycopg.connect(address.socket_dsn(program.folder / "socket")) as connection:
        connection.execute(
            "insert into systemuser (systemuserid, domainname, fullname, internalemailaddress, createdon, modifiedon)"
            " select gen_random_uuid(), 'user' || n || '@example.org', 'User ' || lpad(n::text, 3, '0'),"
            " 'user' || n || '@example.org', now(), now() from generate_series(1, %s) n",
            [COUNT],
        )


@pytest.mark.timeout(900)
def test_five_hundred_mailboxes_are_tested_and_enabled_from_one_selection(
    program: Program, exchange, page: Page
) -> None:
    log_in(page, program, program.login, program.password)
    page.get_by_label("Present password").fill(program.password)
    page.get_by_label("New password (required)", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password again").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    people(program)
    program.run(
        *("profile", "add", "Exchange", "--ews-url", exchange.url, "--username", SERVICE),
        *("--ca", str(exchange.ca_file), "--password-stdin"),
        typed=f"{PASSWORD}\n",
    )
    program.run("settings", "set", "defaultemailserverprofileid", "Exchange")

    # Ticked on two pages, the selection lasts over both.
    page.goto(f"{program.address}/mailboxes/?view=users&live=off&q=User")
    page.get_by_label("Select User 001", exact=True).check()
    page.get_by_role("link", name="Next", exact=True).click()
    page.get_by_label("Select User 051", exact=True).check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_text("More Commands").click()
    page.get_by_role("button", name="Approve Email").click()
    expect(page.get_by_text("2 mailboxes: User 001, User 051")).to_be_visible()
    page.get_by_role("button", name="OK").click()

    # All of the view at once: more than a hundred are a job.
    for command in ("Approve Email", "Apply Default Email Settings"):
        page.goto(f"{program.address}/mailboxes/?view=users&live=off&q=User")
        page.get_by_label(f"All {COUNT}, over all pages").check()
        if command == "Approve Email":
            page.get_by_text("More Commands").click()
        page.get_by_role("button", name=command).click()
        expect(page.get_by_text(f"{COUNT} mailboxes", exact=True)).to_be_visible()
        page.get_by_role("button", name="OK").click()
        expect(page.get_by_text(f"{COUNT} of {COUNT}")).to_be_visible(timeout=400_000)
        expect(page.get_by_text("Succeeded").first).to_be_visible()
    page.goto(program.address)
    expect(page.get_by_role("link", name=re.compile(f"Healthy {COUNT}|Healthy{COUNT}"))).to_be_visible()
