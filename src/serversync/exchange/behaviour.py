"""What differs between the versions of Exchange, in one place.

Everybody who asks for, writes or judges something that not every version has looks here, instead of comparing
version numbers. Source: the schemas; the version switches of Microsoft's protocol test suites.
"""

from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from serversync.exchange.version import RequestServerVersion, ServerVersionInfo


class Generation(IntEnum):
    """The steps at which behaviour changes."""

    EXCHANGE2010_SP3 = 2010
    EXCHANGE2013_SP1 = 2013
    EXCHANGE2016 = 2016
    EXCHANGE2019 = 2019
    """Subscription Edition behaves as 2019 does."""


class Behaviour(Struct, frozen=True, gc=False, kw_only=True):
    """How one generation behaves.

    Attributes:
        generation: Which one.
        location_field: Where the place of a meeting is.
        location_can_be_written_enhanced: Whether a place can be written with its address.
        has_is_organizer: ``calendar:IsOrganizer``; without it the organizer is known by
            ``calendar:MyResponseType`` being ``Organizer``.
        has_flag: ``item:Flag``; without it the properties below carry the flag.
        flag_properties: MAPI tags (status, colour icon) of a follow-up flag where ``item:Flag`` is missing.
        has_working_elsewhere: Free/busy status ``WorkingElsewhere``; older servers refuse the word.
        has_text_body: ``item:TextBody`` beside the HTML body in one request.
        has_time_zone_ids: ``calendar:StartTimeZoneId``; without it ``calendar:StartTimeZone``.
        has_distinguished_folder_id: ``folder:DistinguishedFolderId`` tells the well-known folders in one request.
        can_suppress_read_receipts: ``SuppressReadReceipts`` of UpdateItem and DeleteItem.
        element_of_unknown_class: The element in which an item of an unknown class comes.
        mime_of_attached_contacts: Whether attached contacts and tasks have MIME content.
        location_of_meeting_request: Whether a meeting request names the place, or only the appointment does.
        has_reference_attachments: Whether an attachment can be a link.
        streams_per_account: Open streaming connections for one account (HangingConnectionLimit; the same
            budget as all requests in 2010).
        calls_per_mailbox: Requests at the same time for one mailbox (EWSMaxConcurrency).
        finds_with_restriction: Results that a search with a restriction may look at before it is refused.
        request_bytes: What IIS lets in with one request by default.
        needs_back_end_cookie: Whether a group of subscriptions is held together by ``X-BackEndOverrideCookie``.
    """

    generation: Generation
    location_field: str
    location_can_be_written_enhanced: bool
    has_is_organizer: bool
    has_flag: bool
    flag_properties: tuple[int, ...] = (0x1090, 0x1095)
    has_working_elsewhere: bool
    has_text_body: bool
    has_time_zone_ids: bool
    has_distinguished_folder_id: bool
    can_suppress_read_receipts: bool
    element_of_unknown_class: str
    mime_of_attached_contacts: bool
    location_of_meeting_request: bool
    has_reference_attachments: bool
    streams_per_account: int
    calls_per_mailbox: int
    finds_with_restriction: int
    request_bytes: int
    needs_back_end_cookie: bool

    def free_busy_status(self, wanted: str) -> str:
        """Return the status to write; one that the server does not know becomes the nearest that it knows."""
        return "Free" if wanted == "WorkingElsewhere" and not self.has_working_elsewhere else wanted

    def fields(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the field names that may be asked for; what only newer servers know is left out."""
        return tuple(name for name in wanted if SINCE.get(name, self.generation) <= self.generation)


_NEW_IN_2013 = """
    item:Flag item:InstanceKey item:NormalizedBody item:TextBody item:Preview item:EntityExtractionResult
    item:PolicyTag item:ArchiveTag item:RetentionDate item:BlockStatus item:IconIndex
    calendar:EnhancedLocation calendar:StartWallClock calendar:EndWallClock calendar:StartTimeZoneId
    calendar:EndTimeZoneId calendar:IsOrganizer calendar:JoinOnlineMeetingUrl calendar:OnlineMeetingSettings
    folder:DistinguishedFolderId folder:PolicyTag folder:ArchiveTag
"""
SINCE: dict[str, Generation] = {
    **dict.fromkeys(_NEW_IN_2013.split(), Generation.EXCHANGE2013_SP1),
    "calendar:DoNotForwardMeeting": Generation.EXCHANGE2019,
}
"""Fields that an older server refuses with ErrorSchemaValidation, by the first generation that knows them."""

_2010 = Behaviour(
    generation=Generation.EXCHANGE2010_SP3,
    location_field="calendar:Location",
    location_can_be_written_enhanced=False,
    has_is_organizer=False,
    has_flag=False,
    has_working_elsewhere=False,
    has_text_body=False,
    has_time_zone_ids=False,
    has_distinguished_folder_id=False,
    can_suppress_read_receipts=False,
    element_of_unknown_class="Item",
    mime_of_attached_contacts=True,
    location_of_meeting_request=True,
    has_reference_attachments=False,
    streams_per_account=10,
    calls_per_mailbox=10,
    finds_with_restriction=1000,
    request_bytes=35 << 20,
    needs_back_end_cookie=False,
)
_2013 = Behaviour(
    generation=Generation.EXCHANGE2013_SP1,
    location_field="calendar:EnhancedLocation",
    location_can_be_written_enhanced=True,
    has_is_organizer=True,
    has_flag=True,
    flag_properties=(),
    has_working_elsewhere=True,
    has_text_body=True,
    has_time_zone_ids=True,
    has_distinguished_folder_id=True,
    can_suppress_read_receipts=True,
    element_of_unknown_class="Message",
    mime_of_attached_contacts=True,
    location_of_meeting_request=False,
    has_reference_attachments=True,
    streams_per_account=3,
    calls_per_mailbox=27,
    finds_with_restriction=250,
    request_bytes=64 << 20,
    needs_back_end_cookie=True,
)


def _later(generation: Generation) -> Behaviour:
    return replace(_2013, generation=generation, streams_per_account=10)


BEHAVIOURS: dict[Generation, Behaviour] = {
    Generation.EXCHANGE2010_SP3: _2010,
    Generation.EXCHANGE2013_SP1: _2013,
    Generation.EXCHANGE2016: _later(Generation.EXCHANGE2016),
    Generation.EXCHANGE2019: _later(Generation.EXCHANGE2019),
}
"""Every generation that is supported."""


def behaviour_of(info: ServerVersionInfo | None, version: RequestServerVersion) -> Behaviour:
    """Return how a mailbox's server behaves.

    Args:
        info: The build that answered last; ``None`` before the first answer.
        version: The schema that the mailbox is spoken with: an older one than the build's says that the
            mailbox is on an older server behind it.
    """
    if version in _SPOKEN_WITH_2010:
        return BEHAVIOURS[Generation.EXCHANGE2010_SP3]
    if info is None or (info.major_version, info.minor_version) <= (15, 0):
        return BEHAVIOURS[Generation.EXCHANGE2013_SP1]
    return BEHAVIOURS[Generation.EXCHANGE2016 if info.minor_version == 1 else Generation.EXCHANGE2019]


_SPOKEN_WITH_2010 = frozenset(
    {
        RequestServerVersion.EXCHANGE2007_SP1,
        RequestServerVersion.EXCHANGE2010,
        RequestServerVersion.EXCHANGE2010_SP1,
        RequestServerVersion.EXCHANGE2010_SP2,
    }
)
