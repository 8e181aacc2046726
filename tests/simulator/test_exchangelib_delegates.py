"""What delegates and people with permissions may do in somebody else's folders, level by level, tried by exchangelib."""

from collections.abc import Iterator
from contextlib import contextmanager

import exchangelib
import pytest
from exchangelib import CalendarItem, EWSDateTime, Message
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorCalendarIsDelegatedForAccept,
    ErrorCreateItemAccessDenied,
    ErrorItemNotFound,
)
from exchangelib.folders import Calendar, Inbox, SingleFolderQuerySet
from exchangelib.items import SEND_TO_ALL_AND_SAVE_COPY, MeetingRequest
from exchangelib.properties import DistinguishedFolderId, Mailbox

from serversync.simulator import Exchange, SimulatorThread
from serversync.simulator.delegate import Delegate
from tests.simulator.conftest import MAILBOX, SCHEMAS, Client, Serve, account, plain

BEN = "ben@example.org"
START = EWSDateTime(2026, 3, 23, 9, 0, tzinfo=exchangelib.UTC)
END = EWSDateTime(2026, 3, 23, 10, 0, tzinfo=exchangelib.UTC)


@pytest.fixture
def simulator(exchange: Exchange, serve: Serve) -> Iterator[SimulatorThread]:
    exchange.add_mailbox(BEN, display_name="Ben", password="b")
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as running:
        yield running


