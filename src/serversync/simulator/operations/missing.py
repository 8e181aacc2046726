"""Operations of EWS that this server knows by name and does not carry out, and with what it refuses each.

What needs a role, a partner or a part of the product that this organization does not have is refused as a real server
refuses it then. Everything else is ``ErrorInvalidOperation``.
"""

from dataclasses import dataclass

from serversync.simulator.versions import Schema


@dataclass(frozen=True, slots=True)
class Missing:
    """An operation that is refused.

    Attributes:
        since: The schema step that brought it.
        code: The response code of the fault.
        reason: Its text.
    """

    since: Schema
    code: str
    reason: str


_NO_ROLE = ("ErrorAccessDenied", "The account is in no role that may do this.")
_NO_PHONE = ("ErrorUserNotUnifiedMessagingEnabled", "The user is not enabled for unified messaging.")
_NO_PARTNER = ("ErrorOrganizationNotFederated", "The organization is not federated.")
_NO_TRACKING = ("ErrorMessageTrackingPermanentError", "Messages cannot be tracked.")
_NOT_HERE = ("ErrorInvalidOperation", "This server does not carry out the operation.")

_NAMES: dict[tuple[Schema, tuple[str, str]], tuple[str, ...]] = {
    (Schema.EXCHANGE2010, _NO_PHONE): ("DisconnectPhoneCall", "GetPhoneCallInformation", "PlayOnPhone"),
    (Schema.EXCHANGE2010, _NO_PARTNER): ("GetSharingFolder", "GetSharingMetadata", "RefreshSharingFolder"),
    (Schema.EXCHANGE2010, _NO_TRACKING): ("FindMessageTrackingReport", "GetMessageTrackingReport"),
    (Schema.EXCHANGE2010_SP2, _NO_ROLE): ("FindMailboxStatisticsByKeywords",),
    (Schema.EXCHANGE2013, _NO_ROLE): (
        "GetDiscoverySearchConfiguration",
        "GetHoldOnMailboxes",
        "GetNonIndexableItemDetails",
        "GetNonIndexableItemStatistics",
        "SearchMailboxes",
        "SetHoldOnMailboxes",
        "UpdateItemInRecoverableItems",
    ),
    (Schema.EXCHANGE2013, _NOT_HERE): (
        "AddDistributionGroupToImList",
        "AddImContactToGroup",
        "AddImGroup",
        "AddNewImContactToGroup",
        "AddNewTelUriContactToGroup",
        "DisableApp",
        "GetAppManifests",
        "GetAppMarketplaceUrl",
        "GetClientAccessToken",
        "GetImItemList",
        "GetImItems",
        "InstallApp",
        "RemoveContactFromImList",
        "RemoveDistributionGroupFromImList",
        "RemoveImContactFromGroup",
        "RemoveImGroup",
        "SetImGroup",
        "SetImListMigrationCompleted",
        "SetTeamMailbox",
        "UninstallApp",
        "UnpinTeamMailbox",
    ),
    (Schema.EXCHANGE2016, _NOT_HERE): (
        "AddTag",
        "CreateMeetingInstanceRequest",
        "CreateMeetingSpace",
        "DeleteMeetingInstanceRequest",
        "DeleteMeetingSpace",
        "DeleteSearchSuggestion",
        "EndSearchSession",
        "ExecuteSearch",
        "FindAvailableMeetingTimes",
        "FindMeetingSpaceByJoinUrl",
        "FindMeetingTimeCandidates",
        "FindTags",
        "GetLastPrivateCatalogUpdate",
        "GetMeetingInstanceRequest",
        "GetMeetingSpace",
        "GetPrivateCatalogAddIns",
        "GetSearchSuggestions",
        "GetSpecificUserConfiguration",
        "HideTag",
        "ReportMessage",
        "SetUserPhoto",
        "StartSearchSession",
        "UpdateMeetingInstanceRequest",
        "UpdateMeetingSpace",
    ),
}

MISSING: dict[str, Missing] = {
    name: Missing(since, *refusal) for (since, refusal), names in _NAMES.items() for name in names
}
"""Name of the operation to when it came and how it is refused."""
