"""What can go wrong, by what happens next, and what the administrator does about it.

    ServiceError
    +-- Transient          wait and try again; silent until the budget is spent
    |   +-- ServerUnreachable, ServerBusy, ConnectionLost, AnswerUnreadable, MailboxUnavailable,
    |       SyncStateInvalid, SubscriptionLost, ChangeMarkWrong, AutodiscoverUnavailable,
    |       TestMessageMissing, DatabaseUnavailable, LeaseLost, NoConnectionFree
    +-- Permanent          this item never; the mailbox goes on
    |   +-- ItemGone, ItemUnreadable, ItemTooLarge, RequestRefused, ValueRefused, SeriesNotExpressible, MeetingStateRefused,
    |       RecipientsRefused, NameUnresolved, SeriesNotInCrm, TaskAssigned, ItemOfAnotherKind, FeatureUnavailable,
    |       DraftWithdrawn, NotDelivered
    +-- Misconfigured      a person must act; the mailbox or the profile stops
        +-- AddressInvalid, InsecureAddress, HostUnknown, ConnectionRefused,
            CertificateUntrusted, CertificateWrongHost, CertificateExpired,
            AuthenticationFailed (PasswordExpired, AccountBlocked, ExtendedProtectionRefused),
            AuthenticationNotOffered, LogOnCutOff, ClockSkewed, KerberosUnavailable,
            SendingDenied, MailboxFull, AccessForbidden, NotExchange, VersionUnsupported, ImpersonationDenied,
            MailboxNotFound, TrackedFolderMissing, MailboxAccessDenied, MailboxNotAllowed, ScopeTooWide, AutodiscoverFailed, AutodiscoverHostNotAllowed,
            AutodiscoverRedirectLoop, AutodiscoverDomainUnusable, AutodiscoverNotHere, AutodiscoverRefused,
            MailboxInExchangeOnline, PlanWaiting, DeletionsHeld, SyncedByAnotherOrganization, SecretKeyUnusable, SecretKeyExposed, InputInvalid, PrivilegeMissing,
            LogOnRefused, LogOnLocked, KeyRefused, RecordNotFound,
            DatabaseMisconfigured, DatabaseStartFailed

Each class carries a stable code, the scope of what stops, a sentence and a remedy; ``docs/errors.md``
has a section for every one. Nothing secret ever goes into the details.
"""

from collections.abc import Callable
from enum import Enum
from typing import ClassVar


class Scope(Enum):
    """What stops when the error occurs."""

    ITEM = "item"
    MAILBOX = "mailbox"
    PROFILE = "profile"
    PROCESS = "process"


class ServiceError(Exception):
    """Root of the taxonomy; never raised itself.

    ``details`` fill the braces of ``summary``; a detail without a brace is kept for logs and alerts.
    """

    code: ClassVar[str]
    scope: ClassVar[Scope]
    summary: ClassVar[str]
    remedy: ClassVar[str]

    def __init__(self, **details: object) -> None:
        super().__init__(self.summary.format_map(_Details(details)))
        self.details = details

    @property
    def remedy_text(self) -> str:
        """The remedy with the details filled in; a detail ``remedy`` is more exact than that of the class."""
        own = self.details.get("remedy")
        return (own if isinstance(own, str) and own else self.remedy).format_map(_Details(self.details))

    def __reduce__(self) -> tuple[Callable[..., "ServiceError"], tuple[object, ...]]:
        """Survive the trip through a worker's pickle with the details intact."""
        return (_rebuild, (type(self), self.details))


def _rebuild(kind: type[ServiceError], details: dict[str, object]) -> ServiceError:
    return kind(**details)


class _Details(dict[str, object]):
    """A detail that was not given reads as a dash, so that an error never hides behind a KeyError."""

    def __missing__(self, key: str) -> str:
        return "-"


class Transient(ServiceError):
    """Expected to pass: wait and try again."""


class Permanent(ServiceError):
    """This item never; the mailbox goes on."""


class Misconfigured(ServiceError):
    """A person must act before it can work."""


# --- transient -------------------------------------------------------------------------------------


class ServerUnreachable(Transient):
    """No answer within the time-out, or the network gave up."""

    code = "exchange.unreachable"
    scope = Scope.PROFILE
    summary = "{host} did not answer: {reason}."
    remedy = "Check that {host} runs and that this machine may reach it on port {port}; it is tried again by itself."


