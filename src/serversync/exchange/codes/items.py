"""Codes about one item, folder or meeting: gone, damaged, too large, changed meanwhile, refused as it is."""

from serversync.core.errors import (
    ChangeConflict,
    ItemGone,
    ItemTooLarge,
    ItemUnreadable,
    MeetingStateRefused,
    NameUnresolved,
    RecipientsRefused,
    ValueRefused,
)
from serversync.exchange.codes.rule import Retry, Rule, table

TABLE = table(
    (
        Rule(ItemGone),
        """
        ErrorItemNotFound ErrorFolderNotFound ErrorInvalidAttachmentId ErrorInvalidFolderId
        ErrorCalendarOccurrenceIsDeletedFromRecurrence ErrorVirusMessageDeleted ErrorParentFolderNotFound
        ErrorSavedItemFolderNotFound ErrorToFolderNotFound ErrorCannotFindFileAttachment ErrorNoCalendar
        ErrorCalendarCannotUpdateDeletedItem ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange
        ErrorInvalidReferenceItem ErrorReadReceiptNotPending ErrorCannotAccessDeletedPublicFolder
        ErrorManagedFolderNotFound ErrorMailboxHoldNotFound
        """,
    ),
    (
        Rule(ItemUnreadable),
        """
        ErrorCorruptData ErrorItemCorrupt ErrorFolderCorrupt ErrorContentConversionFailed
        ErrorMimeContentConversionFailed ErrorMimeContentInvalid ErrorMimeContentInvalidBase64String
        ErrorUnsupportedMimeConversion ErrorUnsupportedTypeForConversion ErrorItemPropertyRequestFailed
        ErrorFolderPropertRequestFailed ErrorCannotOpenFileAttachment ErrorInvalidIdTooManyAttachmentLevels
        ErrorAttachmentNestLevelLimitExceeded ErrorVirusDetected ErrorInvalidId ErrorInvalidIdEmpty
        ErrorInvalidIdMalformed ErrorInvalidIdMalformedEwsLegacyIdFormat ErrorInvalidIdXml
        ErrorInvalidIdMonikerTooLong ErrorInvalidIdStoreObjectIdTooLong
        ErrorInvalidIdNotAnItemAttachmentId ErrorInvalidIdReturnedByResolveNames
        ErrorUnsupportedMapiPropertyType ErrorPropertyValidationFailure ErrorWorkingHoursXmlMalformed
        ErrorOutlookRuleBlobExists ErrorCalendarInvalidPropertyState
        """,
    ),
    (
        Rule(ItemTooLarge),
        "ErrorMessageSizeExceeded ErrorAttachmentSizeLimitExceeded ErrorDataSizeLimitExceeded ErrorRequestStreamTooBig",
    ),
    (
        Rule(ChangeConflict, Retry.REREAD),
        """
        ErrorIrresolvableConflict ErrorStaleObject ErrorChangeKeyRequired
        ErrorChangeKeyRequiredForWriteOperations ErrorInvalidChangeKey ErrorItemSave
        ErrorItemSavePropertyError ErrorFolderSave ErrorFolderSaveFailed ErrorFolderSavePropertyError
        ErrorObjectTypeChanged ErrorMoveCopyFailed ErrorDeleteItemsFailed ErrorFolderExists
        ErrorPropertyUpdate ErrorDuplicateTransactionId ErrorApplyConversationActionFailed
        """,
    ),
    # What the record says is something that Exchange does not take.
    (
        Rule(ValueRefused),
        """
        ErrorCalendarDurationIsTooLong ErrorCalendarEndDateIsEarlierThanStartDate
        ErrorCalendarInvalidAttributeValue ErrorCalendarInvalidDayForTimeChangePattern
        ErrorCalendarInvalidDayForWeeklyRecurrence ErrorCalendarInvalidPropertyValue
        ErrorCalendarInvalidRecurrence ErrorCalendarInvalidTimeZone ErrorCalendarOutOfRange
        ErrorOccurrenceCrossingBoundary ErrorOccurrenceTimeSpanTooBig ErrorRecurrenceEndDateTooBig
        ErrorRecurrenceHasNoOccurrence ErrorUnsupportedRecurrence ErrorTimeZone ErrorInvalidTimeInterval
        ErrorTimeIntervalTooBig ErrorInvalidCompleteDate ErrorInvalidPercentCompleteValue
        ErrorInvalidContactEmailAddress ErrorInvalidContactEmailIndex ErrorInvalidPhoneNumber
        ErrorInvalidLatitude ErrorInvalidLongitude ErrorInvalidRoutingType ErrorValueOutOfRange
        ErrorInvalidExtendedPropertyValue ErrorInvalidValueForProperty ErrorInvalidPhotoSize
        ErrorInvalidUserOofSettings ErrorInvalidOofParameter ErrorInvalidScheduledOofDuration
        ErrorUnsupportedCulture ErrorInvalidDelegateUserId ErrorWorkingHoursSaveFailed
        ErrorInvalidPropertyUpdateSentMessage ErrorSentMeetingRequestUpdate ErrorSentTaskRequestUpdate
        """,
    ),
    (
        Rule(MeetingStateRefused),
        """
        ErrorCalendarIsCancelledForAccept ErrorCalendarIsCancelledForDecline
        ErrorCalendarIsCancelledForRemove ErrorCalendarIsCancelledForTentative
        ErrorCalendarIsDelegatedForAccept ErrorCalendarIsDelegatedForDecline
        ErrorCalendarIsDelegatedForRemove ErrorCalendarIsDelegatedForTentative
        ErrorCalendarIsGroupMailboxForAccept ErrorCalendarIsGroupMailboxForDecline
        ErrorCalendarIsGroupMailboxForSuppressReadReceipt ErrorCalendarIsGroupMailboxForTentative
        ErrorCalendarIsNotOrganizer ErrorCalendarIsOrganizerForAccept ErrorCalendarIsOrganizerForDecline
        ErrorCalendarIsOrganizerForRemove ErrorCalendarIsOrganizerForTentative
        ErrorCalendarMeetingRequestIsOutOfDate ErrorCalendarForwardActionNotAllowed
        ErrorCalendarCannotMoveOrCopyOccurrence ErrorCannotDeleteTaskOccurrence
        """,
    ),
    (
        Rule(RecipientsRefused),
        """
        ErrorInvalidRecipients ErrorMissingRecipients ErrorExceededMaxRecipientLimit
        ErrorExceededMaxRecipientLimitBlock ErrorExceededMaxRecipientLimitShowTierUpgrade
        ErrorDistributionListMemberNotExist ErrorFreeBusyDLLimitReached ErrorTargetDomainNotSupported
        """,
    ),
    (
        Rule(NameUnresolved),
        "ErrorNameResolutionNoResults ErrorNameResolutionNoMailbox ErrorNameResolutionMultipleResults ErrorInvalidNameForNameResolution",
    ),
)
