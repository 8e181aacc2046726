"""Every address of the pages, with content in place: axe in both themes, a telephone's width, and the keyboard alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PICTURES, ROOT, Program, log_in
from tests.browser.content import PASSWORD

TELEPHONE = {"width": 360, "height": 780}
DESK = {"width": 1280, "height": 800}
DOCUMENTED = ROOT / "docs" / "images" / "pages"
PAGES = ROOT / "docs" / "reference" / "pages.md"
CONFIRMED = (
    *("test-enable", "apply-defaults", "edit", "sync", "approve", "reject", "enable", "disable"),
    *("activate", "deactivate", "reinitialise"),
)
"""Every command on mailboxes; each is confirmed on a page of its own."""
OF_A_SALESPERSON = (
    *("overview", "alerts", "jobs", "mail", "email", "new-email", "mailboxes", "mailbox", "contacts"),
    *("mailbox-folders", "mailbox-synchronization", "mailbox-diagnostics", "contact", "password"),
)


@pytest.fixture(scope="module")
def places(program: Program) -> dict[str, str]:
    """The address of every page that there is, each with something to show."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.content"],
        cwd=ROOT,
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def still(address: str) -> str:
    """The page as it is, without refreshing itself meanwhile."""
    return f"{address}{'&' if '?' in address else '?'}live=off"


def documented(name: str) -> bool:
    """Tell whether the picture of a page is to be taken anew for the documentation (``make pictures``)."""
    return bool(os.environ.get("SERVERSYNC_PICTURES")) and f"/{name}.png" in PAGES.read_text()


def troubles(page: Page, name: str) -> Iterator[str]:
    """Everything that is wrong with how the open page looks; takes its pictures."""
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found = Axe().run(page)
        if found.violations_count:
            yield f"{name}, {theme}: {found.generate_report()}"
        page.screenshot(path=PICTURES / f"{name}-{theme}.png", full_page=True)
    if documented(name):
        page.screenshot(path=DOCUMENTED / f"{name}.png")
    yield from wide(page, f"{name} at a desk")
    yield from cut(page, name)
    page.set_viewport_size(TELEPHONE)  # type: ignore[arg-type]
    found = Axe().run(page)
    if found.violations_count:
        yield f"{name}, on a telephone: {found.generate_report()}"
    page.screenshot(path=PICTURES / f"{name}-narrow.png", full_page=True)
    yield from wide(page, f"{name} on a telephone")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]


def wide(page: Page, name: str) -> Iterator[str]:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wider > 0:
        yield f"{name} is {wider} pixels too wide"


def cut(page: Page, name: str) -> Iterator[str]:
    """Tables of which nobody sees the last column without scrolling, though there is a whole screen."""
    for caption in page.evaluate(
        "[...document.querySelectorAll('.table')].filter((one) => one.scrollWidth > one.clientWidth)"
        ".map((one) => one.querySelector('caption')?.textContent.trim())"
    ):
        yield f"{name}: the table {caption!r} is cut"


REACHABLE = """
() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, iframe, [tabindex="0"]')]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && !one.closest('fieldset:disabled')
    && one.type !== 'hidden' && !(one.type === 'radio' && !one.checked && document.querySelector(
      `input[type=radio][name="${one.name}"]:checked`)))
  .map((one, number) => { one.dataset.walk = number; return one.outerHTML.slice(0, 160); })
"""
FOCUSED = """
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  return {number: one.dataset.walk ?? '', seen: style.outlineStyle !== 'none' && style.outlineWidth !== '0px',
          frame: one.tagName === 'IFRAME', html: one.outerHTML.slice(0, 160)};
}
"""


def untouched(page: Page, name: str) -> Iterator[str]:
    """What the Tab key does not reach, or what does not show that it has the focus."""
    expected = page.evaluate(REACHABLE)
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(len(expected) + 20):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None:
            break
        reached.add(here["number"])
        if not here["seen"] and not here["frame"]:
            yield f"{name}: nobody sees that this has the focus: {here['html']}"
    yield from (
        f"{name}: the keyboard does not reach {html}"
        for number, html in enumerate(expected)
        if str(number) not in reached
    )


@pytest.mark.timeout(1500)
def test_every_page_passes_axe_and_fits_a_telephone(
    program: Program, places: dict[str, str], page: Page
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    log_in(page, program, "dora", PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    found = []
    for name, place in places.items():
        page.goto(program.address + still(place))
        assert page.url == program.address + still(place), "another page was shown in its place"
        found += troubles(page, name)
    assert not found, "\n".join(found)


@pytest.mark.timeout(600)
def test_the_list_of_mailboxes_shows_every_direction_on_a_telephone(
    program: Program, places: dict[str, str], page: Page
) -> None:
    log_in(page, program, "dora", PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(program.address + still(places["mailboxes"]))
    of_all = page.locator("td.statuses")
    expect(of_all.first).to_be_hidden()  # each has a column of its own
    page.set_viewport_size(TELEPHONE)  # type: ignore[arg-type]
    expect(of_all.first).to_be_visible()
    words = ("Incoming", "Outgoing", "Appointments, contacts, tasks")
    told = {tuple(one.locator(".status").all_text_contents()) for one in of_all.all()}
    assert told == {
        tuple(f"{word}{result}" for word in words) for result in (": Not run", ": Success", " failed")
    }
    table = page.get_by_role("group", name="Mailboxes").bounding_box()
    assert table is not None
    for shown in of_all.first.locator(".status").all():
        box = shown.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= table["x"] + table["width"], "it is seen without scrolling"


@pytest.mark.timeout(900)
def test_every_page_works_by_keyboard(program: Program, places: dict[str, str], page: Page) -> None:
    log_in(page, program, "dora", PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    found = []
    for name, place in places.items():
        page.goto(program.address + still(place))
        found += untouched(page, name)
    assert not found, "\n".join(found)


@pytest.mark.timeout(600)
def test_the_confirmation_of_every_command_passes_axe_and_fits_a_telephone(
    program: Program, places: dict[str, str], page: Page
) -> None:
    log_in(page, program, "dora", PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    found = []
    for word in CONFIRMED:
        page.goto(program.address + still(places["mailboxes"]))
        page.get_by_label("Select all on this page").check()
        more = page.get_by_text("More Commands")
        button = page.locator(f'button[name="act"][value="{word}"]')
        if not button.is_visible():
            more.click()
        button.click()
        expect(page.get_by_text("50 mailboxes", exact=True)).to_be_visible()
        found += troubles(page, f"confirm-{word}")
    assert not found, "\n".join(found)


@pytest.mark.timeout(600)
def test_the_pages_of_a_salesperson_pass_axe_and_fit_a_telephone(
    program: Program, places: dict[str, str], page: Page
) -> None:
    log_in(page, program, "ada", PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    found = []
    for name in OF_A_SALESPERSON:
        page.goto(program.address + still(places[name]))
        found += troubles(page, f"ada-{name}")
    page.goto(f"{program.address}/settings/")
    found += troubles(page, "ada-not-allowed")
    assert not found, "\n".join(found)