class ServerBusy(Transient):
    """``ErrorServerBusy`` and its relatives, HTTP 503: Exchange asks for a pause."""

    code = "exchange.busy"
    scope = Scope.MAILBOX
    summary = "Exchange asked to slow down ({response_code})."
    remedy = "Nothing to do: it is tried again after the pause that Exchange asked for."


class ConnectionLost(Transient):
    """The connection broke before the answer was complete."""

    code = "exchange.connection-lost"
    scope = Scope.MAILBOX
    summary = "The connection to {host} broke: {reason}."
    remedy = (
        "Nothing to do: it is tried again. If it happens often, look at proxies and firewalls in between."
    )


class AnswerUnreadable(Transient):
    """The answer was not a SOAP envelope, even after repair."""

    code = "exchange.answer-unreadable"
    scope = Scope.MAILBOX
    summary = "The answer to {operation} could not be read: {reason}."
    remedy = "It is tried again in smaller parts; an item that cannot be read alone is set aside and listed."


class MailboxUnavailable(Transient):
    """The mailbox is being moved, failed over or its store is offline."""

    code = "exchange.mailbox-unavailable"
    scope = Scope.MAILBOX
    summary = "The mailbox {mailbox} is not available at the moment ({response_code})."
    remedy = "Nothing to do if the mailbox is being moved; otherwise check that its database is mounted."


class SyncStateInvalid(Transient):
    """``ErrorInvalidSyncStateData``: the folder must be read from the start, which changes nothing."""

    code = "exchange.sync-state-invalid"
    scope = Scope.MAILBOX
    summary = "Exchange no longer accepts the saved position in {folder} of {mailbox}."
    remedy = "Nothing to do: the folder is read again from the start; what is tracked already stays as it is."


class SubscriptionLost(Transient):
    """``ErrorSubscriptionNotFound`` and its relatives: the server forgot what it was to tell us."""

    code = "exchange.subscription-lost"
    scope = Scope.MAILBOX
    summary = "Exchange has ended the subscription to {mailbox} ({response_code})."
    remedy = (
        "Nothing to do: it is subscribed again, and the folders are read for what was not told meanwhile."
    )


class ChangeConflict(Transient):
    """``ErrorIrresolvableConflict`` and its relatives: the item was changed in Exchange meanwhile."""

    code = "exchange.change-conflict"
    scope = Scope.ITEM
    summary = "The item was changed in Exchange at the same time ({response_code})."
    remedy = "Nothing to do: the item is read again, and the change is tried again on what it is now."


class ChangeMarkWrong(Transient):
    """A folder said that nothing had changed in it, and then listed changes."""

    code = "exchange.change-mark-wrong"
    scope = Scope.MAILBOX
    summary = "Exchange said that nothing had changed in {mailbox}, although something had."
    remedy = "Nothing to do: from now on every poll of this mailbox lists its folders; 'Test & Enable' lets it be tried again."


class AutodiscoverUnavailable(Transient):
    """No Autodiscover service answered, and at least one of them only did not answer now."""

    code = "autodiscover.unavailable"
    scope = Scope.MAILBOX
    summary = "Autodiscover for {mailbox} gave no answer: {attempts}."
    remedy = "Nothing to do if the network or Exchange is down at the moment; otherwise choose 'Test Connection' to see every attempt."


class TestMessageMissing(Transient):
    """The message by which a mailbox is tried was sent, but has not arrived."""

    code = "sending.test-message-missing"
    scope = Scope.MAILBOX
    summary = "A test message from {mailbox} to itself was sent, but did not arrive within {seconds} seconds."
    remedy = "Look where it waits in Exchange (Get-Queue, Get-MessageTrackingLog -Sender {mailbox}) and for rules of the mailbox that move or delete it; it is tried again by itself."


class DatabaseUnavailable(Transient):
    """PostgreSQL cannot be reached or went away."""

    code = "database.unavailable"
    scope = Scope.PROCESS
    summary = "The database did not answer: {reason}."
    remedy = "Check that PostgreSQL runs and that DATABASE_URL points to it."


class LeaseLost(Transient):
    """Another worker has taken over the mailbox meanwhile; nothing was written."""

    code = "worker.lease-lost"
    scope = Scope.MAILBOX
    summary = "Another worker has taken over {mailbox}."
    remedy = "Nothing to do: the other worker goes on from the last saved page."


