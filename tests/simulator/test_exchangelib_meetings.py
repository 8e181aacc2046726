"""Meetings between mailboxes and an outsider, lived through by exchangelib from invitation to cancellation."""

import datetime as dt
import email
import email.message
from collections.abc import Iterator

import exchangelib
import icalendar
import pytest
from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.errors import (
    ErrorCalendarIsCancelledForAccept,
    ErrorCalendarIsNotOrganizer,
    ErrorCalendarIsOrganizerForAccept,
    ErrorCalendarMeetingRequestIsOutOfDate,
    ErrorInvalidRecipients,
)
from exchangelib.items import (
    SEND_ONLY_TO_ALL,
    SEND_ONLY_TO_CHANGED,
    SEND_TO_ALL_AND_SAVE_COPY,
    SEND_TO_NONE,
    AcceptItem,
    MeetingCancellation,
    MeetingRequest,
    MeetingResponse,
)
from exchangelib.recurrence import DailyPattern, Recurrence

from serversync.simulator import Exchange, SimulatorThread
from tests.simulator.conftest import ACCOUNT, PASSWORD, SCHEMAS, Client, Serve, account

BERLIN = EWSTimeZone("Europe/Berlin")
START = EWSDateTime(2026, 3, 23, 9, 0, tzinfo=BERLIN)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def simulator(exchange: Exchange, serve: Serve) -> Iterator[SimulatorThread]:
    """A server that validates requests as a real one does."""
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as running:
        yield running


@pytest.fixture
def people(
    exchange: Exchange, simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[exchangelib.Account, exchangelib.Account]]:
    """Ada, and Ben who works with her."""
    exchange.add_mailbox("ben@example.org", display_name="Ben")
    with (
        account(simulator, monkeypatch, user=ACCOUNT, password=PASSWORD) as ada,
        account(simulator, monkeypatch, address="ben@example.org") as ben,
    ):
        yield ada, ben


def meeting(ada: exchangelib.Account, send: str = SEND_TO_ALL_AND_SAVE_COPY, **fields) -> CalendarItem:
    given = {
        "subject": "Review",
        "start": START,
        "end": START + HOUR,
        "location": "Room 1",
        "required_attendees": ["ben@example.org", "grace@example.com"],
        **fields,
    }
    made = CalendarItem(account=ada, folder=ada.calendar, **given)
    made.save(send_meeting_invitations=send)
    made.refresh()
    return made


def test_an_invitation_reaches_colleague_and_outsider(exchange: Exchange, people) -> None:
    ada, ben = people
    made = meeting(ada)
    assert (made.is_meeting, made.meeting_request_was_sent, made.my_response_type) == (
        True,
        True,
        "Organizer",
    )
    (request,) = ben.inbox.all()
    assert type(request) is MeetingRequest
    assert (request.meeting_request_type, request.has_been_processed) == ("NewMeetingRequest", True)
    assert (request.subject, request.location, request.start) == ("Review", None, START)
    (copy,) = ben.calendar.all()
    assert copy.location == "Room 1"
    assert request.associated_calendar_item_id.id == copy.id
    assert (copy.uid, copy.organizer.email_address) == (made.uid, "ada@example.org")
    assert (copy.my_response_type, copy.legacy_free_busy_status) == ("NoResponseReceived", "Tentative")
    assert (made.appointment_state, copy.appointment_state) == (("Meeting",), ("Meeting", "Received"))
    (mail,) = exchange.outbox
    assert mail.recipients == ("grace@example.com",)
    (part,) = [one for one in _walk(mail.mime) if one.get_content_type() == "text/calendar"]
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert (part.get_param("method"), calendar["METHOD"]) == ("REQUEST", "REQUEST")
    (event,) = calendar.walk("VEVENT")
    assert (str(event["UID"]), event.decoded("DTSTART")) == (made.uid, START)
    assert [one.subject for one in ada.sent.all()] == ["Review"]


def _walk(mime: bytes) -> Iterator[email.message.Message]:
    return email.message_from_bytes(mime).walk()


