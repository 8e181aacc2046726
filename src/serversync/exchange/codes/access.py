"""Codes about who: the mailbox, its rights, impersonation, the service account, sending, quotas."""

from serversync.core.errors import (
    AccessForbidden,
    AccountBlocked,
    ImpersonationDenied,
    MailboxAccessDenied,
    MailboxFull,
    MailboxNotFound,
    PasswordExpired,
    SendingDenied,
)
from serversync.exchange.codes.rule import Rule, table

_DISABLED = "Enable the Active Directory account of the mailbox, or disable the mailbox here; then choose 'Test & Enable'."
_SEND_AS = "Give the account the right to send as {mailbox} (Add-ADPermission -ExtendedRights Send-As), or impersonate the mailbox itself."
_POLICY = (
    "Ask the Exchange administrator which policy forbids it ({response_code}), and allow it for {mailbox}."
)

TABLE = table(
    # Nobody has this address.
    (
        Rule(MailboxNotFound),
        """
        ErrorNonExistentMailbox ErrorInvalidMailbox ErrorMissingEmailAddress ErrorInvalidSmtpAddress
        ErrorMissingExchangePrincipal ErrorInvalidExchangeImpersonationHeaderData
        ErrorInvalidUserPrincipalName ErrorInvalidUserSid ErrorInvalidUserSidMissingUPN ErrorInvalidSid
        ErrorCannotFindUser ErrorMailRecipientNotFound ErrorRecipientNotFound
        ErrorDuplicateLegacyDistinguishedName ErrorEmailAddressMismatch
        """,
    ),
    (
        Rule(
            MailboxNotFound,
            remedy="Use the primary address of the mailbox as the e-mail address of the user or queue.",
        ),
        "ErrorNonPrimarySmtpAddress",
    ),
    # The mailbox is there, and closed.
    (
        Rule(MailboxAccessDenied),
        """
        ErrorAccessDenied ErrorMailboxLogonFailed ErrorMailboxConfiguration ErrorCreateItemAccessDenied
        ErrorCreateSubfolderAccessDenied ErrorRecoverableItemsAccessDenied ErrorNoFreeBusyAccess
        ErrorCallerIsInvalidADAccount ErrorInvalidClientSecurityContext ErrorInvalidSerializedAccessToken
        ErrorTokenSerializationDenied ErrorInvalidAuthorizationContext ErrorInvalidLogonType
        ErrorCannotGetExternalEcpUrl ErrorCannotDeleteObject ErrorInvalidSecurityDescriptor
        """,
    ),
    (Rule(MailboxAccessDenied, remedy=_DISABLED), "ErrorAccountDisabled"),
    (
        Rule(MailboxAccessDenied, remedy="Give the mailbox a valid licence; then choose 'Test & Enable'."),
        "ErrorInvalidLicense",
    ),
    (
        Rule(MailboxAccessDenied, remedy=_POLICY),
        "ErrorAccessDeniedDueToCompliance ErrorPermissionNotAllowedByPolicy ErrorUserNotAllowedByPolicy",
    ),
    # Acting as somebody.
    (
        Rule(ImpersonationDenied),
        "ErrorImpersonateUserDenied ErrorImpersonationDenied ErrorInvalidManagementRoleHeader",
    ),
    (
        Rule(
            ImpersonationDenied,
            remedy="Check that the directory answers for {mailbox} and that {account} has the ApplicationImpersonation role; then choose 'Test & Enable'.",
        ),
        "ErrorImpersonationFailed",
    ),
    # The service account.
    (Rule(PasswordExpired), "ErrorPasswordExpired ErrorPasswordChangeRequired"),
    (Rule(AccountBlocked), "ErrorOrganizationAccessBlocked"),
    (
        Rule(AccessForbidden),
        "ErrorInvalidClientAccessTokenRequest ErrorUnauthorizedClientAccessTokenRequest ErrorNoOAuthServerAvailableForRequest",
    ),
    # Sending.
    (Rule(SendingDenied, remedy=_SEND_AS), "ErrorSendAsDenied"),
    (
        Rule(SendingDenied),
        """
        ErrorSubmissionQuotaExceeded ErrorMessageSubmissionBlocked ErrorMessageBlocked
        ErrorExceededMessageLimit ErrorExceededMessageLimitShowTierUpgrade
        ErrorAccountSuspend ErrorAccountSuspendShowTierUpgrade
        """,
    ),
    # No room.
    (
        Rule(MailboxFull),
        "ErrorQuotaExceeded ErrorQuotaExceededOnDelete ErrorMessagePerFolderCountReceiveQuotaExceeded ErrorRulesOverQuota",
    ),
)
