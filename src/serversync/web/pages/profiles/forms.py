"""The form of a profile, in the sections of its page; the use case checks every value."""

from datetime import datetime
from typing import Any, Final, cast

from django import forms
from django.forms.boundfield import BoundField

from serversync.administration import authorities, profile_access
from serversync.administration.profiles import AUTHENTICATION, ProfileEntries
from serversync.crm.models import EmailServerProfile

_YES_NO: Final = (("yes", "Yes"), ("no", "No"))
_PROTOCOLS: Final = (
    ("auto", "Auto Detect"),
    ("ntlm", "NTLM"),
    ("negotiate", "Negotiate"),
    ("basic", "Basic"),
)

_USING: Final = (
    ("profile", "Credentials Specified in Email Server Profile"),
    ("mailbox", "Credentials Specified by a User or Queue"),
)

GENERAL: Final = (
    "name",
    "description",
    "useautodiscover",
    "incomingserverlocation",
    "outgoingserverlocation",
)
CREDENTIALS: Final = (
    "incomingcredentialretrieval",
    "incominguseimpersonation",
    "incomingusername",
    "incomingpassword",
    "incomingauthenticationprotocol",
)
ADDITIONAL: Final = (
    "processemailsreceivedafter",
    "minpollingintervalinminutes",
    "usestreamingnotifications",
    "maxconcurrentconnections",
    "timeoutmailboxconnectionafteramount",
    "moveundeliveredemails",
    "authority",
    "proxyurl",
    "allow",
    "outsidemailbox",
)
NOTIFICATIONS: Final = ("sendemailalert",)
LOCATIONS: Final = frozenset({"incomingserverlocation", "outgoingserverlocation"})
"""Fields that only count where Auto Discover Server Location is No."""