def test_nobody_is_invited_without_being_asked_to(exchange: Exchange, people) -> None:
    ada, ben = people
    made = meeting(ada, SEND_TO_NONE)
    assert (made.meeting_request_was_sent, ben.inbox.all().count(), exchange.outbox) == (False, 0, [])
    with pytest.raises(ErrorInvalidRecipients):
        meeting(ada, required_attendees=["nobody at all"])


@pytest.mark.parametrize(
    ("answer", "response", "busy", "item_class"),
    [
        ("accept", "Accept", "Busy", "IPM.Schedule.Meeting.Resp.Pos"),
        ("tentatively_accept", "Tentative", "Tentative", "IPM.Schedule.Meeting.Resp.Tent"),
    ],
)
def test_an_answer_is_tracked_by_the_organizer(
    people, answer: str, response: str, busy: str, item_class: str
) -> None:
    ada, ben = people
    made = meeting(ada)
    before = made.changekey
    (request,) = ben.inbox.all()
    getattr(request, answer)(body="Gladly")
    (copy,) = ben.calendar.all()
    assert (copy.my_response_type, copy.legacy_free_busy_status) == (response, busy)
    assert copy.appointment_reply_time is not None
    assert ben.inbox.all().count() == 0
    made.refresh()
    tracked = {one.mailbox.email_address: one for one in made.required_attendees}
    assert tracked["ben@example.org"].response_type == response
    assert tracked["ben@example.org"].last_response_time is not None
    assert tracked["grace@example.com"].response_type == "Unknown"
    assert made.changekey != before
    (told,) = ada.inbox.all()
    assert (type(told), told.item_class, told.response_type) == (MeetingResponse, item_class, response)
    assert (told.associated_calendar_item_id.id, told.text_body) == (made.id, "Gladly")


def test_a_declined_meeting_leaves_the_calendar(people) -> None:
    ada, ben = people
    made = meeting(ada)
    ben.inbox.get(subject="Review").decline()
    assert ben.calendar.all().count() == 0
    made.refresh()
    assert [one.response_type for one in made.required_attendees] == ["Decline", "Unknown"]


def test_an_appointment_itself_can_be_answered(people) -> None:
    ada, ben = people
    made = meeting(ada)
    ben.calendar.get(subject="Review").accept()
    made.refresh()
    assert made.required_attendees[0].response_type == "Accept"


def test_another_time_asks_everybody_again_and_another_subject_does_not(exchange: Exchange, people) -> None:
    ada, ben = people
    made = meeting(ada)
    ben.inbox.get(subject="Review").accept()
    made.refresh()
    made.subject = "Renamed"
    made.save(update_fields=["subject"], send_meeting_invitations=SEND_ONLY_TO_ALL)
    (copy,) = ben.calendar.all()
    assert (copy.subject, copy.my_response_type) == ("Renamed", "Accept")
    assert ben.inbox.get(subject="Renamed").meeting_request_type == "InformationalUpdate"
    made.refresh()
    assert (made.required_attendees[0].response_type, made.appointment_sequence_number) == ("Accept", 0)
    made.start, made.end = START + HOUR, START + 2 * HOUR
    made.save(update_fields=["start", "end"], send_meeting_invitations=SEND_ONLY_TO_ALL)
    made.refresh()
    assert (made.required_attendees[0].response_type, made.appointment_sequence_number) == ("Unknown", 1)
    (copy,) = ben.calendar.all()
    assert (copy.start, copy.my_response_type) == (START + HOUR, "NoResponseReceived")
    types = sorted(one.meeting_request_type for one in ben.inbox.all())
    assert types == ["FullUpdate", "Outdated"]
    assert len(exchange.outbox) == 3
    old = next(one for one in ben.inbox.all() if one.is_out_of_date)
    with pytest.raises(ErrorCalendarMeetingRequestIsOutOfDate):
        old.accept()


