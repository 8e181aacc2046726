"""The form of a series shows what counts for the chosen pattern, and is filled in and sent by a person."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Program, log_in
from tests.browser.content import PASSWORD
from tests.browser.test_every_page import places as places  # noqa: PLC0414 - a fixture


def test_a_person_enters_a_series_with_what_its_pattern_needs(
    program: Program, places: dict[str, str], page: Page
) -> None:
    log_in(page, program, "dora", PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(program.address + places["series-new"])
    day, which, days = (
        page.get_by_label("Day of the month", exact=True),
        page.get_by_label("Which (required)", exact=True),
        page.get_by_role("group", name="Days of the week"),
    )
    expect(days).to_be_visible()
    expect(day).to_be_hidden()
    page.get_by_label("Every so many months, on a day of the month").check()
    expect(day).to_be_visible()
    expect(days).to_be_hidden()
    expect(which).to_be_hidden()
    page.get_by_label("After so many occurrences").check()
    page.get_by_label("Number of occurrences").fill("5")
    day.fill("31")
    page.get_by_label("Subject (required)").fill("Closing of the books")
    page.get_by_label("First day (required)").fill("2999-01-31")
    page.get_by_label("Begins at").fill("09:00")
    page.get_by_label("Ends at").fill("10:00")
    page.get_by_label("Days later").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Added Closing of the books")).to_be_visible()
    expect(page.get_by_text("Every month on day 31, from 2999-01-31, 5 times;")).to_be_visible()
    expect(page.get_by_role("link", name="28 Feb 2999, 09:00")).to_be_visible()