@pytest.fixture
def bens(simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[exchangelib.Account]:
    """Ben, logged on as himself."""
    options = {"user": BEN, "password": "b", "address": BEN, "access_type": exchangelib.DELEGATE}
    with account(simulator, monkeypatch, **options) as opened:
        yield opened


@contextmanager
def refused(*codes: type[Exception]) -> Iterator[None]:
    with pytest.raises(codes):
        yield


def let(exchange: Exchange, **levels: str) -> None:
    """Let Ben act for Ada, with levels by folder."""
    ada = exchange.mailbox(MAILBOX)
    ada.delegates.add(BEN)
    ada.delegate_rights[BEN] = Delegate({name.capitalize(): level for name, level in levels.items()})


def put(exchange: Exchange, simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch, **fields) -> str:
    """An appointment that Ada made."""
    with account(simulator, monkeypatch) as ada:
        made = CalendarItem(
            account=ada, folder=ada.calendar, subject="Hers", start=START, end=END, **fields
        ).save()
    return made.id


def hers(bens: exchangelib.Account, name: str = "calendar") -> exchangelib.folders.BaseFolder:
    """A folder of Ada's, found as exchangelib finds it for those who may not open the root above it."""
    wanted = DistinguishedFolderId(id=name, mailbox=Mailbox(email_address=MAILBOX))
    kind = {"calendar": Calendar, "inbox": Inbox}[name]
    return kind(root=bens.root, _distinguished_id=wanted)


def rights_in(folder: exchangelib.folders.BaseFolder) -> exchangelib.properties.EffectiveRights:
    """What the server says may be done in a folder.

    Raises:
        Exception: it may not be opened.
    """
    found = SingleFolderQuerySet(account=folder.account, folder=folder).resolve()
    if isinstance(found, Exception):
        raise found
    return found.effective_rights


def new(bens: exchangelib.Account) -> CalendarItem:
    return CalendarItem(account=bens, folder=hers(bens), subject="His", start=START, end=END)


def test_a_reviewer_reads_and_changes_nothing(
    exchange: Exchange, simulator: SimulatorThread, bens: exchangelib.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(exchange, simulator, monkeypatch)
    let(exchange, calendar="Reviewer")
    (found,) = hers(bens).all()
    rights = found.effective_rights
    assert (found.subject, rights.read, rights.modify, rights.delete) == ("Hers", True, False, False)
    rights = rights_in(hers(bens))
    assert (rights.create_contents, rights.create_hierarchy, rights.delete) == (False, False, False)
    found.subject = "Mine"
    with refused(ErrorAccessDenied):
        found.save(update_fields=["subject"])
    with refused(ErrorAccessDenied):
        found.delete()
    with refused(ErrorAccessDenied):
        found.attach(exchangelib.FileAttachment(name="a", content=b"b"))
    with refused(ErrorCreateItemAccessDenied):
        new(bens).save()
    assert [one.subject for one in hers(bens).all()] == ["Hers"]


def test_an_author_changes_what_is_his_own(
    exchange: Exchange, simulator: SimulatorThread, bens: exchangelib.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(exchange, simulator, monkeypatch)
    let(exchange, calendar="Author")
    own = new(bens).save()
    own.subject = "Still his"
    own.save(update_fields=["subject"])
    found = hers(bens).get(subject="Hers")
    found.subject = "Mine"
    with refused(ErrorAccessDenied):
        found.save(update_fields=["subject"])
    with refused(ErrorAccessDenied):
        found.delete()
    hers(bens).get(subject="Still his").delete()
    assert [one.subject for one in hers(bens).all()] == ["Hers"]


def test_an_editor_changes_everything_in_the_folder_and_nothing_elsewhere(
    exchange: Exchange, simulator: SimulatorThread, bens: exchangelib.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(exchange, simulator, monkeypatch)
    exchange.deliver(plain(1), [MAILBOX])
    let(exchange, calendar="Editor", inbox="None")
    found = hers(bens).get(subject="Hers")
    found.subject = "Edited"
    found.save(update_fields=["subject"])
    new(bens).save()
    hers(bens).get(subject="Edited").delete()
    assert [one.subject for one in hers(bens).all()] == ["His"]
    with refused(ErrorAccessDenied):
        rights_in(hers(bens, "inbox"))
    with (
        account(simulator, monkeypatch, user=BEN, password="b", access_type=exchangelib.DELEGATE) as whole,
        refused(ErrorAccessDenied),
    ):
        _ = whole.delegates
    (mail,) = exchange.mailbox(MAILBOX).inbox.items
    item_id = exchange.mailbox(MAILBOX).item_id(exchange.mailbox(MAILBOX).item(mail))
    (answer,) = bens.fetch(ids=[(item_id, None)])
    assert isinstance(answer, ErrorItemNotFound)


def test_private_items_are_shown_to_those_who_may_see_them(
    exchange: Exchange, simulator: SimulatorThread, bens: exchangelib.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(exchange, simulator, monkeypatch, sensitivity="Private")
    let(exchange, calendar="Editor")
    assert list(hers(bens).all()) == list(hers(bens).view(start=START, end=END)) == []
    exchange.mailbox(MAILBOX).delegate_rights[BEN] = Delegate({"Calendar": "Editor"}, sees_private=True)
    assert [one.subject for one in hers(bens).view(start=START, end=END)] == ["Hers"]


def test_permissions_of_a_folder_are_obeyed(
    exchange: Exchange, simulator: SimulatorThread, bens: exchangelib.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(exchange, simulator, monkeypatch)
    with refused(ErrorAccessDenied):
        list(hers(bens).all())
    client = Client(simulator)
    for level, subjects in (("Reviewer", ["Hers"]), ("None", None)):
        user = f"<t:UserId><t:PrimarySmtpAddress>{BEN}</t:PrimarySmtpAddress></t:UserId>"
        reply = client.call(
            '<m:UpdateFolder><m:FolderChanges><t:FolderChange><t:DistinguishedFolderId Id="calendar"/><t:Updates>'
            '<t:SetFolderField><t:FieldURI FieldURI="folder:PermissionSet"/><t:CalendarFolder><t:PermissionSet>'
            f"<t:CalendarPermissions><t:CalendarPermission>{user}"
            f"<t:CalendarPermissionLevel>{level}</t:CalendarPermissionLevel></t:CalendarPermission>"
            "</t:CalendarPermissions></t:PermissionSet></t:CalendarFolder></t:SetFolderField></t:Updates>"
            "</t:FolderChange></m:FolderChanges></m:UpdateFolder>"
        )
        assert reply.codes == ["NoError"]
        if subjects is None:
            with refused(ErrorAccessDenied):
                list(hers(bens).all())
        else:
            assert [one.subject for one in hers(bens).all()] == subjects
    client.close()


@pytest.mark.parametrize(
    ("deliver", "in_inbox"), [("DelegatesAndMe", 1), ("DelegatesOnly", 0), ("NoForward", 1)]
)
def test_delegates_get_copies_of_meeting_messages_as_the_owner_wants(
    exchange: Exchange,
    simulator: SimulatorThread,
    monkeypatch: pytest.MonkeyPatch,
    deliver: str,
    in_inbox: int,
) -> None:
    exchange.add_mailbox("cy@example.org")
    ada = exchange.mailbox(MAILBOX)
    ada.delegates.add(BEN)
    ada.delegate_rights[BEN] = Delegate({"Calendar": "Editor"}, receives_copies=True)
    ada.meeting_requests_to = deliver
    with account(simulator, monkeypatch, address="cy@example.org") as cy:
        CalendarItem(
            account=cy,
            folder=cy.calendar,
            subject="Review",
            start=START,
            end=END,
            required_attendees=[MAILBOX],
        ).save(send_meeting_invitations=SEND_TO_ALL_AND_SAVE_COPY)
    assert len(ada.inbox.items) == in_inbox
    assert len(ada.distinguished_folder("calendar").items) == 1
    with account(simulator, monkeypatch, address=BEN) as ben:
        assert ben.calendar.all().count() == 0
        copies = list(ben.inbox.all())
        if deliver == "NoForward":
            assert copies == []
            return
        (copy,) = copies
        assert (type(copy), copy.is_delegated, copy.subject) == (MeetingRequest, True, "Review")
        assert copy.received_representing.email_address == MAILBOX
        with refused(ErrorCalendarIsDelegatedForAccept):
            copy.accept()


def test_a_delegate_with_full_access_does_everything(
    exchange: Exchange, simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.mailbox(MAILBOX).delegates.add(BEN)
    exchange.deliver(plain(1), [MAILBOX])
    options = {"user": BEN, "password": "b", "access_type": exchangelib.DELEGATE}
    with account(simulator, monkeypatch, **options) as whole:
        (item,) = whole.inbox.all()
        item.move(whole.trash)
        Message(account=whole, folder=whole.drafts, subject="Draft").save()
        assert whole.drafts.all().count() == whole.trash.all().count() == 1
