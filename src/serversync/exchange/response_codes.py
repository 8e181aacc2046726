"""What each answer code of Exchange means for us: ONE table.

A code that is not in the table is judged by where it stands: with one item of a batch it sets this item
aside, with a whole request it refuses the request.

Source: ``ResponseCodeType`` of ``messages.xsd``; Microsoft's descriptions of the codes.
"""

from datetime import timedelta
from enum import Enum

from msgspec import Struct

from serversync.core.errors import (
    AccessForbidden,
    AuthenticationFailed,
    ImpersonationDenied,
    ItemGone,
    ItemTooLarge,
    ItemUnreadable,
    MailboxAccessDenied,
    MailboxNotFound,
    MailboxUnavailable,
    Permanent,
    RequestRefused,
    ServerBusy,
    ServiceError,
    SyncStateInvalid,
    VersionUnsupported,
)


class Retry(Enum):
    """Whether the same request may be sent again."""

    NEVER = "never"
    LATER = "later"
    """After the pause that the server asks for, or a growing one."""
    REDUCED = "reduced"
    """At once, but without what went wrong: the rest of a batch alone, or from an empty sync state."""


class Rule(Struct, frozen=True, gc=False):
    """What a code means."""

    error: type[ServiceError]
    retry: Retry = Retry.NEVER


_BUSY = Rule(ServerBusy, Retry.LATER)
_AWAY = Rule(MailboxUnavailable, Retry.LATER)
_GONE = Rule(ItemGone)
_UNREADABLE = Rule(ItemUnreadable)
_TOO_LARGE = Rule(ItemTooLarge)
_REFUSED = Rule(RequestRefused)
_NO_MAILBOX = Rule(MailboxNotFound)
_DENIED = Rule(MailboxAccessDenied)
_NO_IMPERSONATION = Rule(ImpersonationDenied)
_STATE_LOST = Rule(SyncStateInvalid, Retry.REDUCED)

