"""exchangelib looks people up, asks when they are busy, sets out-of-office replies, and keeps settings of its own."""

from datetime import UTC, datetime, time, timedelta

import exchangelib
import pytest
from exchangelib import UTC as ZONE
from exchangelib import CalendarItem, EWSDateTime, Message
from exchangelib.errors import ErrorItemNotFound, ErrorItemSave, ErrorNameResolutionNoResults
from exchangelib.properties import (
    DaylightTime,
    DistinguishedFolderId,
    EWSElement,
    FreeBusyViewOptions,
    MailboxData,
    MailTips,
    SendingAs,
    StandardTime,
    TimeWindow,
    TimeZone,
)
from exchangelib.properties import Mailbox as MailboxProperty
from exchangelib.services import GetMailTips, GetUserAvailability
from exchangelib.settings import OofSettings
from exchangelib.util import MNS, create_element

from serversync.simulator import Exchange
from serversync.simulator.delegate import Delegate
from serversync.simulator.mailbox import Quota
from serversync.simulator.userconfiguration import open_in_browser
from tests.simulator.conftest import MAILBOX, plain

GRACE = "grace@example.org"
COPENHAGEN = TimeZone(
    bias=-60,
    standard_time=StandardTime(bias=0, time=time(3), occurrence=5, iso_month=10, weekday=7),
    daylight_time=DaylightTime(bias=-60, time=time(2), occurrence=5, iso_month=3, weekday=7),
)


class All(EWSElement):
    """Asks for all tips; exchangelib has no type for it."""

    ELEMENT_NAME = "MailTipsRequested"
    NAMESPACE = MNS

    def to_xml(self, version: object) -> object:
        element = create_element("m:MailTipsRequested")
        element.text = "All"
        return element