class NoConnectionFree(Transient):
    """All connections that a profile or mailbox may have are in use, and none became free in time."""

    code = "worker.no-connection-free"
    scope = Scope.PROFILE
    summary = "None of the {limit} connections of the profile {profile} became free within {seconds} s."
    remedy = (
        "Try again when fewer mailboxes are read for the first time, or raise Maximum Concurrent Connections: "
        "serversync profile edit '{profile}' --max-connections NUMBER."
    )


# --- permanent -------------------------------------------------------------------------------------


class ItemGone(Permanent):
    """``ErrorItemNotFound``: deleted or moved since it was listed."""

    code = "exchange.item-gone"
    scope = Scope.ITEM
    summary = "The item is no longer in its folder."
    remedy = "Nothing to do: it was deleted or moved in Exchange before it could be read."


class ItemUnreadable(Permanent):
    """``ErrorCorruptData`` and its relatives, or an answer that stays unreadable for one item alone."""

    code = "exchange.item-unreadable"
    scope = Scope.ITEM
    summary = "The item cannot be read ({response_code})."
    remedy = "Open the item in Outlook; if it opens, forward it to yourself, otherwise repair the mailbox (New-MailboxRepairRequest)."


class ItemTooLarge(Permanent):
    """``ErrorMessageSizeExceeded``, ``ErrorAttachmentSizeLimitExceeded`` or HTTP 413."""

    code = "exchange.item-too-large"
    scope = Scope.ITEM
    summary = "The item is larger than the server lets through ({response_code})."
    remedy = (
        "Raise maxAllowedContentLength and maxReceivedMessageSize of the EWS site, or leave the item out."
    )


class RequestRefused(Permanent):
    """Exchange refused the request itself; a fault of this program."""

    code = "exchange.request-refused"
    scope = Scope.MAILBOX
    summary = "Exchange refused {operation}: {response_code} {message}."
    remedy = "Please report this with the request id {request_id}; other mailboxes are not affected."


class ValueRefused(Permanent):
    """Exchange does not take a value of the record, for example a recurrence that it cannot express."""

    code = "exchange.value-refused"
    scope = Scope.ITEM
    summary = "Exchange does not take a value of the record: {response_code} {message}."
    remedy = "Correct the value in the record; it is tried again when the record is saved."


class SeriesNotExpressible(Permanent):
    """One side has a series that the other cannot have; both stay as they are."""

    code = "series.not-expressible"
    scope = Scope.ITEM
    summary = "The series {subject!r} is not kept in step: {reason}."
    remedy = "Change in Outlook or in the CRM what is named, or leave it: both sides stay as they are, and nothing is deleted."


class RecordRefused(Permanent):
    """The database does not take a value that came from Exchange; the others of its batch are written."""

    code = "crm.record-refused"
    scope = Scope.ITEM
    summary = "The CRM does not take a value of the item: {reason}."
    remedy = "Correct the value in Outlook; it is tried again when the item is saved."


class MeetingStateRefused(Permanent):
    """The meeting is cancelled, delegated or organized by somebody else, so the answer to it is refused."""

    code = "exchange.meeting-state"
    scope = Scope.ITEM
    summary = "The meeting does not allow it in its present state ({response_code})."
    remedy = (
        "Open the meeting in Outlook: it was cancelled, delegated, replaced, or belongs to another organizer."
    )


class RecipientsRefused(Permanent):
    """Exchange refuses recipients of a message, or their number."""

    code = "exchange.recipients-refused"
    scope = Scope.ITEM
    summary = "Exchange refuses the recipients: {response_code} {message}."
    remedy = "Correct the addresses or send to fewer recipients, then send again."


class DraftWithdrawn(Permanent):
    """Somebody moved or deleted the draft of an e-mail while it was about to be sent."""

    code = "sending.draft-withdrawn"
    scope = Scope.ITEM
    summary = "The e-mail was not sent: its draft was taken out of Drafts of {mailbox} in the meantime."
    remedy = "Send the e-mail again if it shall still leave; the draft that was taken away is never sent by serversync."