def test_saving_everything_as_it_was_tells_nobody_and_keeps_exceptions(exchange: Exchange, people) -> None:
    ada, ben = people
    made = meeting(ada, recurrence=Recurrence(pattern=DailyPattern(interval=1), start=START.date(), number=5))
    made.occurrence(index=2).delete(send_meeting_cancellations=SEND_TO_NONE)
    ben.inbox.get(subject="Review").accept()
    exchange.outbox.clear()
    made.refresh()
    made.save(send_meeting_invitations=SEND_ONLY_TO_CHANGED)
    made.refresh()
    assert (exchange.outbox, ben.inbox.all().count(), len(made.deleted_occurrences)) == ([], 0, 1)
    assert made.required_attendees[0].response_type == "Accept"
    copy = ben.calendar.get(subject="Review")
    copy.save(send_meeting_invitations=SEND_TO_NONE)
    assert ben.calendar.get(subject="Review").my_response_type == "Accept"


def test_who_is_added_is_invited_and_who_is_removed_gets_a_cancellation(exchange: Exchange, people) -> None:
    ada, ben = people
    made = meeting(ada, required_attendees=["grace@example.com"])
    exchange.outbox.clear()
    made.required_attendees = ["ben@example.org"]
    made.save(update_fields=["required_attendees"], send_meeting_invitations=SEND_ONLY_TO_CHANGED)
    assert ben.inbox.get(subject="Review").meeting_request_type == "NewMeetingRequest"
    (mail,) = exchange.outbox
    assert b"METHOD" not in mail.mime
    (part,) = [one for one in _walk(mail.mime) if one.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "CANCEL"
    made.refresh()
    made.subject = "Review 2"
    exchange.outbox.clear()
    made.save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)
    assert exchange.outbox == []
    assert ben.calendar.get().subject == "Review"