RULES: dict[str, Rule] = {
    # throttling
    "ErrorServerBusy": _BUSY,
    "ErrorTimeoutExpired": _BUSY,
    "ErrorTooManyObjectsOpened": _BUSY,
    "ErrorExceededConnectionCount": _BUSY,
    "ErrorExceededFindCountLimit": _BUSY,
    "ErrorExceededSubscriptionCount": _BUSY,
    "ErrorInsufficientResources": _BUSY,
    "ErrorNotEnoughMemory": _BUSY,
    "ErrorBatchProcessingStopped": Rule(ServerBusy, Retry.REDUCED),
    # the server or its directory is in trouble for a while
    "ErrorInternalServerTransientError": _BUSY,
    "ErrorInternalServerError": _BUSY,
    "ErrorServiceUnavailable": _BUSY,
    "ErrorADUnavailable": _BUSY,
    "ErrorADOperation": _BUSY,
    "ErrorRequestAborted": _BUSY,
    "ErrorClientDisconnected": _BUSY,
    # the mailbox is away for a while
    "ErrorConnectionFailed": _AWAY,
    "ErrorMailboxStoreUnavailable": _AWAY,
    "ErrorMailboxFailover": _AWAY,
    "ErrorMailboxMoveInProgress": _AWAY,
    "ErrorNoRespondingCASInDestinationSite": _AWAY,
    "ErrorCrossSiteRequest": _AWAY,
    "ErrorProxyCallFailed": _AWAY,
    "ErrorProxyRequestNotAllowed": _AWAY,
    "ErrorProxyRequestProcessingFailed": _AWAY,
    # the saved position is lost
    "ErrorInvalidSyncStateData": _STATE_LOST,
    "ErrorSyncFolderNotFound": _STATE_LOST,
    # the mailbox
    "ErrorNonExistentMailbox": _NO_MAILBOX,
    "ErrorInvalidMailbox": _NO_MAILBOX,
    "ErrorMissingEmailAddress": _NO_MAILBOX,
    "ErrorNonPrimarySmtpAddress": _NO_MAILBOX,
    "ErrorInvalidSmtpAddress": _NO_MAILBOX,
    "ErrorMissingExchangePrincipal": _NO_MAILBOX,
    "ErrorAccessDenied": _DENIED,
    "ErrorAccountDisabled": _DENIED,
    "ErrorMailboxLogonFailed": _DENIED,
    "ErrorMailboxConfiguration": _DENIED,
    "ErrorInvalidLicense": _DENIED,
    # impersonation
    "ErrorImpersonateUserDenied": _NO_IMPERSONATION,
    "ErrorImpersonationDenied": _NO_IMPERSONATION,
    "ErrorImpersonationFailed": _NO_IMPERSONATION,
    "ErrorInvalidExchangeImpersonationHeaderData": _NO_MAILBOX,
    "ErrorInvalidUserPrincipalName": _NO_MAILBOX,
    "ErrorInvalidUserSid": _NO_MAILBOX,
    # the service account
    "ErrorPasswordExpired": Rule(AuthenticationFailed),
    "ErrorPasswordChangeRequired": Rule(AuthenticationFailed),
    "ErrorOrganizationAccessBlocked": Rule(AccessForbidden),
    # the item or folder
    "ErrorItemNotFound": _GONE,
    "ErrorFolderNotFound": _GONE,
    "ErrorInvalidAttachmentId": _GONE,
    "ErrorCalendarOccurrenceIsDeletedFromRecurrence": _GONE,
    "ErrorVirusMessageDeleted": _GONE,
    "ErrorCorruptData": _UNREADABLE,
    "ErrorItemCorrupt": _UNREADABLE,
    "ErrorFolderCorrupt": _UNREADABLE,
    "ErrorContentConversionFailed": _UNREADABLE,
    "ErrorMimeContentConversionFailed": _UNREADABLE,
    "ErrorMimeContentInvalid": _UNREADABLE,
    "ErrorUnsupportedMimeConversion": _UNREADABLE,
    "ErrorUnsupportedTypeForConversion": _UNREADABLE,
    "ErrorItemPropertyRequestFailed": _UNREADABLE,
    "ErrorCannotOpenFileAttachment": _UNREADABLE,
    "ErrorInvalidIdTooManyAttachmentLevels": _UNREADABLE,
    "ErrorAttachmentNestLevelLimitExceeded": _UNREADABLE,
    "ErrorVirusDetected": _UNREADABLE,
    "ErrorInvalidId": _UNREADABLE,
    "ErrorInvalidIdEmpty": _UNREADABLE,
    "ErrorInvalidIdMalformed": _UNREADABLE,
    "ErrorInvalidIdXml": _UNREADABLE,
    "ErrorInvalidIdMonikerTooLong": _UNREADABLE,
    "ErrorInvalidIdStoreObjectIdTooLong": _UNREADABLE,
    "ErrorMessageSizeExceeded": _TOO_LARGE,
    "ErrorAttachmentSizeLimitExceeded": _TOO_LARGE,
    "ErrorDataSizeLimitExceeded": _TOO_LARGE,
    "ErrorRequestStreamTooBig": _TOO_LARGE,
    # the request
    "ErrorInvalidServerVersion": Rule(VersionUnsupported),
    "ErrorInvalidSchemaVersionForMailboxVersion": Rule(VersionUnsupported),
    "ErrorIncorrectSchemaVersion": _REFUSED,
    "ErrorSchemaValidation": _REFUSED,
    "ErrorInvalidRequest": _REFUSED,
    "ErrorInvalidArgument": _REFUSED,
    "ErrorInvalidOperation": _REFUSED,
    "ErrorInvalidPropertyRequest": _REFUSED,
    "ErrorInvalidPropertyForOperation": _REFUSED,
    "ErrorDuplicateSOAPHeader": _REFUSED,
}


def rule_for(code: str, *, unknown: type[Permanent] = RequestRefused) -> Rule:
    """Return what a code means; ``unknown`` decides about one that is not in the table."""
    return RULES.get(code) or Rule(unknown)


class AnswerContext(Struct, frozen=True, gc=False, kw_only=True):
    """Where an answer came from; goes into the details of every error. Holds nothing secret."""

    operation: str
    host: str
    account: str
    mailbox: str | None = None
    request_id: str | None = None
    product: str | None = None

    def details(self) -> dict[str, object]:
        """Return the details that every error of this answer carries."""
        return {
            "operation": self.operation,
            "host": self.host,
            "account": self.account,
            "mailbox": self.mailbox or self.account,
            "request_id": self.request_id,
            "product": self.product or "The server, which does not know the version that was asked for,",
        }


def error_for(
    code: str,
    text: str,
    context: AnswerContext,
    *,
    unknown: type[Permanent] = RequestRefused,
    back_off: timedelta | None = None,
    folder: str = "the folder",
) -> ServiceError:
    """Return the error that a response code stands for, with all details filled in.

    Args:
        code: The ``ResponseCode``.
        text: The server's own sentence.
        context: Where the answer came from.
        unknown: The class for a code that the table does not know.
        back_off: How long the server asked to wait.
        folder: What a lost sync state belonged to.
    """
    return rule_for(code, unknown=unknown).error(
        **context.details(),
        response_code=code,
        message=text,
        back_off=back_off,
        folder=folder,
        scheme=code,
        status=200,
    )
