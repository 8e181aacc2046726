"""A browser, and the program as a newcomer starts it: the pages with a worker, on a data folder of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), ""
)
MISSING = "no browser: install Debian's chromium (apt-get install chromium), then run the tests again"
expect.set_options(timeout=60_000)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = ROOT / "build" / "pictures"
DOCUMENTED = {
    "profile-new",
    "test-connection",
    "settings",
    "job",
    "mailbox",
    "email-new",
}
"""Pages whose pictures are in the documentation; they are taken anew only when it is asked for (``make pictures``)."""


@dataclass
class Program:
    """The running program: its address, and what the first start printed."""

    address: str
    login: str
    password: str
    environment: dict[str, str]
    folder: Path

    def run(self, *arguments: str, typed: str | None = None) -> str:
        """Run a command on the same data."""
        done = subprocess.run(
            [sys.executable, "-m", "serversync", *arguments],
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """``serversync serve`` on an empty data folder."""
    folder = Path(tempfile.mkdtemp(prefix="serversync-browser-"))
    environment = {**os.environ, "SERVERSYNC_DATA": str(folder), "SERVERSYNC_LOG": "warning"}
    environment.pop("DATABASE_URL", None)
    log = (folder / "serve.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "serversync", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        assert process.stdout is not None
        login = password = ""
        for line in process.stdout:
            if found := re.match(r"First administrator: (\S+), one-time password (\S+) ", line):
                login, password = found[1], found[2]
            if found := re.match(r"Pages: (\S+)", line):
                yield Program(found[1].rstrip("/"), login, password, environment, folder)
                break
        else:
            pytest.fail((folder / "serve.log").read_text())
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a past; whatever a page complains about in its console fails the test."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; scripts that are refused or break fail the test."""
    complaints: list[str] = []
    made = context.new_page()
    made.set_default_timeout(60_000)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    yield made
    assert complaints == []


def log_in(page: Page, program: Program, login: str, password: str) -> None:
    """Log in with the form."""
    page.goto(f"{program.address}/log-in/")
    page.get_by_label("Log-in name").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def look(page: Page, name: str) -> None:
    """Let axe look at the page in both themes, and take its picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}, {theme}: {found.generate_report()}"
    page.screenshot(path=PICTURES / f"{name}.png")
    if name in DOCUMENTED and os.environ.get("SERVERSYNC_PICTURES"):
        page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")


def narrow(page: Page, name: str) -> None:
    """At the width of a telephone nothing sticks out of the page, and axe has nothing to say."""
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = Axe().run(page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-narrow.png")
    if size:
        page.set_viewport_size(size)
    assert wider <= 0, f"{name} is {wider} pixels too wide"
    assert found.violations_count == 0, f"{name}, narrow: {found.generate_report()}"
