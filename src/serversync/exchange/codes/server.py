"""Codes about the server: throttling, trouble that passes, mailboxes elsewhere, lost positions, versions."""

from serversync.core.errors import (
    MailboxUnavailable,
    ServerBusy,
    SubscriptionLost,
    SyncStateInvalid,
    VersionUnsupported,
)
from serversync.exchange.codes.rule import Retry, Rule, table

_TABLE_REMEDY = (
    "Check the network and the servers between {host} and the mailbox's server; it is tried again by itself."
)
_DIRECTORY = (
    "Check that {host} reaches a domain controller and a global catalog; it is tried again by itself."
)

TABLE = table(
    # The account or the mailbox has used up its budget, or the server runs short of something.
    (
        Rule(ServerBusy, Retry.LATER),
        """
        ErrorServerBusy ErrorTimeoutExpired ErrorTooManyObjectsOpened ErrorExceededConnectionCount
        ErrorExceededFindCountLimit ErrorExceededSubscriptionCount ErrorInsufficientResources
        ErrorNotEnoughMemory
        """,
    ),
    (Rule(ServerBusy, Retry.REDUCED), "ErrorBatchProcessingStopped"),
    # The server is in trouble for a moment.
    (
        Rule(ServerBusy, Retry.LATER),
        """
        ErrorInternalServerTransientError ErrorInternalServerError ErrorServiceUnavailable
        ErrorRequestAborted ErrorClientDisconnected ErrorDataSourceOperation ErrorWin32InteropError
        ErrorResponseSchemaValidation ErrorWebRequestInInvalidState ErrorParsingXMLResponse
        ErrorSearchFolderNotInitialized ErrorContentIndexingNotEnabled ErrorFreeBusyGenerationFailed
        ErrorMeetingSuggestionGenerationFailed ErrorInstantSearchTimeout ErrorInstantSearchSessionExpired
        ErrorInstantSearchFailed ErrorMessageTrackingTransientError ErrorUMServerUnavailable
        """,
    ),
    (Rule(ServerBusy, Retry.LATER, _DIRECTORY), "ErrorADUnavailable ErrorADOperation ErrorADSessionFilter"),
    # The mailbox is away for a while.
    (
        Rule(MailboxUnavailable, Retry.LATER),
        "ErrorConnectionFailed ErrorMailboxStoreUnavailable ErrorMailboxFailover",
    ),
    # Another server has the mailbox, or the way to it is closed.
    (
        Rule(MailboxUnavailable, Retry.REDISCOVER),
        "ErrorMailboxMoveInProgress ErrorCrossSiteRequest ErrorWrongServerVersion ErrorWrongServerVersionDelegate",
    ),
    (
        Rule(MailboxUnavailable, Retry.REDISCOVER, _TABLE_REMEDY),
        """
        ErrorNoRespondingCASInDestinationSite ErrorProxyCallFailed ErrorProxyRequestNotAllowed
        ErrorProxyRequestProcessingFailed ErrorProxyServiceDiscoveryFailed ErrorProxySoapException
        ErrorProxyTokenExpired ErrorProxiedSubscriptionCallFailure ErrorProxyGroupSidLimitExceeded
        ErrorNoApplicableProxyCASServersAvailable ErrorNoDestinationCASDueToKerberosRequirements
        ErrorNoDestinationCASDueToSSLRequirements ErrorNoDestinationCASDueToVersionMismatch
        ErrorServiceDiscoveryFailed ErrorAutoDiscoverFailed ErrorAvailabilityConfigNotFound
        ErrorInvalidCrossForestCredentials ErrorInvalidNetworkServiceContext ErrorLogonAsNetworkServiceFailed
        ErrorInvalidProxySecurityContext ErrorLocalServerObjectNotFound ErrorGetServerSecurityDescriptorFailed
        ErrorInvalidInternetWebProxyOnLocalServer
        """,
    ),
    # The saved position is lost.
    (Rule(SyncStateInvalid, Retry.REDUCED), "ErrorInvalidSyncStateData ErrorSyncFolderNotFound"),
    # The subscription is lost.
    (
        Rule(SubscriptionLost, Retry.REDUCED),
        """
        ErrorSubscriptionNotFound ErrorInvalidWatermark ErrorMissedNotificationEvents ErrorReadEventsFailed
        ErrorExpiredSubscription ErrorInvalidSubscription ErrorInvalidPullSubscriptionId ErrorEventNotFound
        ErrorSubscriptionUnsubscribed ErrorSubscriptionAccessDenied ErrorNewEventStreamConnectionOpened
        """,
    ),
    # The schema that was asked for is newer than the server, or than the mailbox's server.
    (Rule(VersionUnsupported), "ErrorInvalidServerVersion ErrorInvalidSchemaVersionForMailboxVersion"),
)
