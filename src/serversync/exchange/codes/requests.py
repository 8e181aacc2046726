"""Codes about the request itself: a fault of this program, or of the server's schema. Never sent again as it was."""

from serversync.core.errors import RequestRefused
from serversync.exchange.codes.rule import Rule, table

TABLE = table(
    (
        Rule(RequestRefused),
        """
        ErrorIncorrectSchemaVersion ErrorSchemaValidation ErrorInvalidRequest ErrorInvalidArgument
        ErrorInvalidOperation ErrorMissingArgument ErrorDuplicateSOAPHeader ErrorAccessModeSpecified
        ErrorMoreThanOneAccessModeSpecified ErrorRequiredPropertyMissing
        """,
    ),
    # Properties.
    (
        Rule(RequestRefused),
        """
        ErrorInvalidPropertyRequest ErrorInvalidPropertyForOperation ErrorInvalidPropertySet
        ErrorInvalidPropertyAppend ErrorInvalidPropertyDelete ErrorInvalidPropertyForExists
        ErrorIncorrectUpdatePropertyCount ErrorUpdatePropertyMismatch ErrorUnsupportedPropertyDefinition
        ErrorInvalidExtendedProperty ErrorNoPropertyTagForCustomProperties ErrorNoFolderClassOverride
        ErrorInvalidInternetHeaderChildNodes
        """,
    ),
    # Ids and folders of the wrong kind.
    (
        Rule(RequestRefused),
        """
        ErrorCannotUseFolderIdForItemId ErrorCannotUseItemIdForFolderId
        ErrorCalendarCannotUseIdForOccurrenceId ErrorCalendarCannotUseIdForRecurringMasterId
        ErrorCannotCreateCalendarItemInNonCalendarFolder ErrorCannotCreateContactInNonContactFolder
        ErrorCannotCreatePostItemInNonMailFolder ErrorCannotCreateTaskInNonTaskFolder
        ErrorCalendarFolderIsInvalidForCalendarView ErrorInvalidFolderTypeForOperation
        ErrorInvalidParentFolder ErrorParentFolderIdRequired ErrorDeleteDistinguishedFolder
        ErrorMoveDistinguishedFolder ErrorDistinguishedUserNotSupported ErrorCrossMailboxMoveCopy
        ErrorCannotEmptyFolder ErrorDuplicateInputFolderNames ErrorCannotSpecifySearchFolderAsSourceFolder
        ErrorResolveNamesInvalidFolderType ErrorResolveNamesOnlyOneContactsFolderAllowed
        """,
    ),
    # What is to be done with an item is not said, or not possible for its kind.
    (
        Rule(RequestRefused),
        """
        ErrorInvalidItemForOperationAcceptItem ErrorInvalidItemForOperationArchiveItem
        ErrorInvalidItemForOperationCancelItem ErrorInvalidItemForOperationCreateItem
        ErrorInvalidItemForOperationCreateItemAttachment ErrorInvalidItemForOperationDeclineItem
        ErrorInvalidItemForOperationExpandDL ErrorInvalidItemForOperationRemoveItem
        ErrorInvalidItemForOperationSendItem ErrorInvalidItemForOperationTentative
        ErrorMissingItemForCreateItemAttachment ErrorMessageDispositionRequired
        ErrorSendMeetingCancellationsRequired ErrorSendMeetingInvitationsRequired
        ErrorSendMeetingInvitationsOrCancellationsRequired ErrorAffectedTaskOccurrencesRequired
        ErrorInvalidSendItemSaveSettings ErrorInvalidReportMessageActionType
        """,
    ),
    # Filters, views, pages.
    (
        Rule(RequestRefused),
        """
        ErrorContainsFilterWrongType ErrorInvalidExcludesRestriction ErrorInvalidExpressionTypeForSubFilter
        ErrorInvalidRestriction ErrorInvalidValueForFilter ErrorRestrictionTooComplex
        ErrorRestrictionTooLong ErrorUnsupportedPathForQuery ErrorUnsupportedPathForSortGroup
        ErrorUnsupportedQueryFilter ErrorUnsupportedSubFilter ErrorInvalidSubfilterType
        ErrorInvalidSubfilterTypeNotAttendeeType ErrorInvalidSubfilterTypeNotRecipientType
        ErrorInvalidAttachmentSubfilter ErrorInvalidAttachmentSubfilterTextFilter
        ErrorInvalidRecipientSubfilter ErrorInvalidRecipientSubfilterComparison
        ErrorInvalidRecipientSubfilterOrder ErrorInvalidRecipientSubfilterTextFilter ErrorInvalidLikeRequest
        ErrorInvalidFractionalPagingParameters ErrorInvalidIndexedPagingParameters
        ErrorInvalidPagingMaxRows ErrorCalendarSeekToConditionNotSupported ErrorCalendarViewRangeTooBig
        ErrorResultSetTooBig ErrorQueryFilterTooLong ErrorSearchQueryHasTooManyKeywords
        ErrorSearchTooManyMailboxes ErrorMailboxScopeNotAllowedWithoutQueryString
        """,
    ),
    # Availability, subscriptions.
    (
        Rule(RequestRefused),
        """
        ErrorInvalidFreeBusyViewType ErrorInvalidMergedFreeBusyInterval ErrorIndividualMailboxLimitReached
        ErrorMailboxDataArrayEmpty ErrorMailboxDataArrayTooBig ErrorLegacyMailboxFreeBusyViewTypeNotMerged
        ErrorMultiLegacyMailboxAccess ErrorInvalidSubscriptionRequest ErrorInvalidPushSubscriptionUrl
        ErrorSubscriptionDelegateAccessNotSupported ErrorSubscriptionsDisabledForGroup
        """,
    ),
)