class NotDelivered(Permanent):
    """A report says that an e-mail did not reach somebody."""

    code = "sending.not-delivered"
    scope = Scope.ITEM
    summary = 'The e-mail "{subject}" from {mailbox} did not reach {recipients}: {reason}.'
    remedy = (
        "Look at the reason: correct the address in the record, or ask the recipient by other means; then write to "
        "those who were not reached. Dismiss the alert when it is dealt with."
    )


class NameUnresolved(Permanent):
    """The directory knows no single entry for a name."""

    code = "exchange.name-unresolved"
    scope = Scope.ITEM
    summary = "The directory of Exchange knows no single entry for the name ({response_code})."
    remedy = "Nothing to do: the address is used as it was written."


class SeriesNotInCrm(Permanent):
    """A recurring task asks to be tracked; the CRM has none, so it stays in Exchange as it is."""

    code = "act.series-not-in-crm"
    scope = Scope.ITEM
    summary = (
        'The recurring task "{subject}" in {mailbox} is not synchronized: the CRM has no recurring tasks.'
    )
    remedy = "Nothing is lost in Exchange; to have it in the CRM, make it a task that does not recur."


class TaskAssigned(Permanent):
    """A task asks to be tracked that was assigned in Outlook; who owns it decides."""

    code = "act.task-assigned"
    scope = Scope.ITEM
    summary = 'The task "{subject}" in {mailbox} is not synchronized: {reason}.'
    remedy = (
        "Nothing is lost in Exchange; a task that was given away is synchronized by whoever owns it now, "
        "and one that was taken over where the setting syncassignedtasks says so."
    )


class ItemOfAnotherKind(Permanent):
    """An item in a synchronized folder is none of the folder's kind, such as a distribution list among contacts."""

    code = "act.another-kind"
    scope = Scope.ITEM
    summary = 'The item "{subject}" in {mailbox} is no {kind}: in Exchange it is {what}.'
    remedy = (
        "Nothing is lost on either side; an item that was synchronized before goes on as soon as its item class "
        "is that of its kind again, and what never was may stay where it is."
    )


class PictureNotSynchronized(Permanent):
    """The photo of a contact cannot be taken over; everything else of the contact is synchronized."""

    code = "act.picture-not-synchronized"
    scope = Scope.ITEM
    summary = "The photo of a contact in {mailbox} is not synchronized: {reason}. The rest of the contact is."
    remedy = "Replace the photo by a smaller one, or by one in a common format such as JPEG or PNG; it stays where it is until then."


class RegardingNotSynchronized(Permanent):
    """What an item says that its record is about cannot be used; everything else of the item is synchronized."""

    code = "act.regarding-not-synchronized"
    scope = Scope.ITEM
    summary = 'What an item in {mailbox} is about, "{value}", is not synchronized: {reason}. The rest of the item is.'
    remedy = "Choose what it is about anew, or none, where it was chosen in Outlook; until then the CRM keeps what it has."


class AttachmentNotSynchronized(Permanent):
    """A file of an appointment or task cannot be taken over; everything else of it is synchronized."""

    code = "act.attachment-not-synchronized"
    scope = Scope.ITEM
    summary = 'The file "{name}" of the {kind} in {mailbox} is not synchronized: {reason}.'
    remedy = "Make the file smaller, or give it another type; it stays where it is, and everything else is synchronized."


class FeatureUnavailable(Permanent):
    """Exchange speaks of a feature that is switched off, or that this program does not use."""

    code = "exchange.feature-unavailable"
    scope = Scope.MAILBOX
    summary = "Exchange refuses {operation} because of a feature: {response_code} {message}."
    remedy = "Please report this with the request id {request_id}: serversync does not use the feature, and other mailboxes are not affected."


# --- misconfigured ---------------------------------------------------------------------------------


class AddressInvalid(Misconfigured):
    """The server location is not a URL that could work."""

    code = "profile.address-invalid"
    scope = Scope.PROFILE
    summary = "{address} is not a usable server location: {reason}."
    remedy = (
        "Give the EWS address, for example https://mail.example.org/EWS/Exchange.asmx, or only the host name."
    )


class InsecureAddress(Misconfigured):
    """The server location is not HTTPS; credentials never go there."""

    code = "profile.insecure-address"
    scope = Scope.PROFILE
    summary = "{address} is not encrypted, so nothing was sent to it."
    remedy = "Use the https:// address of the server; unencrypted connections to Exchange are not possible."