@pytest.fixture(autouse=True)
def grace(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.add_mailbox(GRACE, display_name="Grace Hopper")
    assert (
        ada.protocol.version.build.major_version == 15
    )  # asks the server, without which some services cannot


@pytest.mark.parametrize("name", ["grace", "Hopper", "Gra", GRACE, f"smtp:{GRACE}"])
def test_a_person_is_found_by_each_part_of_the_name(ada: exchangelib.Account, name: str) -> None:
    ((found, contact),) = ada.protocol.resolve_names([name], return_full_contact_data=True)
    assert (found.email_address, found.name, found.mailbox_type) == (GRACE, "Grace Hopper", "Mailbox")
    assert contact.display_name == "Grace Hopper"


def test_a_person_is_found_by_distinguished_names_of_now_and_then(
    ada: exchangelib.Account, exchange: Exchange
) -> None:
    grace = exchange.mailbox(GRACE)
    exchange.add_proxy_address(grace, "X500:/o=Old/ou=Group/cn=Recipients/cn=ghopper")
    for name in (grace.legacy_dn, "/O=OLD/OU=GROUP/CN=RECIPIENTS/CN=GHOPPER", f"EX:{grace.legacy_dn}"):
        (found,) = ada.protocol.resolve_names([name])
        assert found.email_address == GRACE
    (found,) = ada.protocol.resolve_names(["/o=Old/ou=Group/cn=Recipients/cn=gh"])
    assert isinstance(found, ErrorNameResolutionNoResults)


def test_people_whom_items_name_by_the_directory_have_no_mail_address(
    ada: exchangelib.Account, exchange: Exchange
) -> None:
    exchange.named_by_directory[GRACE] = "/o=Old/cn=grace"
    exchange.deliver(b"From: Grace <grace@example.org>\r\nTo: ada@example.org\r\n\r\nHi\r\n", [MAILBOX])
    (message,) = ada.inbox.all()
    assert (message.author.email_address, message.author.routing_type) == ("/o=Old/cn=grace", "EX")
    assert message.to_recipients[0].routing_type == "SMTP"


def test_nobody_is_found_for_an_unknown_name(ada: exchangelib.Account) -> None:
    (found,) = ada.protocol.resolve_names(["Nobody"])
    assert isinstance(found, ErrorNameResolutionNoResults)


def test_busy_times_are_told_in_the_zone_of_who_asks(ada: exchangelib.Account, exchange: Exchange) -> None:
    start = EWSDateTime(2026, 3, 2, 8, tzinfo=ZONE)
    for hour, kind in ((8, "Busy"), (10, "Tentative")):
        begin = EWSDateTime(2026, 3, 2, hour, tzinfo=ZONE)
        CalendarItem(
            account=ada,
            folder=ada.calendar,
            subject=f"at {hour}",
            start=begin,
            end=begin + timedelta(hours=1),
            legacy_free_busy_status=kind,
        ).save()
    zone = exchangelib.EWSTimeZone("Europe/Copenhagen")
    mine, hers = GetUserAvailability(ada.protocol).call(
        tzinfo=zone,
        mailbox_data=[MailboxData(email=one, attendee_type="Required") for one in (MAILBOX, GRACE)],
        timezone=COPENHAGEN,
        free_busy_view_options=FreeBusyViewOptions(
            time_window=TimeWindow(start=start, end=start + timedelta(hours=3)),
            merged_free_busy_interval=60,
            requested_view="DetailedMerged",
        ),
    )
    assert mine.merged == "201"
    assert [(one.start.astimezone(ZONE).hour, one.busy_type) for one in mine.calendar_events] == [
        (8, "Busy"),
        (10, "Tentative"),
    ]
    assert (hers.view_type, hers.merged, hers.calendar_events) == ("FreeBusyMerged", "000", None)


def test_out_of_office_is_set_and_read_back(ada: exchangelib.Account, exchange: Exchange) -> None:
    assert ada.oof_settings.state == "Disabled"
    begin = EWSDateTime(2096, 3, 2, 9, tzinfo=ZONE)
    ada.oof_settings = OofSettings(
        state="Scheduled",
        external_audience="Known",
        internal_reply="<p>Away</p>",
        external_reply="Gone",
        start=begin,
        end=begin + timedelta(days=2),
    )
    found = ada.oof_settings
    assert (found.state, found.external_audience) == ("Scheduled", "Known")
    assert (found.internal_reply, found.external_reply) == ("<p>Away</p>", "Gone")
    assert (found.start, found.end) == (begin, begin + timedelta(days=2))
    assert exchange.mailbox(MAILBOX).oof.is_active(datetime(2096, 3, 3, tzinfo=UTC))
    assert not exchange.mailbox(MAILBOX).oof.is_active(datetime(2096, 3, 5, tzinfo=UTC))


def test_mail_tips_say_who_is_away_full_or_unknown(ada: exchangelib.Account, exchange: Exchange) -> None:
    grace = exchange.mailbox(GRACE)
    grace.oof.state, grace.oof.internal_reply = "Enabled", "Away"
    exchange.deliver(plain(1), [GRACE])
    grace.quota = Quota(prohibit_send_receive=10)
    away, unknown, outside = GetMailTips(protocol=ada.protocol).call(
        sending_as=SendingAs(email_address=MAILBOX),
        recipients=[
            MailboxProperty(email_address=one) for one in (GRACE, "nobody@example.org", "x@example.com")
        ],
        mail_tips_requested=All(),
    )
    assert isinstance(away, MailTips)
    assert (away.out_of_office.reply_body, away.mailbox_full) == ("Away", True)
    assert away.invalid_recipient is False
    assert (unknown.invalid_recipient, outside.invalid_recipient) == (True, False)


def test_rooms_are_listed(ada: exchangelib.Account, exchange: Exchange) -> None:
    room = exchange.add_mailbox("room1@example.org", display_name="Room 1")
    exchange.add_room_list("rooms@example.org", "All rooms", [room])
    assert [one.email_address for one in ada.protocol.get_roomlists()] == ["rooms@example.org"]
    assert [one.email_address for one in ada.protocol.get_rooms("rooms@example.org")] == ["room1@example.org"]


def test_delegates_are_told_with_their_rights(ada: exchangelib.Account, exchange: Exchange) -> None:
    assert ada.delegates == []
    mailbox = exchange.mailbox(MAILBOX)
    mailbox.delegates.add(GRACE)
    mailbox.delegate_rights[GRACE] = Delegate({"Calendar": "Editor"}, sees_private=True)
    (found,) = ada.delegates
    assert found.user_id.primary_smtp_address == GRACE
    assert found.user_id.sid == exchange.mailbox(GRACE).sid
    assert found.delegate_permissions.calendar_folder_permission_level == "Editor"
    assert found.delegate_permissions.inbox_folder_permission_level == "None"
    assert (found.view_private_items, found.receive_copies_of_meeting_messages) == (True, False)


def test_items_travel_whole_from_one_mailbox_to_another(ada: exchangelib.Account, exchange: Exchange) -> None:
    draft = Message(
        account=ada, folder=ada.drafts, subject="Plän", body="x", categories=["Red"], importance="High"
    )
    draft.attach(exchangelib.FileAttachment(name="a.bin", content=b"\x00\xff"))
    draft.save()
    (received,) = exchange.deliver(plain(1), [MAILBOX])
    streams = list(ada.export([draft, (received, None)]))
    ids = list(ada.upload((ada.inbox, one) for one in streams))
    assert len(set(ids)) == 2
    copy, mail = list(ada.fetch(ids))
    assert (copy.subject, copy.categories, copy.importance) == ("Plän", ["Red"], "High")
    assert [one.content for one in copy.attachments] == [b"\x00\xff"]
    assert mail.mime_content == plain(1)


def test_a_stream_that_was_not_exported_is_refused(ada: exchangelib.Account) -> None:
    (found,) = ada.upload([(ada.inbox, "AAAA")])
    assert type(found).__name__ == "ErrorCorruptData"


def test_settings_of_programs_are_kept_changed_and_removed(ada: exchangelib.Account) -> None:
    folder = ada.inbox
    settings = {"text": "ü<&>", "number": 7, "yes": True}
    folder.create_user_configuration(name="Mine", dictionary=settings, xml_data=b"<a/>", binary_data=b"\x00")
    found = folder.get_user_configuration(name="Mine")
    assert (found.dictionary, found.xml_data, found.binary_data) == (settings, b"<a/>", b"\x00")
    with pytest.raises(ErrorItemSave):
        folder.create_user_configuration(name="mine")
    folder.update_user_configuration(name="Mine", binary_data=b"\x01")
    found = folder.get_user_configuration(name="Mine", properties="BinaryData")
    assert (found.dictionary, found.binary_data) == (None, b"\x01")
    assert folder.get_user_configuration(name="Mine", properties="Dictionary").dictionary == settings
    folder.delete_user_configuration(name="Mine")
    with pytest.raises(ErrorItemNotFound):
        folder.get_user_configuration(name="Mine")


def test_what_outlook_on_the_web_leaves_is_found(ada: exchangelib.Account, exchange: Exchange) -> None:
    with pytest.raises(ErrorItemNotFound):
        ada.calendar.get_user_configuration(name="CategoryList")
    open_in_browser(exchange.mailbox(MAILBOX), "W. Europe Standard Time")
    categories = ada.calendar.get_user_configuration(name="CategoryList").xml_data
    assert b'name="Red category"' in categories
    options = ada.root.get_user_configuration(name="OWA.UserOptions").dictionary
    assert options == {"timezone": "W. Europe Standard Time"}
    assert DistinguishedFolderId(id="root").id == "root"
