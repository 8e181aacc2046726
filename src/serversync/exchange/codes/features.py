"""Codes of features that this program does not use: delegates, public folders, archives, voice mail, groups.

They are here so that one that comes all the same is told as what it is, and never as a fault of the mail.
"""

from serversync.core.errors import FeatureUnavailable
from serversync.exchange.codes.rule import Rule, table

TABLE = table(
    # Delegates and permissions.
    (
        Rule(FeatureUnavailable),
        """
        ErrorAddDelegatesFailed ErrorDelegateAlreadyExists ErrorDelegateCannotAddOwner
        ErrorDelegateMissingConfiguration ErrorDelegateNoUser ErrorDelegateValidationFailed ErrorNotDelegate
        ErrorRemoveDelegatesFailed ErrorUpdateDelegatesFailed ErrorInvalidDelegatePermission
        ErrorInvalidPermissionSettings ErrorCannotSetCalendarPermissionOnNonCalendarFolder
        ErrorCannotSetNonCalendarPermissionOnCalendarFolder ErrorCannotSetPermissionUnknownEntries
        ErrorDuplicateUserIdsSpecified ErrorInvalidUserInfo ErrorMissingUserIdInformation
        ErrorUnableToGetUserOofSettings ErrorInboxRulesValidationError ErrorMailTipsDisabled
        """,
    ),
    # Public and managed folders.
    (
        Rule(FeatureUnavailable),
        """
        ErrorNoPublicFolderReplicaAvailable ErrorNoPublicFolderServerAvailable
        ErrorOperationNotAllowedWithPublicFolderRoot ErrorPublicFolderMailboxDiscoveryFailed
        ErrorPublicFolderOperationFailed ErrorPublicFolderRequestProcessingFailed
        ErrorPublicFolderServerNotFound ErrorPublicFolderSyncException
        ErrorCreateManagedFolderPartialCompletion ErrorInvalidManagedFolderProperty
        ErrorInvalidManagedFolderQuota ErrorInvalidManagedFolderSize ErrorManagedFolderAlreadyExists
        ErrorManagedFoldersRootFailure ErrorMissingEmailAddressForManagedFolder ErrorMissingManagedFolderId
        """,
    ),
    # Archives, retention, searches over many mailboxes.
    (
        Rule(FeatureUnavailable),
        """
        ErrorArchiveFolderPathCreation ErrorArchiveMailboxNotEnabled ErrorArchiveMailboxSearchFailed
        ErrorArchiveMailboxServiceDiscoveryFailed ErrorCannotArchiveCalendarContactTaskFolderException
        ErrorCannotArchiveItemsInArchiveMailbox ErrorCannotArchiveItemsInPublicFolders
        ErrorCannotGetSourceFolderPath ErrorExportRemoteArchiveItemsFailed
        ErrorFindRemoteArchiveFolderFailed ErrorGetRemoteArchiveFolderFailed ErrorGetRemoteArchiveItemFailed
        ErrorInvalidRetentionTagIdGuid ErrorInvalidRetentionTagInheritance ErrorInvalidRetentionTagInvisible
        ErrorInvalidRetentionTagNone ErrorInvalidRetentionTagTypeMismatch ErrorDiscoverySearchesDisabled
        ErrorDuplicateExtendedKeywordDefinition ErrorUnsupportedUserForExecuteSearch
        ErrorMessageTrackingNoSuchDomain ErrorMessageTrackingPermanentError ErrorInvalidBulkActionType
        ErrorInvalidKeepNCount ErrorInvalidKeepNType ErrorInvalidSweepRule
        ErrorInvalidSweepRuleOperationType
        """,
    ),
    # Sharing with other organizations.
    (
        Rule(FeatureUnavailable),
        """
        ErrorAddressSpaceNotFound ErrorInvalidAccessLevel ErrorInvalidExternalSharingInitiator
        ErrorInvalidExternalSharingSubscriber ErrorInvalidFederatedOrganizationId
        ErrorInvalidFederationOrganizationIdentifier ErrorInvalidGetSharingFolderRequest
        ErrorInvalidOrganizationRelationshipForFreeBusy ErrorInvalidSharingData ErrorInvalidSharingMessage
        ErrorMissingInformationEmailAddress ErrorMissingInformationReferenceItemId
        ErrorMissingInformationSharingFolderId ErrorNotAllowedExternalSharingByPolicy
        ErrorNotSupportedSharingMessage ErrorOrganizationNotFederated ErrorSharingNoExternalEwsAvailable
        ErrorSharingSynchronizationFailed ErrorUserWithoutFederatedProxyAddress
        """,
    ),
    # Voice mail and telephones.
    (
        Rule(FeatureUnavailable),
        """
        ErrorIPGatewayNotFound ErrorInvalidPhoneCallId ErrorInvalidSIPUri ErrorNoSpeechDetected
        ErrorPhoneNumberNotDialable ErrorPromptPublishingOperationFailed ErrorRecognizerNotInstalled
        ErrorSpeechGrammarError ErrorDeleteUnifiedMessagingPromptFailed
        ErrorUnifiedMessagingDialPlanNotFound ErrorUnifiedMessagingPromptNotFound
        ErrorUnifiedMessagingReportDataNotFound ErrorUnifiedMessagingRequestFailed
        ErrorUnifiedMessagingServerNotFound ErrorUserNotUnifiedMessagingEnabled ErrorVoiceMailNotImplemented
        """,
    ),
    # Groups, team mailboxes, instant messaging contacts.
    (
        Rule(FeatureUnavailable),
        """
        ErrorAccessingPartialCreatedUnifiedGroup ErrorMoveUnifiedGroupPropertyFailed
        ErrorUnexpectedUnifiedGroupsCount ErrorUnifiedGroupAadAuthorizationRequestDenied
        ErrorUnifiedGroupAliasNamingPolicy ErrorUnifiedGroupAlreadyExists ErrorUnifiedGroupCreationDisabled
        ErrorUnifiedGroupMailboxAADCreationFailed ErrorUnifiedGroupMailboxAADDeleteFailed
        ErrorUnifiedGroupMailboxDeleteFailed ErrorUnifiedGroupMailboxNamingPolicy
        ErrorUnifiedGroupMailboxNotFound ErrorUnifiedGroupMailboxProvisionFailed
        ErrorUnifiedGroupMailboxUpdateDelayed ErrorUnifiedGroupMailboxUpdateFailed
        ErrorUnifiedGroupMailboxUpdatedPartialProperties ErrorTeamMailboxActiveToPendingDelete
        ErrorTeamMailboxErrorUnknown ErrorTeamMailboxFailedSendingNotifications
        ErrorTeamMailboxNotAuthorizedOwner ErrorTeamMailboxNotFound ErrorTeamMailboxNotLinkedToSharePoint
        ErrorTeamMailboxUrlValidationFailed ErrorImContactLimitReached
        ErrorImGroupDisplayNameAlreadyExists ErrorImGroupLimitReached ErrorInvalidImContactId
        ErrorInvalidImDistributionGroupSmtpAddress ErrorInvalidImGroupId
        ErrorUnableToRemoveImContactFromGroup ErrorDuplicateSenderRestrictionsInputFound
        ErrorNoSenderRestrictionsSettingsFoundInRequest ErrorSenderRestrictionsUpdateFailed
        """,
    ),
    # Add-ins, places, weather, calendar logging.
    (
        Rule(FeatureUnavailable),
        """
        ErrorCannotDisableMandatoryExtension ErrorCannotDownloadExtensionManifest
        ErrorCannotUninstallProvidedExtensions ErrorExtensionAlreadyInstalledForOrg ErrorExtensionNotFound
        ErrorExtensionsNotAuthorized ErrorInvalidExtensionId ErrorMarketPlaceExtensionAlreadyInstalledForOrg
        ErrorNewerExtensionAlreadyInstalled ErrorNewerMarketPlaceExtensionAlreadyInstalled
        ErrorNoRbacPermissionToInstallMarketPlaceExtensions
        ErrorNoRbacPermissionToInstallReadWriteMailboxExtensions ErrorLocationServicesDisabled
        ErrorLocationServicesInvalidRequest ErrorLocationServicesRequestFailed
        ErrorLocationServicesRequestTimedOut ErrorWeatherServiceDisabled
        ErrorClientIntentInvalidStateDefinition ErrorClientIntentNotFound
        """,
    ),
)