class HostUnknown(Misconfigured):
    """The host name does not resolve."""

    code = "exchange.host-unknown"
    scope = Scope.PROFILE
    summary = "The host name {host} is not known to DNS."
    remedy = "Check the spelling of the server location and the DNS servers of this machine."


class ConnectionRefused(Misconfigured):
    """Nobody listens on the port, or a firewall refuses."""

    code = "exchange.connection-refused"
    scope = Scope.PROFILE
    summary = "{host} refused the connection on port {port}."
    remedy = "Check the port in the server location, that IIS runs, and the firewall between this machine and {host}."


class CertificateUntrusted(Misconfigured):
    """The certificate chain ends at an authority that is not trusted."""

    code = "exchange.certificate-untrusted"
    scope = Scope.PROFILE
    summary = "The certificate of {host} was issued by an authority that is not trusted: {reason}."
    remedy = "Give the certificate of your own authority to the profile (CA file, PEM), or install the missing intermediate certificate on the server."


class CertificateWrongHost(Misconfigured):
    """The certificate is for other names."""

    code = "exchange.certificate-wrong-host"
    scope = Scope.PROFILE
    summary = "The certificate of the server does not carry the name {host}: {reason}."
    remedy = "Use a name in the server location that the certificate carries, or issue a certificate that includes {host}."


class CertificateExpired(Misconfigured):
    """The certificate is outside its dates."""

    code = "exchange.certificate-expired"
    scope = Scope.PROFILE
    summary = "The certificate of {host} is not valid at this time: {reason}."
    remedy = "Renew the certificate of the server, and check the clock of this machine."


class AuthenticationFailed(Misconfigured):
    """401 although the credentials were sent in full."""

    code = "exchange.authentication-failed"
    scope = Scope.PROFILE
    summary = "{host} refused the user name or password of {account} ({scheme})."
    remedy = "Check user name (UPN, user@domain) and password of the profile and whether the account is locked; then choose 'Test Connection'."


class AuthenticationNotOffered(Misconfigured):
    """The server does not offer the wanted authentication."""

    code = "exchange.authentication-not-offered"
    scope = Scope.PROFILE
    summary = "{host} does not offer {wanted} authentication, only {offered}."
    remedy = "Enable Windows (NTLM) authentication on the EWS virtual directory, or choose the authentication that the server offers in the profile."


class PasswordExpired(AuthenticationFailed):
    """``ErrorPasswordExpired`` and its relative: the password must be changed before anything works."""

    code = "exchange.password-expired"
    scope = Scope.PROFILE
    summary = "The password of {account} has expired or must be changed ({response_code})."
    remedy = "Set a new password for {account} in Active Directory, without 'User must change password at next logon', and enter it in the profile."


class AccountBlocked(AuthenticationFailed):
    """HTTP 456, or a password that worked a moment ago and is refused now: most likely a lock-out."""

    code = "exchange.account-blocked"
    scope = Scope.PROFILE
    summary = "{account} is blocked or locked out: {reason}."
    remedy = "Unlock the account in Active Directory (Unlock-ADAccount), find out which program still uses an old password, then choose 'Test Connection'."


class ExtendedProtectionRefused(AuthenticationFailed):
    """The log-on is bound to another certificate than the one Exchange has: a proxy ends TLS in between."""

    code = "exchange.extended-protection"
    scope = Scope.PROFILE
    summary = "{host} refuses the log-on of {account}, most likely because of Extended Protection: {reason}."
    remedy = "Give the proxy in front of Exchange the same certificate as Exchange itself, or let it pass TLS through (TCP mode), or give the profile an address that goes around it."


class LogOnCutOff(Misconfigured):
    """The legs of a Windows log-on do not reach the same connection of the server."""

    code = "exchange.log-on-cut-off"
    scope = Scope.PROFILE
    summary = "The log-on of {account} does not get through to {host}: {reason}."
    remedy = "Let the proxy keep one server connection for each client connection (no multiplexing, TCP mode with nginx), or give the profile an address that goes around it."


class ClockSkewed(Misconfigured):
    """The clocks of this machine and of the server are too far apart for a log-on."""

    code = "exchange.clock-skew"
    scope = Scope.PROFILE
    summary = "The clock of {host} is {seconds} seconds away from the clock of this machine."
    remedy = "Set both clocks by the same time source (NTP); Windows allows five minutes between them."


