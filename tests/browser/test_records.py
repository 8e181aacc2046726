"""Pages of single records and of administration that no story passes through: axe, both themes, telephone width."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Program, log_in, look, narrow

LOG_IN = "a long password of dora"


@pytest.fixture(scope="module")
def records(program: Program) -> dict[str, str]:
    """A user who administers, a contact, an account and a queue; gives their pages."""
    import json

    program.run("user", "add", "dora@example.org", "--admin", "--password-stdin", typed=LOG_IN)
    grete = json.loads(program.run("contact", "add", "Sørensen", "--email", "g@harbour.example", "--json"))
    harbour = json.loads(program.run("account", "add", "Harbour Coffee", "--json"))
    queue = json.loads(program.run("queue", "add", "Support", "--address", "support@example.org", "--json"))
    user = json.loads(program.run("user", "list", "--json"))
    dora = next(one for one in user if one["domainname"] == "dora@example.org")
    box = dora["defaultmailbox"]
    return {
        "contact": f"/contacts/{grete['contactid']}/",
        "account": f"/accounts/{harbour['accountid']}/",
        "queue": f"/queues/{queue['queueid']}/",
        "user": f"/users/{dora['systemuserid']}/",
        "user-new": "/users/new/",
        "profile-hybrid": "/profiles/new/hybrid/",
        "mailbox-untested": f"/mailboxes/{box}/",
        "mailbox-credentials": f"/mailboxes/{box}/credentials/",
        "mailbox-folders": f"/mailboxes/{box}/folders/",
        "mailbox-diagnostics": f"/mailboxes/{box}/diagnostics/",
        "mailboxes-nothing-found": "/mailboxes/?q=nobody",
        "options": "/options/",
        "filters": "/filters/",
        "filter-new": f"/filters/of/{dora['systemuserid']}/new/contact/",
        "filters-reset": f"/filters/of/{dora['systemuserid']}/reset/",
        "filter-templates": "/filters/organization/",
        "filter-template-new": "/filters/organization/new/series/",
        "filter-templates-apply": "/filters/organization/apply/",
    }


@pytest.mark.timeout(300)
def test_pages_of_records_pass_axe_in_both_themes_and_at_the_width_of_a_telephone(
    program: Program, records: dict[str, str], page: Page
) -> None:
    log_in(page, program, "dora@example.org", LOG_IN)
    page.wait_for_url(f"{program.address}/")
    for name, place in records.items():
        page.goto(program.address + place)
        look(page, name)
        narrow(page, name)