class ProfileForm(forms.Form):
    """What is entered about a profile; labels are those of Dataverse's form."""

    name = forms.CharField(label="Name", max_length=100)
    description = forms.CharField(
        label="Description", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    useautodiscover = forms.ChoiceField(
        label="Auto Discover Server Location", choices=_YES_NO, widget=forms.RadioSelect
    )
    incomingserverlocation = forms.CharField(
        label="Incoming Server Location",
        max_length=2084,
        required=False,
        help_text="For example https://mail.example.org/EWS/Exchange.asmx",
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )
    outgoingserverlocation = forms.CharField(
        label="Outgoing Server Location",
        max_length=2084,
        required=False,
        help_text="Empty is the same as for incoming e-mail.",
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )
    autodiscoverhosts = forms.CharField(
        label="Autodiscover Hosts",
        required=False,
        help_text="Further hosts that may get the password when autodiscover leads there, one a line.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    incomingcredentialretrieval = forms.ChoiceField(
        label="Authenticate Using",
        choices=_USING,
        required=False,
        widget=forms.RadioSelect,
        help_text="One account for all mailboxes, or that of each mailbox (Mailboxes > Credentials).",
    )
    incominguseimpersonation = forms.BooleanField(
        label="Authenticate Using Impersonation",
        required=False,
        help_text="The account below has the ApplicationImpersonation role and acts as each mailbox.",
    )
    incomingusername = forms.CharField(
        label="User Name",
        max_length=250,
        required=False,
        help_text="A user principal name or address, such as svc-crm@example.org. For NTLM also DOMAIN\\user, where the"
        " directory knows the account by no such name; it need not be the address of a mailbox.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    incomingpassword = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    incomingauthenticationprotocol = forms.ChoiceField(label="Authentication", choices=_PROTOCOLS)
    processemailsreceivedafter = forms.DateTimeField(
        label="Process Email From",
        required=False,
        help_text="In your time zone. Empty takes all mail; a time in the past counts for newly associated mailboxes.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    minpollingintervalinminutes = forms.IntegerField(
        label="Minimum Polling Interval in Minutes", min_value=0, max_value=1440
    )
    usestreamingnotifications = forms.BooleanField(
        label="Let Exchange tell of changes",
        required=False,
        help_text="Over streams, at once; mailboxes are polled as well.",
    )
    maxconcurrentconnections = forms.IntegerField(
        label="Maximum Concurrent Connections", min_value=1, max_value=300
    )
    timeoutmailboxconnectionafteramount = forms.IntegerField(
        label="Time-out in milliseconds", min_value=1, max_value=100_000
    )
    moveundeliveredemails = forms.BooleanField(
        label="Move Failed Emails to Undeliverable Folder", required=False
    )
    authority = forms.FileField(
        label="CA file",
        required=False,
        help_text="Certificate of a certificate authority of your own, in PEM form.",
        widget=forms.FileInput(attrs={"accept": ".pem,.crt,.cer"}),
    )
    proxyurl = forms.CharField(
        label="Proxy",
        max_length=2084,
        required=False,
        help_text="For example http://proxy.example.org:3128",
    )
    allow = forms.CharField(
        label="Allowed Mailboxes",
        required=False,
        help_text="Addresses or domains, one a line: no other mailbox is touched. Empty allows every one.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    outsidemailbox = forms.CharField(
        label="Mailbox to be denied",
        max_length=100,
        required=False,
        help_text="Address of a mailbox outside of the account's scope: Test Connection sees that Exchange denies it.",
    )
    sendemailalert = forms.BooleanField(
        label="Alert the owner of the profile about major events",
        required=False,
        help_text="Once when more than 50 % of the mailboxes failed within an hour, and once when that is over.",
    )

    def __init__(self, *args: Any, profile: EmailServerProfile | None = None, **kwargs: Any) -> None:
        """Begin with what the profile has, or with the defaults of a new one."""
        kwargs["initial"] = initial(profile)
        super().__init__(*args, **kwargs)
        if profile is not None:
            self.fields["incomingpassword"].help_text = "Empty keeps the present one."
        self._has_password = profile is not None and profile.isincomingpasswordset

    def clean(self) -> dict[str, Any]:
        """Ask for an account where the profile has it; where each mailbox has its own, none is needed."""
        data = super().clean() or self.cleaned_data
        if data.get("incomingcredentialretrieval") == "profile":
            given = {"incomingusername", *(("incomingpassword",) if not self._has_password else ())}
            for name in given:
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, "Enter it, or let each mailbox have its own.")
        return data

    def clean_incomingcredentialretrieval(self) -> str:
        """Return what was chosen, or what it was before."""
        return str(
            self.cleaned_data["incomingcredentialretrieval"] or self.initial["incomingcredentialretrieval"]
        )

    def clean_allow(self) -> str:
        """Return the allowed ones, one a line, as they are kept."""
        return "\n".join(str(self.cleaned_data["allow"]).split())

    def clean_autodiscoverhosts(self) -> str:
        """Return the hosts, one a line, as they are kept."""
        return "\n".join(str(self.cleaned_data["autodiscoverhosts"]).split())

    def part(self, names: tuple[str, ...]) -> list[BoundField]:
        """Return the fields of a section."""
        return [self[name] for name in names]

    def general(self) -> list[BoundField]:
        """Return the section General without the locations."""
        return self.part(tuple(name for name in GENERAL if name not in LOCATIONS))

    def locations(self) -> list[BoundField]:
        """Return the server locations."""
        return self.part(tuple(name for name in GENERAL if name in LOCATIONS))

    def credentials(self) -> list[BoundField]:
        """Return the section Credentials."""
        return self.part(CREDENTIALS)

    def additional(self) -> list[BoundField]:
        """Return Advanced > Additional Settings."""
        return self.part(ADDITIONAL)

    def notifications(self) -> list[BoundField]:
        """Return Email Notifications."""
        return self.part(NOTIFICATIONS)

    def entries(self, profile: EmailServerProfile | None, servertype: str) -> ProfileEntries:
        """Return what the use case takes: of a profile that exists only what was changed.

        Raises:
            InputInvalid: the CA file is none.
        """
        data, before = self.cleaned_data, initial(profile)
        values: dict[str, Any] = {
            name: data[name]
            for name in data
            if name not in {"name", "authority", "incomingpassword", "useautodiscover", *LOCATIONS}
            and (profile is None or data[name] != before.get(name))
        }
        if profile is None:
            values["servertype"] = servertype
        if data["useautodiscover"] == "yes":
            if profile is None or not profile.useautodiscover:
                values["useautodiscover"] = True
        else:
            for name in LOCATIONS:
                is_new = profile is None or data[name] != before.get(name) or profile.useautodiscover
                if is_new and (data[name] or profile is not None or name == "incomingserverlocation"):
                    values[name] = data[name]
        if not values.get("incomingusername"):
            values.pop("incomingusername", None)
        if "allow" in values:
            values["allow"] = ["-", *data["allow"].split()]
        if data["incomingpassword"]:
            values["incomingpassword"] = data["incomingpassword"]
        if data["authority"] is not None:
            values["cafile"] = authorities.store(data["authority"].read(authorities.LARGEST + 1))
        return cast("ProfileEntries", values)


def initial(profile: EmailServerProfile | None) -> dict[str, Any]:
    """Return what the form shows before anything is entered."""
    if profile is None:
        return {
            "useautodiscover": "yes",
            "incomingcredentialretrieval": "profile",
            "incominguseimpersonation": True,
            "usestreamingnotifications": True,
            "incomingauthenticationprotocol": "auto",
            "minpollingintervalinminutes": 0,
            "maxconcurrentconnections": 10,
            "timeoutmailboxconnectionafteramount": 100_000,
        }
    words = {int(number): word for word, number in AUTHENTICATION.items()}
    using = {int(number): word for word, number in profile_access.CREDENTIALS.items()}
    same = profile.usesamesettingsforoutgoingconnections
    since: datetime | None = profile.processemailsreceivedafter
    return {
        "name": profile.name,
        "description": profile.description or "",
        "useautodiscover": "yes" if profile.useautodiscover else "no",
        "incomingserverlocation": profile.incomingserverlocation or "",
        "outgoingserverlocation": "" if same else profile.outgoingserverlocation or "",
        "incomingcredentialretrieval": using.get(profile.incomingcredentialretrieval or 0, "profile"),
        "incominguseimpersonation": profile.incominguseimpersonation,
        "usestreamingnotifications": profile.usestreamingnotifications,
        "outsidemailbox": profile.outsidemailbox or "",
        "incomingusername": profile.incomingusername or "",
        "incomingauthenticationprotocol": words.get(profile.incomingauthenticationprotocol or 0, "auto"),
        "processemailsreceivedafter": since,
        "minpollingintervalinminutes": profile.minpollingintervalinminutes or 0,
        "maxconcurrentconnections": profile.maxconcurrentconnections,
        "timeoutmailboxconnectionafteramount": profile.timeoutmailboxconnectionafteramount or 100_000,
        "moveundeliveredemails": profile.moveundeliveredemails,
        "proxyurl": profile.proxyurl or "",
        "autodiscoverhosts": profile.autodiscoverhosts or "",
        "allow": "\n".join(profile_access.allowed(profile)),
        "sendemailalert": profile.sendemailalert,
    }