class KerberosUnavailable(Misconfigured):
    """Kerberos was asked for, and its library or a ticket is missing."""

    code = "exchange.kerberos-unavailable"
    scope = Scope.PROFILE
    summary = "{account} cannot log on to {host} by Kerberos: {reason}."
    remedy = "Install the extra (pip install 'serversync[kerberos]'), check krb5.conf and the ticket or keytab (klist) and the HTTP/{host} service name, or choose NTLM in the profile."


class SendingDenied(Misconfigured):
    """``ErrorSendAsDenied``, a submission quota or a block: the mailbox may not send."""

    code = "exchange.sending-denied"
    scope = Scope.MAILBOX
    summary = "{mailbox} may not send ({response_code})."
    remedy = "Check the submission limits and blocks of the mailbox (Get-Mailbox, Get-ThrottlingPolicy); then choose 'Test & Enable'."


class MailboxFull(Misconfigured):
    """``ErrorQuotaExceeded``: nothing more goes in."""

    code = "exchange.mailbox-full"
    scope = Scope.MAILBOX
    summary = "The mailbox {mailbox} is full ({response_code})."
    remedy = "Make room in the mailbox or raise its quota (Set-Mailbox -ProhibitSendReceiveQuota); then choose 'Test & Enable'."


class AccessForbidden(Misconfigured):
    """HTTP 403: EWS is closed to this account, program or address."""

    code = "exchange.forbidden"
    scope = Scope.PROFILE
    summary = "{host} forbids {account} the use of Exchange Web Services ({response_code})."
    remedy = "Check EwsEnabled and EwsApplicationAccessPolicy (Get-OrganizationConfig, Get-CASMailbox) and address filters of the server or a proxy."


class NotExchange(Misconfigured):
    """The address answers, but not as Exchange Web Services do."""

    code = "exchange.not-exchange"
    scope = Scope.PROFILE
    summary = "{address} answered, but not as Exchange Web Services: {reason}."
    remedy = "Check the path of the server location (usually /EWS/Exchange.asmx) and whether a proxy shows its own log-on page."


class VersionUnsupported(Misconfigured):
    """The server is older than what is supported, or another product."""

    code = "exchange.version-unsupported"
    scope = Scope.PROFILE
    summary = "{product} is not supported."
    remedy = "Exchange 2010 needs Service Pack 3, Exchange 2013 needs Service Pack 1; 2016, 2019 and Subscription Edition work as they are."


class ImpersonationDenied(Misconfigured):
    """``ErrorImpersonateUserDenied``: the service account may not act as the mailbox."""

    code = "exchange.impersonation-denied"
    scope = Scope.MAILBOX
    summary = "{account} is not allowed to impersonate {mailbox}."
    remedy = (
        "Give {account} the ApplicationImpersonation role for a scope that includes the mailbox "
        "(New-ManagementRoleAssignment -Role ApplicationImpersonation -User {account}), then choose 'Test & Enable'."
    )


class MailboxNotFound(Misconfigured):
    """``ErrorNonExistentMailbox``: no mailbox with that address."""

    code = "exchange.mailbox-not-found"
    scope = Scope.MAILBOX
    summary = "Exchange has no mailbox with the address {mailbox}."
    remedy = "Correct the e-mail address of the user or queue, or create the mailbox in Exchange."


class TrackedFolderMissing(Misconfigured):
    """A tracked folder was deleted, moved out of the Inbox, or is no longer this person's."""

    code = "mailbox.tracked-folder-missing"
    scope = Scope.ITEM
    summary = "The tracked folder {folder} of {mailbox} is no longer in its Inbox."
    remedy = "Choose the folder again, or remove it from the tracked folders; what was tracked from it stays."


class MailboxAccessDenied(Misconfigured):
    """The mailbox exists, but may not be opened."""

    code = "exchange.mailbox-access-denied"
    scope = Scope.MAILBOX
    summary = "The mailbox {mailbox} may not be opened ({response_code})."
    remedy = "Check that the mailbox is enabled and that its permissions were not changed; then choose 'Test & Enable'."


class AutodiscoverFailed(Misconfigured):
    """The whole lookup order was tried and nothing is there."""

    code = "autodiscover.failed"
    scope = Scope.PROFILE
    summary = "Autodiscover found no server for {mailbox}: {attempts}."
    remedy = "Publish Autodiscover for {domain} (autodiscover.{domain} with a valid certificate, or an SRV record _autodiscover._tcp.{domain}), or give the server location of the profile by hand."


