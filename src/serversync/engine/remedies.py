"""What exactly to do on the Exchange side about an error, with the commands of its shell filled in.

An error that is repaired on our side, or by itself, keeps the remedy of its class.
"""

from collections.abc import Callable, Mapping
from typing import Final

from serversync.core.errors import ServiceError

_ADDRESSES: Final = "Get-WebServicesVirtualDirectory | Format-List Identity,InternalUrl,ExternalUrl shows the address of the server"


def remedy_for(error: ServiceError) -> str:
    """Return what to do next, as sentences."""
    details = {key: str(value) for key, value in error.details.items() if value is not None}
    told = _ANSWERS.get(details.get("response_code", "")) or _STATUSES.get(details.get("status", ""))
    if error.code == "exchange.busy" and details.get("status", "").startswith(("3", "5")):
        told = _IN_TROUBLE  # a page or a redirect to one: nobody asked for a pause
    if told is None and not details.get("remedy"):
        told = _CODES.get(error.code)
    if told is None:
        return error.remedy_text
    return told if isinstance(told, str) else told(_Filled(details))


class _Filled(dict[str, str]):
    """Details for the braces of a remedy, as one word of PowerShell where they stand in quotation marks."""

    def __missing__(self, key: str) -> str:
        return _UNKNOWN.get(key, "-")

    def quoted(self, key: str) -> str:
        """Return a detail between single quotation marks."""
        return "'" + self[key].replace("'", "''") + "'"


Remedy = str | Callable[[_Filled], str]
_UNKNOWN: Final = {"account": "ACCOUNT", "mailbox": "MAILBOX", "server": "SERVER", "host": "the server"}


def directory(server: str = "") -> str:
    r"""Return the name of the EWS virtual directory, for the parameter ``-Identity``.

    >>> directory("EXCH01")
    "'EXCH01\\EWS (Default Web Site)'"
    """
    name = server or "SERVER"
    return f"'{name}\\EWS (Default Web Site)'"


def _impersonation(details: _Filled) -> str:
    account = details.quoted("account")
    return (
        "In the Exchange Management Shell: "
        f"New-ManagementRoleAssignment -Name serversync -Role ApplicationImpersonation -User {account}. "
        f"If {details['account']} has the role already, its scope leaves {details['mailbox']} out: "
        f"Get-ManagementRoleAssignment -RoleAssignee {account} -Role ApplicationImpersonation "
        "| Format-List Name,CustomRecipientWriteScope. A change takes some minutes to act, or a recycling of "
        "MSExchangeServicesAppPool."
    )


def _impersonation_failed(details: _Filled) -> str:
    return (
        "Exchange could not look the account or the mailbox up in the directory: see that a domain controller answers "
        f"(Test-ServiceHealth, Get-ADDomainController) and that Get-Mailbox {details.quoted('mailbox')} finds "
        "the mailbox, then test again."
    )


def _no_mailbox(details: _Filled) -> str:
    return (
        f"Get-Recipient {details.quoted('mailbox')} shows what Exchange knows under this address. Correct the e-mail "
        "address of the user or queue, or give another mailbox with --mailbox; a distribution group or mail contact "
        "has no mailbox."
    )


def _not_primary(details: _Filled) -> str:
    return (
        f"Use the primary address of the mailbox: Get-Mailbox {details.quoted('mailbox')} "
        "| Format-List PrimarySmtpAddress."
    )


def _disabled(details: _Filled) -> str:
    return (
        f"The account of the mailbox is disabled: Enable-ADAccount (Get-Mailbox {details.quoted('mailbox')})"
        ".SamAccountName, or leave the mailbox out."
    )


def _access(details: _Filled) -> str:
    return (
        f"See that the mailbox is in order: Get-Mailbox {details.quoted('mailbox')} | Format-List "
        f"ExchangeGuid,Database,IsMailboxEnabled; without impersonation the account needs Add-MailboxPermission "
        f"{details.quoted('mailbox')} -User {details.quoted('account')} -AccessRights FullAccess."
    )


