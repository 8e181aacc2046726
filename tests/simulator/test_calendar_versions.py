"""Series and meetings on every version: answers are valid there, and a kept state still knows them."""

import datetime as dt
from pathlib import Path

import exchangelib
import pytest
from dateutil import rrule
from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.recurrence import Recurrence, WeeklyPattern

from serversync.simulator import snapshot
from serversync.simulator.calendar.series import occurrences
from tests.simulator.conftest import (
    MAILBOX,
    Client,
    Serve,
    make_exchange,
)
from tests.simulator.test_exchangelib_series import ZONES

VERSIONS = {
    "Exchange2007_SP1": "Exchange2007_SP1",
    "Exchange2010_SP1": "Exchange2010_SP1",
    "Exchange2010_SP3": "Exchange2010_SP2",
    "Exchange2013_SP1": "Exchange2013_SP1",
    "Exchange2016": "Exchange2016",
    "Exchange2019": "V2017_07_11",
    "ExchangeSE": "Exchange2016",
}
SERIES = (
    "<t:Subject>Series</t:Subject><t:Start>2026-03-27T09:00:00Z</t:Start><t:End>2026-03-27T10:00:00Z</t:End>"
    "<t:RequiredAttendees><t:Attendee><t:Mailbox><t:EmailAddress>ben@example.org</t:EmailAddress></t:Mailbox></t:Attendee>"
    "</t:RequiredAttendees><t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence>"
    "<t:NumberedRecurrence><t:StartDate>2026-03-27</t:StartDate><t:NumberOfOccurrences>5</t:NumberOfOccurrences>"
    "</t:NumberedRecurrence></t:Recurrence>"
)


def all_of(client: Client, folder: str, mailbox: str, version: str) -> list[str]:
    """Read every item of a folder in full; returns the names of their elements."""
    found = client.call(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>'
        f'<m:ParentFolderIds><t:DistinguishedFolderId Id="{folder}"/></m:ParentFolderIds></m:FindItem>',
        mailbox=mailbox,
        version=version,
    )
    listed = "".join(f'<t:ItemId Id="{one}"/>' for one in found.attributes(".//t:Items/*/t:ItemId", "Id"))
    shape = "<t:BaseShape>AllProperties</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>"
    got = client.call(
        f"<m:GetItem><m:ItemShape>{shape}</m:ItemShape><m:ItemIds>{listed}</m:ItemIds></m:GetItem>",
        mailbox=mailbox,
        version=version,
    )
    assert set(got.codes) == {"NoError"}
    return [one.tag.rpartition("}")[2] for one in got.xml.iterfind(".//{*}Items/*")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_meeting_lives_on_every_version_with_valid_answers(serve: Serve, version: str) -> None:
    exchange = make_exchange(version)
    exchange.add_mailbox("ben@example.org", display_name="Ben")
    spoken = VERSIONS[version]
    with serve(exchange) as simulator:
        client = Client(simulator)
        made = client.call(
            f'<m:CreateItem SendMeetingInvitations="SendToAllAndSaveCopy"><m:Items><t:CalendarItem>{SERIES}'
            "</t:CalendarItem></m:Items></m:CreateItem>",
            version=spoken,
        )
        (master,) = made.attributes(".//t:ItemId", "Id")
        assert all_of(client, "inbox", "ben@example.org", spoken) == ["MeetingRequest"]
        request = exchange.mailbox("ben@example.org")
        stored = request.item(request.inbox.items[0])
        reference = (
            f'<t:ReferenceItemId Id="{request.item_id(stored)}" ChangeKey="{request.change_key(stored)}"/>'
        )
        answered = client.call(
            f'<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:TentativelyAcceptItem>{reference}'
            "</t:TentativelyAcceptItem></m:Items></m:CreateItem>",
            mailbox="ben@example.org",
            version=spoken,
        )
        assert answered.codes == ["NoError"]
        assert all_of(client, "inbox", MAILBOX, spoken) == ["MeetingResponse"]
        deleted = client.call(
            '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendOnlyToAll"><m:ItemIds>'
            f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="2"/></m:ItemIds></m:DeleteItem>',
            version=spoken,
        )
        assert deleted.codes == ["NoError"]
        assert all_of(client, "inbox", "ben@example.org", spoken) == ["MeetingCancellation"]
        assert all_of(client, "calendar", MAILBOX, spoken) == ["CalendarItem"]
        view = client.call(
            '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>'
            '<m:CalendarView StartDate="2026-03-01T00:00:00Z" EndDate="2026-05-01T00:00:00Z"/>'
            '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>',
            mailbox="ben@example.org",
            version=spoken,
        )
        assert view.texts(".//t:IsCancelled") == ["false", "true", "false", "false", "false"]
        client.close()


@pytest.mark.parametrize("zone", ZONES)
def test_a_view_agrees_with_dateutil_occurrence_by_occurrence_with_exceptions(
    ada: exchangelib.Account, zone: str
) -> None:
    where = EWSTimeZone(zone)
    start = EWSDateTime(2026, 3, 2, 8, 30, tzinfo=where)
    pattern = WeeklyPattern(interval=1, weekdays=["Monday", "Wednesday", "Saturday"])
    made = CalendarItem(
        account=ada,
        folder=ada.calendar,
        subject="Series",
        start=start,
        end=start + dt.timedelta(minutes=45),
        recurrence=Recurrence(pattern=pattern, start=start.date(), number=120),
    ).save()
    rules = rrule.rruleset()
    rules.rrule(
        rrule.rrule(
            rrule.WEEKLY, dtstart=start.replace(tzinfo=None), byweekday=(0, 2, 5), count=120, wkst=rrule.SU
        )
    )
    plain = list(rules)
    for index in (2, 13, 14, 95):
        made.occurrence(index=index).delete()
        rules.exdate(plain[index - 1])
    for index in (5, 12, 96):
        changed = made.occurrence(index=index)
        changed.refresh()
        changed.start += dt.timedelta(hours=3)
        changed.end += dt.timedelta(hours=4)
        changed.save(update_fields=["start", "end"])
        rules.exdate(plain[index - 1])
        rules.rdate(plain[index - 1] + dt.timedelta(hours=3))
    seen = ada.calendar.view(start=start, end=start + dt.timedelta(days=600))
    assert [one.start.astimezone(where).replace(tzinfo=None) for one in seen] == list(rules)


def test_series_and_meetings_survive_in_a_file(tmp_path: Path, serve: Serve) -> None:
    exchange = make_exchange()
    exchange.add_mailbox("ben@example.org", display_name="Ben")
    with serve(exchange) as simulator:
        client = Client(simulator)
        (master,) = client.call(
            f'<m:CreateItem SendMeetingInvitations="SendOnlyToAll"><m:Items><t:CalendarItem>{SERIES}'
            "</t:CalendarItem></m:Items></m:CreateItem>"
        ).attributes(".//t:ItemId", "Id")
        client.call(
            '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendOnlyToAll"><m:ItemIds>'
            f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="2"/></m:ItemIds></m:DeleteItem>'
        )
        client.close()
    snapshot.save(exchange, tmp_path / "state")
    again = snapshot.load(tmp_path / "state")
    for address in (MAILBOX, "ben@example.org"):
        before, after = exchange.mailbox(address), again.mailbox(address)
        (number,) = before.distinguished_folder("calendar").items
        kept, found = before.item(number), after.item(number)
        assert (found.properties, found.exceptions) == (kept.properties, kept.exceptions)
        assert [one.properties for one in occurrences(found)] == [one.properties for one in occurrences(kept)]