class AutodiscoverHostNotAllowed(Misconfigured):
    """A redirect or an SRV record leads to a host that nobody has allowed; no password was sent to it."""

    code = "autodiscover.host-not-allowed"
    scope = Scope.PROFILE
    summary = "Autodiscover for {mailbox} leads to {host} ({origin}), which is not an allowed host."
    remedy = "If {host} is your own server, allow it: serversync profile edit PROFILE --autodiscover-hosts {host}; otherwise correct the redirect or the DNS record."


class AutodiscoverRedirectLoop(Misconfigured):
    """Redirects go in a circle, or there are more of them than are followed."""

    code = "autodiscover.redirect-loop"
    scope = Scope.PROFILE
    summary = "Autodiscover for {mailbox} is redirected without end: {reason}."
    remedy = "Correct the redirect at {address}, or give the server location of the profile by hand."


class AutodiscoverDomainUnusable(Misconfigured):
    """The domain of the address must not be asked: a single label, or a registry's own suffix."""

    code = "autodiscover.domain-unusable"
    scope = Scope.MAILBOX
    summary = "{domain}, the domain of {mailbox}, cannot be asked by Autodiscover: {reason}."
    remedy = "Correct the e-mail address of the mailbox, or give the server location of the profile by hand."


class AutodiscoverNotHere(Misconfigured):
    """Something answered at one address of the lookup order, but it is no Autodiscover service."""

    code = "autodiscover.not-here"
    scope = Scope.PROFILE
    summary = "{address} answered, but not as Autodiscover: {reason}."
    remedy = "Nothing to do where another address answers; otherwise publish the Autodiscover directory of Exchange at {host}."


class AutodiscoverRefused(Misconfigured):
    """The Autodiscover service answered with an error of its own."""

    code = "autodiscover.refused"
    scope = Scope.PROFILE
    summary = "Autodiscover at {address} answered {error_code} for {mailbox}: {message}."
    remedy = "Check the Autodiscover directory on {host} (Test-OutlookWebServices), or give the server location of the profile by hand."


class MailboxInExchangeOnline(Misconfigured):
    """Autodiscover sends on to Microsoft's cloud: the mailbox is not on-premises."""

    code = "autodiscover.exchange-online"
    scope = Scope.MAILBOX
    summary = "The mailbox {mailbox} is in Exchange Online ({target}), not on a server on-premises."
    remedy = "Take the mailbox out of this profile, or move it back on-premises; this product does not read Exchange Online."


class MailboxNotAllowed(Misconfigured):
    """The mailbox is not on the allow-list of its profile; nothing was sent to Exchange."""

    code = "profile.mailbox-not-allowed"
    scope = Scope.MAILBOX
    summary = "The mailbox {mailbox} is not among those that the profile {profile} may touch."
    remedy = "Add its address or domain to the allowed mailboxes (serversync profile edit '{profile}' --allow {mailbox}), or give the mailbox another profile."


class ScopeTooWide(Misconfigured):
    """Exchange lets the account act as a mailbox that was named as one to be denied."""

    code = "exchange.scope-too-wide"
    scope = Scope.PROFILE
    summary = "{account} may act as {mailbox}, which Exchange has to deny."
    remedy = "Limit the right to a management scope (New-ManagementScope -Name serversync -RecipientRestrictionFilter FILTER), then Get-ManagementRoleAssignment -RoleAssignee {account} -Role ApplicationImpersonation | Set-ManagementRoleAssignment -CustomRecipientWriteScope serversync."


class PlanWaiting(Misconfigured):
    """The first plan of a mailbox waits until somebody has looked at it; said in an alert, never raised."""

    code = "act.plan-waiting"
    scope = Scope.MAILBOX
    summary = (
        "Appointments, contacts and tasks of {mailbox} are not synchronized yet: somebody has to look at the plan"
        " ({counts})."
    )
    remedy = (
        "Look at the plan ('serversync mailbox sync {mailbox} --dry-run'); where it is what you want, let it happen:"
        " 'serversync mailbox approve-plan {mailbox}'."
    )