def _away(details: _Filled) -> str:
    return (
        "See that the database of the mailbox is mounted and no move is under way: "
        f"Get-MailboxDatabase -Identity (Get-Mailbox {details.quoted('mailbox')}).Database -Status "
        f"| Format-List Name,Mounted; Get-MoveRequest {details.quoted('mailbox')}."
    )


def _forbidden(details: _Filled) -> str:
    who = details.quoted("mailbox") if "mailbox" in details else details.quoted("account")
    return (
        f"Open EWS to the mailbox: Set-CASMailbox {who} -EwsEnabled $true. If Get-OrganizationConfig | Format-List Ews* "
        "shows an access policy, let the program in: Set-OrganizationConfig -EwsAllowList @{Add='serversync/*'}. "
        "Address filters (IIS: IP Address and Domain Restrictions) and proxies answer the same."
    )


def _password(details: _Filled) -> str:
    name = details["account"].rpartition("\\")[2].partition("@")[0]
    return (
        "Check user name and password of the profile. Of the account in the directory: "
        f"Get-ADUser '{name}' -Properties LockedOut,PasswordExpired,Enabled; a lock is lifted with "
        f"Unlock-ADAccount '{name}'."
    )


def _password_over(details: _Filled) -> str:
    return password_over(details["account"])


def password_over(account: str) -> str:
    """Return what to do about a password that has expired or soon will."""
    name = account.rpartition("\\")[2].partition("@")[0]
    return (
        f"Set a new password (Set-ADAccountPassword '{name}' -Reset), exempt the service account from expiry "
        f"(Set-ADUser '{name}' -PasswordNeverExpires $true), and enter it in the profile."
    )


def _blocked_account(details: _Filled) -> str:
    return (
        f"The account {details['account']} is blocked, or must change its password or sign in interactively first: log "
        "on as it once (Outlook on the web), then test again."
    )


def _not_offered(details: _Filled) -> str:
    wanted = details["wanted"]
    switch = "-BasicAuthentication" if wanted == "Basic" else "-WindowsAuthentication"
    scheme = "ntlm" if wanted == "Basic" else "basic"
    either = (
        f", or choose what is offered: serversync profile edit PROFILE --auth {scheme}"
        if ("Basic" in details["offered"]) != (wanted == "Basic") and details["offered"] != "none"
        else ""
    )
    return (
        f"In the Exchange Management Shell: Set-WebServicesVirtualDirectory -Identity {directory(details.get('server', ''))} "
        f"{switch} $true, then iisreset{either}."
    )


_NOTHING_THERE: Final = f"Correct the path of the server location, usually /EWS/Exchange.asmx: {_ADDRESSES}. A proxy must pass /EWS/* on."

_METHOD_REFUSED: Final = (
    "Let POST requests to /EWS/* through: request filtering of IIS (HTTP Verbs), and the rules of a proxy. "
    f"{_ADDRESSES}."
)

_LOG_ON_PAGE: Final = (
    "A proxy wants people to log on at its own page. Publish /EWS/* without pre-authentication (pass-through), "
    f"or give the address inside: {_ADDRESSES}."
)

_WEB_PAGE: Final = (
    "Something else than EWS answers at this address: a proxy's page, or another web site. "
    f"{_ADDRESSES}; publish /EWS/* without pre-authentication (pass-through)."
)

_TOO_LARGE: Final = (
    "A request of usual size is refused already: raise maxAllowedContentLength and maxReceivedMessageSize in the "
    "web.config of the EWS site, and the limit of a proxy in between."
)

_IN_TROUBLE: Final = (
    "On the Exchange server: Test-ServiceHealth, Get-WebAppPoolState MSExchangeServicesAppPool (Restart-WebAppPool "
    "MSExchangeServicesAppPool where it is stopped), and the application log. Through a proxy, see that its back "
    "end is up."
)


