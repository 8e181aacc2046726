"""``serversync folder``: which folders there are below the Inbox, tracking one, and tracking it no longer."""

import pytest

from tests.cli.conftest import ADA, CommandLine


@pytest.fixture
def filed(exchange, ready: CommandLine) -> CommandLine:
    """Ada has two folders below her Inbox, and the CRM has an account."""
    mailbox = exchange.exchange.mailbox(ADA)
    with exchange.exchange.lock:
        projects = mailbox.create_folder("Projects", parent="inbox")
        mailbox.create_folder("Lighthouse", parent=projects)
    assert ready("account", "add", "Harbour Coffee", "--email", "office@harbour.example").exit_code == 0
    return ready


def test_folders_are_listed_with_what_is_tracked(filed: CommandLine) -> None:
    made = filed.json("folder", "add", ADA, "Projects/Lighthouse", "--regarding", "office@harbour.example")
    assert made["exchangefoldername"] == "Projects/Lighthouse"
    assert filed.json("folder", "list", ADA) == [
        {"path": "Projects", "tracked": False, "regarding": None, "status": None},
        {
            "path": "Projects/Lighthouse",
            "tracked": True,
            "regarding": "Harbour Coffee",
            "status": "Not read yet",
        },
    ]


def test_a_folder_is_tracked_no_longer(filed: CommandLine) -> None:
    filed("folder", "add", ADA, "Projects")
    assert filed.json("folder", "remove", ADA, "Projects") == {"removed": "Projects"}
    assert not any(one["tracked"] for one in filed.json("folder", "list", ADA))
    assert filed("folder", "remove", ADA, "Projects").exit_code == 5


def test_what_cannot_be_tracked_is_refused_with_its_reason(filed: CommandLine) -> None:
    refused = filed("folder", "add", ADA, "Nothing", "--json")
    assert refused.exit_code == 2
    assert "no folder Nothing below the Inbox" in refused.stderr
    assert filed("folder", "add", "nobody@example.org", "Projects").exit_code == 5


def test_a_user_tracks_folders_of_the_own_mailbox_only(filed: CommandLine) -> None:
    for name in ("ben", "cleo"):
        filed("user", "add", f"{name}@example.org", "--role", "Salesperson")
    as_ben = ("--as", "ben@example.org", "folder")
    assert filed(*as_ben, "list", ADA).exit_code == 5
    assert filed(*as_ben, "add", ADA, "Projects").exit_code == 5
    assert filed(*as_ben, "remove", ADA, "Projects").exit_code == 5