class DeletionsHeld(Misconfigured):
    """A pass would delete so much that it asks first; said in an alert, never raised."""

    code = "act.deletions-held"
    scope = Scope.ITEM
    summary = "{count} deletions in {mailbox} wait for you: {what}."
    remedy = (
        "Let them happen ('serversync mailbox held {mailbox} --delete'), or keep what is left"
        " ('serversync mailbox held {mailbox} --keep'). Where another mailbox has taken the address, fill it again from the"
        " CRM: 'serversync mailbox held {mailbox} --fill'."
    )


class SyncedByAnotherOrganization(Misconfigured):
    """The marker in a mailbox is that of another organization."""

    code = "act.another-organization"
    scope = Scope.MAILBOX
    summary = (
        "{mailbox} is kept in step by another organization, {organization} ({organizationid}), since {since}."
    )
    remedy = (
        "Leave its appointments, contacts and tasks to that organization ('serversync mailbox edit {mailbox} --act"
        " none'), or sync items with Exchange from this org only: 'serversync mailbox test-enable {mailbox} --primary'."
    )


class SecretKeyUnusable(Misconfigured):
    """The key that seals passwords is missing or another one."""

    code = "secrets.key-unusable"
    scope = Scope.PROCESS
    summary = "A stored password cannot be opened with the key in {source}."
    remedy = "Bring back the key file that was in use, or enter the passwords of the profiles again."


class SecretKeyExposed(Misconfigured):
    """The file of the key may be read by others than its owner."""

    code = "secrets.key-exposed"
    scope = Scope.PROCESS
    summary = "The key file {path} may be read by others (mode {mode}), so it is not used."
    remedy = "Take the rights away (chmod 600 {path}); if somebody may have read it, change the key afterwards (serversync secrets rotate) and the passwords of the accounts."


class InputInvalid(Misconfigured):
    """Somebody entered a value that cannot be used."""

    code = "input.invalid"
    scope = Scope.PROCESS
    summary = "{field}: {reason}."
    remedy = "Correct the value of {field} and try again."


class PrivilegeMissing(Misconfigured):
    """Somebody asked for what his roles do not give."""

    code = "access.privilege-missing"
    scope = Scope.PROCESS
    summary = "{who} may not do this: the privilege {privilege} is missing{extent}."
    remedy = "An administrator can give a role that has {privilege}: Users, or 'serversync user edit LOGIN --role ROLE'."


class LogOnRefused(Misconfigured):
    """Name and password do not match, or the user is disabled."""

    code = "access.log-on-refused"
    scope = Scope.PROCESS
    summary = "Log-in name and password do not match."
    remedy = "Mind capital letters; an administrator can set a new password: 'serversync user edit LOGIN --ask-password'."


class LogOnLocked(Misconfigured):
    """Too many failed log-ins: the next ones are not even looked at for a while."""

    code = "access.log-on-locked"
    scope = Scope.PROCESS
    summary = "There were too many failed log-ins: this one was not looked at. The next may be tried {when}."
    remedy = "Wait, or let an administrator lift the lock: 'serversync user unlock LOGIN'."


class KeyRefused(Misconfigured):
    """A request to the API has no key that is in force."""

    code = "access.key-refused"
    scope = Scope.PROCESS
    summary = "The API asks for a key: {reason}."
    remedy = (
        "Send 'Authorization: Bearer KEY' with a key that is in force; the command 'user key add' makes one."
    )


class RecordNotFound(Misconfigured):
    """A name or id that nothing has."""

    code = "input.not-found"
    scope = Scope.PROCESS
    summary = "There is no {kind} called {name}."
    remedy = "List what exists with 'serversync {kind} list'."


class DatabaseMisconfigured(Misconfigured):
    """DATABASE_URL cannot be used."""

    code = "database.misconfigured"
    scope = Scope.PROCESS
    summary = "DATABASE_URL cannot be used: {reason}."
    remedy = (
        "Give postgresql://user:password@host:5432/name, or unset DATABASE_URL to use the embedded database."
    )


class DatabaseStartFailed(Misconfigured):
    """The embedded PostgreSQL did not start."""

    code = "database.start-failed"
    scope = Scope.PROCESS
    summary = "The embedded database in {folder} did not start: {reason}."
    remedy = "Read {log}; check free space and the permissions of the folder, or set DATABASE_URL to a PostgreSQL of your own."