def _busy(details: _Filled) -> str:
    account = details.quoted("account")
    return (
        "Test again after the pause. To spare the service account the limits: New-ThrottlingPolicy serversync "
        "-ThrottlingPolicyScope Regular -EwsMaxConcurrency Unlimited -EwsMaxBurst Unlimited -EwsRechargeRate Unlimited "
        f"-EwsCutoffBalance Unlimited; Set-ThrottlingPolicyAssociation {account} -ThrottlingPolicy serversync."
    )


_PROXY_WANTS_LOG_ON: Final = (
    "Give the proxy a user name and password: serversync profile edit PROFILE --proxy http://USER@PROXY:PORT "
    "--proxy-password-file FILE, or let this machine through it without."
)


def _unreachable(details: _Filled) -> str:
    if details.get("proxy_status") == "407":
        return _PROXY_WANTS_LOG_ON
    if "proxy_status" in details:
        return f"Let the proxy connect to {details['host_wanted']} (CONNECT), or correct the proxy of the profile."
    if details["reason"].startswith("TLS could not be set up") or "TLS was not" in details["reason"]:
        return (
            "The server must speak TLS 1.2 or 1.3: enable it in Schannel on every Exchange server (Exchange 2010 and 2013 "
            "do not by themselves), or at the proxy that ends TLS."
        )
    if "DNS" in details["reason"]:
        return "Check the DNS servers of this machine (resolvectl status, /etc/resolv.conf)."
    return (
        f"See that the server runs and that firewalls let this machine reach {details['host']} on port {details['port']} "
        "(EWS needs port 443)."
    )


def _broken(details: _Filled) -> str:
    if "log-on" in details["reason"]:
        return (
            "A proxy in between changes connections while somebody logs on, which NTLM does not bear: pass EWS on as TCP, "
            "or keep client and server connections together (F5: NTLM profile without OneConnect; nginx: stream), or "
            "choose Basic over TLS."
        )
    return (
        "Something cuts the connection before the answer is complete: look at time-outs and inspection of proxies and "
        "firewalls in between, and at the application log of the Exchange server."
    )


_UNREADABLE: Final = (
    "Something changes the answers on their way: switch off content inspection, compression and rewriting for /EWS/* "
    "in proxies and firewalls, then test again."
)

_ANSWERS: Final[Mapping[str, Remedy]] = {
    "ErrorImpersonationFailed": _impersonation_failed,
    "ErrorNonPrimarySmtpAddress": _not_primary,
    "ErrorAccountDisabled": _disabled,
    "ErrorPasswordExpired": _password_over,
    "ErrorPasswordChangeRequired": _password_over,
}
"""Remedies by the word of Exchange."""
_STATUSES: Final[Mapping[str, Remedy]] = {
    "405": _METHOD_REFUSED,
    "413": _TOO_LARGE,
    "440": _LOG_ON_PAGE,
    "456": _blocked_account,
    "500": _IN_TROUBLE,
    "502": _IN_TROUBLE,
    "503": _IN_TROUBLE,
    "504": _IN_TROUBLE,
    "301": _LOG_ON_PAGE,
    "302": _LOG_ON_PAGE,
    "303": _LOG_ON_PAGE,
    "307": _LOG_ON_PAGE,
    "308": _LOG_ON_PAGE,
    "404": _NOTHING_THERE,
    "410": _NOTHING_THERE,
}
"""Remedies by HTTP status, where no SOAP answer came."""
_CODES: Final[Mapping[str, Remedy]] = {
    "exchange.impersonation-denied": _impersonation,
    "exchange.mailbox-not-found": _no_mailbox,
    "exchange.mailbox-access-denied": _access,
    "exchange.mailbox-unavailable": _away,
    "exchange.forbidden": _forbidden,
    "exchange.authentication-failed": _password,
    "exchange.authentication-not-offered": _not_offered,
    "exchange.not-exchange": _WEB_PAGE,
    "exchange.item-too-large": _TOO_LARGE,
    "exchange.busy": _busy,
    "exchange.unreachable": _unreachable,
    "exchange.connection-lost": _broken,
    "exchange.answer-unreadable": _UNREADABLE,
}
"""Remedies by the code of the error."""