@pytest.mark.parametrize("way", ["delete", "cancel"])
def test_a_cancellation_marks_the_appointment_until_it_is_removed(people, way: str) -> None:
    ada, ben = people
    made = meeting(ada)
    if way == "delete":
        made.delete(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    else:
        made.cancel(body="No room")
    assert ada.calendar.all().count() == 0
    (copy,) = ben.calendar.all()
    assert (copy.is_cancelled, copy.appointment_state, copy.subject) == (
        True,
        ("Meeting", "Received", "Canceled"),
        "Canceled: Review",
    )
    with pytest.raises(ErrorCalendarIsCancelledForAccept):
        copy.accept()
    cancellation = next(one for one in ben.inbox.all() if isinstance(one, MeetingCancellation))
    assert (cancellation.subject, cancellation.has_been_processed) == ("Canceled: Review", True)


def test_a_cancelled_meeting_is_removed_with_its_cancellation(exchange: Exchange, people, simulator) -> None:
    ada, ben = people
    meeting(ada).delete(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    cancellation = next(one for one in ben.inbox.all() if isinstance(one, MeetingCancellation))
    client = Client(simulator)
    reference = f'<t:ReferenceItemId Id="{cancellation.id}" ChangeKey="{cancellation.changekey}"/>'
    done = client.call(
        f'<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:RemoveItem>{reference}</t:RemoveItem></m:Items></m:CreateItem>',
        mailbox="ben@example.org",
    )
    client.close()
    assert done.codes == ["NoError"]
    assert (ben.calendar.all().count(), ben.inbox.all().count()) == (0, 1)


def test_only_the_organizer_moves_and_cancels(people) -> None:
    ada, ben = people
    made = meeting(ada)
    with pytest.raises(ErrorCalendarIsOrganizerForAccept):
        AcceptItem(
            account=ada, reference_item_id=exchangelib.properties.ReferenceItemId(made.id, made.changekey)
        ).send()
    copy = ben.calendar.get(subject="Review")
    copy.start, copy.end = START + HOUR, START + 2 * HOUR
    with pytest.raises(ErrorCalendarIsNotOrganizer):
        copy.save(update_fields=["start", "end"], send_meeting_invitations=SEND_TO_NONE)
    with pytest.raises(ErrorCalendarIsNotOrganizer):
        copy.cancel()
    copy.refresh()
    copy.reminder_minutes_before_start = 5
    copy.save(update_fields=["reminder_minutes_before_start"], send_meeting_invitations=SEND_TO_NONE)
    assert ben.calendar.get().reminder_minutes_before_start == 5


def test_a_series_is_invited_to_changed_in_one_occurrence_and_answered_there(people) -> None:
    ada, ben = people
    recurrence = Recurrence(pattern=DailyPattern(interval=1), start=START.date(), number=5)
    made = meeting(ada, recurrence=recurrence)
    ben.inbox.get(subject="Review").accept()
    third = made.occurrence(index=3)
    third.refresh()
    third.start, third.end, third.location = third.start + HOUR, third.end + HOUR, "Room 3"
    third.save(update_fields=["start", "end", "location"], send_meeting_invitations=SEND_ONLY_TO_ALL)
    shown = list(ben.calendar.view(start=START, end=START + dt.timedelta(10)))
    assert [one.location for one in shown] == ["Room 1", "Room 1", "Room 3", "Room 1", "Room 1"]
    assert [one.my_response_type for one in shown] == [
        "Accept",
        "Accept",
        "NoResponseReceived",
        "Accept",
        "Accept",
    ]
    ben.inbox.get(subject="Review").tentatively_accept()
    third.refresh()
    assert third.required_attendees[0].response_type == "Tentative"
    second = made.occurrence(index=2)
    second.refresh()
    assert second.required_attendees[0].response_type == "Accept"
    second.delete(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    shown = list(ben.calendar.view(start=START, end=START + dt.timedelta(10)))
    assert [one.is_cancelled for one in shown] == [False, True, False, False, False]
    assert len(list(ada.calendar.view(start=START, end=START + dt.timedelta(10)))) == 4


def test_a_guest_of_two_occurrences_alone_has_two_items_each_answered_and_cancelled_by_itself(people) -> None:
    ada, ben = people
    recurrence = Recurrence(pattern=DailyPattern(interval=1), start=START.date(), number=5)
    made = meeting(ada, recurrence=recurrence, required_attendees=["grace@example.com"])

    def occurrence(number: int):
        one = made.occurrence(index=number)
        one.refresh()
        return one

    for number in (2, 4):
        one = occurrence(number)
        one.required_attendees = ["grace@example.com", "ben@example.org"]
        one.save(update_fields=["required_attendees"], send_meeting_invitations="SendToChangedAndSaveCopy")
    second, fourth = ben.calendar.all().order_by("start")
    assert (second.start, fourth.start) == (START + dt.timedelta(1), START + dt.timedelta(3))
    assert second.uid == fourth.uid
    fourth.accept()
    answers = {
        number: [
            one.response_type
            for one in occurrence(number).required_attendees
            if "ben" in one.mailbox.email_address
        ]
        for number in (2, 4)
    }
    assert answers == {2: ["Unknown"], 4: ["Accept"]}
    occurrence(2).delete(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    second, fourth = ben.calendar.all().order_by("start")
    assert (second.is_cancelled, fourth.is_cancelled) == (True, False)


def outside(method: str, uid: str, extra: str, sequence: int = 0, hour: int = 9) -> bytes:
    """Mail of another server about a meeting."""
    calendar = (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nSEQUENCE:{sequence}\r\n"
        f"DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260323T{hour:02}0000\r\n"
        f"DTEND;TZID=Europe/Berlin:20260323T{hour + 1:02}0000\r\nSUMMARY:Review\r\n{extra}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "grace@example.com", "ada@example.org", "Review"
    message.set_content("As discussed")
    message.add_alternative(calendar, subtype="calendar", params={"method": method})
    return message.as_bytes()


def test_the_answer_of_an_outsider_is_tracked(exchange: Exchange, people) -> None:
    ada, _ = people
    made = meeting(ada)
    reply = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:grace@example.com\r\n"
    exchange.deliver(outside("REPLY", made.uid, reply), ["ada@example.org"])
    (told,) = ada.inbox.all()
    assert (type(told), told.response_type, told.subject) == (MeetingResponse, "Accept", "Review")
    made.refresh()
    assert [one.response_type for one in made.required_attendees] == ["Unknown", "Accept"]


def test_a_meeting_of_an_outsider_is_kept_moved_answered_and_cancelled(exchange: Exchange, people) -> None:
    ada, _ = people
    named = (
        "ORGANIZER;CN=Grace:mailto:grace@example.com\r\nATTENDEE;RSVP=TRUE:mailto:ada@example.org\r\n"
        "X-MICROSOFT-CDO-BUSYSTATUS:OOF\r\n"
    )
    exchange.deliver(outside("REQUEST", "m-1", named), ["ada@example.org"])
    (copy,) = ada.calendar.all()
    assert (copy.subject, copy.start, copy.organizer.email_address) == ("Review", START, "grace@example.com")
    assert (copy.legacy_free_busy_status, copy.text_body.strip()) == ("Tentative", "As discussed")
    exchange.deliver(outside("REQUEST", "m-1", named, sequence=1, hour=11), ["ada@example.org"])
    (copy,) = ada.calendar.all()
    assert (copy.start, copy.uid) == (START + 2 * HOUR, "m-1")
    newest = next(one for one in ada.inbox.all() if one.meeting_request_type == "FullUpdate")
    newest.accept()
    copy.refresh()
    assert (copy.my_response_type, copy.legacy_free_busy_status) == ("Accept", "OOF")
    (mail,) = exchange.outbox
    (part,) = [one for one in _walk(mail.mime) if one.get_content_type() == "text/calendar"]
    (event,) = icalendar.Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
    assert part.get_param("method") == "REPLY"
    assert (str(event["ATTENDEE"]), event["ATTENDEE"].params["PARTSTAT"]) == (
        "mailto:ada@example.org",
        "ACCEPTED",
    )
    exchange.deliver(outside("CANCEL", "m-1", named, sequence=2, hour=11), ["ada@example.org"])
    copy.refresh()
    assert (copy.is_cancelled, copy.legacy_free_busy_status) == (True, "Free")


def test_a_change_of_a_calendar_is_told_as_a_change_of_free_and_busy_times(people) -> None:
    ada, _ = people
    with ada.calendar.pull_subscription(event_types=["FreeBusyChangedEvent"]) as (subscription, watermark):
        meeting(ada, SEND_TO_NONE)
        (notification,) = list(ada.calendar.get_events(subscription, watermark))
    assert {type(one).__name__ for one in notification.events} == {"FreeBusyChangedEvent"}


def test_only_what_changes_busy_times_is_told_as_such(people) -> None:
    ada, _ = people
    made = meeting(ada, SEND_TO_NONE)

    def told() -> list[str]:
        (found,) = list(ada.calendar.get_events(subscription, told.watermark))
        told.watermark = found.events[-1].watermark
        return [type(one).__name__ for one in found.events]

    kinds = ["FreeBusyChangedEvent", "StatusEvent"]
    with ada.calendar.pull_subscription(event_types=kinds[:1]) as (subscription, told.watermark):
        made.subject = "Another name"
        made.save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)
        assert told() == ["StatusEvent"]
        made.start, made.end = START + HOUR, START + 2 * HOUR
        made.save(update_fields=["start", "end"], send_meeting_invitations=SEND_TO_NONE)
        assert told() == kinds[:1]
        made.legacy_free_busy_status = "Free"
        made.save(update_fields=["legacy_free_busy_status"], send_meeting_invitations=SEND_TO_NONE)
        assert told() == kinds[:1]
        made.move_to_trash(send_meeting_cancellations=SEND_TO_NONE)
        assert told() == ["StatusEvent"]
        second = meeting(ada, SEND_TO_NONE)
        assert told() == kinds[:1]
        second.move_to_trash(send_meeting_cancellations=SEND_TO_NONE)
        assert told() == kinds[:1]


def test_invitations_go_the_way_of_mail(exchange: Exchange, people) -> None:
    ada, ben = people
    exchange.mailbox("ben@example.org").oof.state = "Enabled"
    exchange.mailbox("ben@example.org").oof.internal_reply = "Away"
    meeting(ada, required_attendees=["ben@example.org", "gone@example.org", "grace@example.com"])
    found = {one.item_class: one for one in ada.inbox.all()}
    assert set(found) == {"REPORT.IPM.Note.NDR", "IPM.Note.Rules.OofTemplate.Microsoft"}
    assert "gone@example.org" in found["REPORT.IPM.Note.NDR"].text_body
    assert [one.recipients for one in exchange.outbox] == [("grace@example.com",)]
    assert ben.calendar.all().count() == 1
    exchange.bounce(exchange.outbox[0])
    assert ada.inbox.filter(item_class="REPORT.IPM.Note.NDR").count() == 2


def test_an_answer_that_nobody_asked_for_is_not_sent(people) -> None:
    ada, ben = people
    made = meeting(ada, is_response_requested=False)
    ben.inbox.get(subject="Review").accept()
    (copy,) = ben.calendar.all()
    assert (copy.my_response_type, copy.is_response_requested) == ("Accept", False)
    made.refresh()
    assert made.required_attendees[0].response_type == "Unknown"
    assert ada.inbox.all().count() == 0


def test_another_time_may_be_proposed_where_the_organizer_takes_proposals(
    exchange: Exchange, people, simulator: SimulatorThread
) -> None:
    ada, ben = people
    client = Client(simulator)

    def offered(subject: str, version: str) -> set[str]:
        shape = "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI='item:ResponseObjects'/></t:AdditionalProperties>"
        item = ben.inbox.get(subject=subject).id
        reply = client.call(
            f"<m:GetItem><m:ItemShape>{shape}</m:ItemShape><m:ItemIds><t:ItemId Id='{item}'/></m:ItemIds></m:GetItem>",
            mailbox="ben@example.org",
            version=version,
        )
        return {one.tag.rpartition("}")[2] for one in reply.xml.iter("{*}ResponseObjects") for one in one}

    made = meeting(ada, allow_new_time_proposal=True)
    meeting(ada, subject="Fixed", allow_new_time_proposal=False)
    assert "ProposeNewTime" in offered("Review", "Exchange2013_SP1")
    assert "ProposeNewTime" not in offered("Review", "Exchange2010_SP2")
    assert "ProposeNewTime" not in offered("Fixed", "Exchange2013_SP1")
    client.close()
    ben.inbox.get(subject="Review").tentatively_accept(
        proposed_start=START + HOUR, proposed_end=START + 2 * HOUR
    )
    (answer,) = ada.inbox.all()
    assert (answer.proposed_start, answer.proposed_end) == (START + HOUR, START + 2 * HOUR)
    made.refresh()
    (attendee,) = [one for one in made.required_attendees if one.mailbox.email_address == "ben@example.org"]
    assert (attendee.response_type, attendee.proposed_start) == ("Tentative", START + HOUR)


def test_the_attendant_can_be_held_back(exchange: Exchange, people) -> None:
    ada, ben = people
    exchange.attendant.is_held = True
    meeting(ada)
    (request,) = ben.inbox.all()
    assert (request.has_been_processed, request.associated_calendar_item_id) == (False, None)
    assert ben.calendar.all().count() == 0
    assert exchange.process_meetings() == 1
    again = ben.inbox.get(subject="Review")
    assert (again.has_been_processed, again.changekey != request.changekey) == (True, True)
    assert ben.calendar.all().count() == 1


def test_other_appointments_at_the_same_time_are_counted(people) -> None:
    ada, _ = people
    first = meeting(ada, SEND_TO_NONE)
    CalendarItem(account=ada, folder=ada.calendar, start=START + HOUR, end=START + 2 * HOUR).save()
    CalendarItem(account=ada, folder=ada.calendar, start=START, end=START + HOUR / 2).save()
    (one,) = list(ada.fetch(ids=[first], only_fields=["conflicting_meeting_count", "adjacent_meeting_count"]))
    assert (one.conflicting_meeting_count, one.adjacent_meeting_count) == (1, 1)
