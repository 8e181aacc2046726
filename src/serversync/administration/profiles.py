"""Email server profiles: entering, checking and trying out how an Exchange server is reached.

Every value is checked when it is entered, by the rules of the profile form. A password goes in and never comes out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypedDict

from django.db import IntegrityError, transaction
from django.db.models import Count

from serversync.administration import audit, entries, privileges
from serversync.administration.locking import lock
from serversync.administration.profile_access import (
    enter_allowed,
    enter_credentials,
    enter_outside,
    enter_proxy,
    enter_proxy_password,
    server_type,
)
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import EmailServerProfile, Mailbox, SystemUser
from serversync.crm.models.emailserverprofile import AuthenticationProtocol, CredentialRetrieval
from serversync.crm.models.options import StateCode, StatusCode
from serversync.crm.privileges import Privilege
from serversync.exchange.autodiscover.names import parse_hosts
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.inspection import authorities

AUTHENTICATION: Final = {
    "auto": AuthenticationProtocol.AUTO_DETECT,
    "ntlm": AuthenticationProtocol.NTLM,
    "negotiate": AuthenticationProtocol.NEGOTIATE,
    "basic": AuthenticationProtocol.BASIC,
}
"""What can be chosen, by the word for it."""

_WHERE: Final = frozenset(
    {"useautodiscover", "autodiscoverurl", "autodiscoverhosts", "incomingserverlocation"}
)


class ProfileEntries(TypedDict, total=False):
    """What a person enters; a key that is missing stays as it is. Keys are logical names.

    ``incomingauthenticationprotocol`` is a word of ``AUTHENTICATION``, ``servertype`` and
    ``incomingcredentialretrieval`` words of ``profile_access``; passwords are sealed at once; ``cafile`` is the path of
    a PEM file; ``allow`` and ``disallow`` are added to and taken from ``allowedmailboxes``.
    """

    description: str
    servertype: str
    useautodiscover: bool
    autodiscoverurl: str
    autodiscoverhosts: str
    incomingserverlocation: str
    outgoingserverlocation: str
    incomingusername: str
    incomingpassword: str
    incomingauthenticationprotocol: str
    incominguseimpersonation: bool
    cafile: Path | None
    incomingcredentialretrieval: str
    proxyurl: str
    proxypassword: str
    allow: Sequence[str]
    disallow: Sequence[str]
    outsidemailbox: str
    processemailsreceivedafter: datetime | None
    minpollingintervalinminutes: int
    maxconcurrentconnections: int
    usestreamingnotifications: bool
    moveundeliveredemails: bool
    sendemailalert: bool
    timeoutmailboxconnectionafteramount: int


def add(name: str, values: ProfileEntries, *, owner: SystemUser | None = None) -> EmailServerProfile:
    """Add a profile with the credentials of one account for all mailboxes.

    Raises:
        InputInvalid: a value cannot be used, something is missing, or the name is taken.
        AddressInvalid: the server location could never work.
        InsecureAddress: the server location is not https.
        PrivilegeMissing: the actor may not make profiles.
    """
    actor = privileges.require(Privilege.CREATE_PROFILE)
    profile = _new(name, owner or actor.user)
    _enter(profile, values)
    with transaction.atomic():
        _save(profile)
        audit.created("profile.add", profile)
    return profile


def check(name: str, values: ProfileEntries) -> None:
    """Refuse what ``add`` would refuse, before a person is asked for the password; nothing is stored.

    Raises:
        InputInvalid: a value cannot be used, or something but the password is missing.
        AddressInvalid: the server location could never work.
        InsecureAddress: the server location is not https.
    """
    _enter(_new(name, None), values)


def edit(name: str, values: ProfileEntries, *, new_name: str | None = None) -> EmailServerProfile:
    """Change what is given of a profile; workers connect anew with it.

    Raises:
        RecordNotFound: there is no such profile.
        InputInvalid: a value cannot be used, something is missing, or the new name is taken.
        AddressInvalid: the server location could never work.
        InsecureAddress: the server location is not https.
        PrivilegeMissing: the actor may not change the profile.
    """
    profile = find(name)
    privileges.require_for(Privilege.WRITE_PROFILE, [profile])
    with transaction.atomic(), audit.changes("profile.edit", [profile]):
        if new_name is not None:
            profile.name = entries.text(new_name, "Name", longest=100)
        _enter(profile, values)
        if _WHERE & set(values):
            # What was found under other rules is not used any more.
            lock(profile.mailboxes.all()).update(
                ewsurl=None, groupinginformation=None, lastautodiscoveredon=None
            )
        return _save(profile)


def set_state(name: str, *, active: bool) -> EmailServerProfile:
    """Activate or deactivate a profile; the mailboxes of an inactive one are not synchronized.

    Raises:
        RecordNotFound: there is no such profile.
        PrivilegeMissing: the actor may not change the profile.
    """
    profile = find(name)
    privileges.require_for(Privilege.WRITE_PROFILE, [profile])
    act = "profile.activate" if active else "profile.deactivate"
    with transaction.atomic(), audit.changes(act, [profile]):
        profile.statecode = StateCode.ACTIVE if active else StateCode.INACTIVE
        profile.statuscode = StatusCode.ACTIVE if active else StatusCode.INACTIVE
        profile.save(update_fields=["statecode", "statuscode", "modifiedon"])
    return profile


def find(name: str) -> EmailServerProfile:
    """Return a profile by name, in any case of letters.

    Raises:
        RecordNotFound: there is none.
    """
    wanted = name.strip()
    rows = privileges.reach(Privilege.READ_PROFILE, EmailServerProfile.objects.all())
    profile = rows.filter(name=wanted).first() or rows.filter(name__iexact=wanted).first()
    if profile is None:
        raise RecordNotFound(kind="profile", name=wanted)
    return profile


def find_all() -> list[tuple[EmailServerProfile, int]]:
    """Return the profiles, by name, each with the number of its mailboxes."""
    rows = privileges.reach(Privilege.READ_PROFILE, EmailServerProfile.objects.order_by("name"))
    mailboxes = Mailbox.objects.filter(emailserverprofile__isnull=False).order_by()
    counts = dict(mailboxes.values_list("emailserverprofile").annotate(Count("pk")))
    return [(profile, counts.get(profile.pk, 0)) for profile in rows]


def names() -> list[str]:
    """Return the names of the profiles, in order."""
    rows = privileges.reach(Privilege.READ_PROFILE, EmailServerProfile.objects.order_by("name"))
    return list(rows.values_list("name", flat=True))


def missing(profile: EmailServerProfile) -> list[str]:
    """Return what a connection would need and the profile lacks, in the words of its form."""
    lacking = []
    if not profile.incomingserverlocation and not profile.useautodiscover:
        lacking.append("server location")
    if profile.incomingcredentialretrieval == CredentialRetrieval.USER_OR_QUEUE:
        return lacking
    if not profile.incomingusername:
        lacking.append("user name")
    if not profile.isincomingpasswordset:
        lacking.append("password")
    return lacking


def read_authorities(path: Path) -> Path:
    """Return the absolute path of a CA file after reading it.

    Raises:
        InputInvalid: it cannot be read, or it holds no certificate in PEM form.
    """
    authorities.read_file(path)
    return path.expanduser().absolute()


def _new(name: str, owner: SystemUser | None) -> EmailServerProfile:
    return EmailServerProfile(
        name=entries.text(name, "Name", longest=100),
        incomingcredentialretrieval=CredentialRetrieval.EMAIL_SERVER_PROFILE,
        outgoingcredentialretrieval=CredentialRetrieval.EMAIL_SERVER_PROFILE,
        incomingauthenticationprotocol=AuthenticationProtocol.AUTO_DETECT,
        outgoingauthenticationprotocol=AuthenticationProtocol.AUTO_DETECT,
        incominguseimpersonation=True,
        ownerid=owner,
    )


def _enter(profile: EmailServerProfile, values: ProfileEntries) -> None:
    _enter_addresses(profile, values)
    _enter_autodiscover(profile, values)
    _enter_account(profile, values)
    _enter_limits(profile, values)
    if "description" in values:
        text = values["description"].strip()
        profile.description = entries.text(text, "Description", longest=2000) if text else None
    if "servertype" in values:
        profile.servertype = server_type(values["servertype"])
    for flag in (
        "moveundeliveredemails",
        "sendemailalert",
        "incominguseimpersonation",
        "usestreamingnotifications",
    ):
        if flag in values:
            setattr(profile, flag, values[flag])
    profile.outgoinguseimpersonation = profile.incominguseimpersonation
    lacking = [one for one in missing(profile) if one != "password"]
    if lacking:
        raise InputInvalid(field=f"Profile {profile.name}", reason=f"it has no {' and no '.join(lacking)}")


def _enter_addresses(profile: EmailServerProfile, values: ProfileEntries) -> None:
    if "incomingserverlocation" in values:
        profile.incomingserverlocation = Endpoint.parse(values["incomingserverlocation"]).url
        profile.useautodiscover = False
    if "outgoingserverlocation" in values:
        text = values["outgoingserverlocation"].strip()
        profile.usesamesettingsforoutgoingconnections = not text
        profile.outgoingserverlocation = Endpoint.parse(text).url if text else None
    if profile.usesamesettingsforoutgoingconnections:
        profile.outgoingserverlocation = profile.incomingserverlocation
    if "cafile" in values:
        path = values["cafile"]
        profile.cafile = str(read_authorities(path)) if path else None
    if "proxyurl" in values:
        enter_proxy(profile, values["proxyurl"])
    if "proxypassword" in values:
        enter_proxy_password(profile, values["proxypassword"])
    if "allow" in values or "disallow" in values:
        enter_allowed(profile, values.get("allow", ()), values.get("disallow", ()))
    if "outsidemailbox" in values:
        enter_outside(profile, values["outsidemailbox"])


def _enter_autodiscover(profile: EmailServerProfile, values: ProfileEntries) -> None:
    """Enter whether the server is found by itself, and where a search may go."""
    if values.get("useautodiscover"):
        if values.get("incomingserverlocation"):
            raise InputInvalid(
                field="Auto Discover Server Location", reason="give either this or a server location"
            )
        profile.useautodiscover = True
        profile.incomingserverlocation = None
        if profile.usesamesettingsforoutgoingconnections:
            profile.outgoingserverlocation = None
    elif "useautodiscover" in values and not values["useautodiscover"]:
        profile.useautodiscover = False
    if "autodiscoverurl" in values:
        text = values["autodiscoverurl"].strip()
        profile.autodiscoverurl = Endpoint(url=text).url if text else None
    if "autodiscoverhosts" in values:
        profile.autodiscoverhosts = "\n".join(parse_hosts(values["autodiscoverhosts"])) or None


def _enter_account(profile: EmailServerProfile, values: ProfileEntries) -> None:
    if "incomingcredentialretrieval" in values:
        enter_credentials(profile, values["incomingcredentialretrieval"])
    if "incomingusername" in values:
        profile.incomingusername = username(values["incomingusername"])
    if "incomingpassword" in values:
        password = values["incomingpassword"]
        if not password:
            raise InputInvalid(field="Password", reason="it is empty")
        profile.set_incomingpassword(password)
    if "incomingauthenticationprotocol" in values:
        protocol = _choice(values["incomingauthenticationprotocol"], AUTHENTICATION, "Authentication")
        profile.incomingauthenticationprotocol = profile.outgoingauthenticationprotocol = protocol


def username(text: str) -> str:
    r"""Return the name of an account: a user principal name, or ``DOMAIN\user``, which NTLM alone takes.

    Raises:
        InputInvalid: it is neither.
    """
    name = entries.text(text, "User Name", longest=250)
    domain, backslash, user = name.partition("\\")
    if backslash and (not domain or not user):
        raise InputInvalid(field="User Name", reason=f"{name} is not of the form DOMAIN\\user")
    if not backslash:
        account, at, realm = name.rpartition("@")
        if not at or not account or not realm:
            raise InputInvalid(
                field="User Name",
                reason=f"{name} is not a user principal name like svc-crm@example.org (nor DOMAIN\\user)",
            )
    return name


def _enter_limits(profile: EmailServerProfile, values: ProfileEntries) -> None:
    if "processemailsreceivedafter" in values:
        profile.processemailsreceivedafter = values["processemailsreceivedafter"]
    if "minpollingintervalinminutes" in values:
        profile.minpollingintervalinminutes = _within(
            values["minpollingintervalinminutes"], 0, 1440, "Minimum Polling Interval in Minutes"
        )
    if "maxconcurrentconnections" in values:
        profile.maxconcurrentconnections = _within(
            values["maxconcurrentconnections"], 1, 300, "Maximum Concurrent Connections"
        )
    if "timeoutmailboxconnectionafteramount" in values:
        profile.timeoutmailboxconnectionafteramount = _within(
            values["timeoutmailboxconnectionafteramount"], 1, 100_000, "Time-out in milliseconds"
        )


def _within(number: int, lowest: int, highest: int, field: str) -> int:
    if not lowest <= number <= highest:
        raise InputInvalid(field=field, reason=f"{number} is not within {lowest} to {highest}")
    return number


def _choice(word: str, options: Mapping[str, int], field: str) -> int:
    found = options.get(word.strip().lower())
    if found is None:
        raise InputInvalid(field=field, reason=f"{word!r} is not one of {', '.join(options)}")
    return int(found)


def _save(profile: EmailServerProfile) -> EmailServerProfile:
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError as error:
        raise InputInvalid(
            field="Name", reason=f"there is a profile called {profile.name} already"
        ) from error
    return profile
