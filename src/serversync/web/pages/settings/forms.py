"""The form of the organization's settings that steer e-mail, made from the settings themselves."""

from typing import Any, Final, NamedTuple

from django import forms
from django.forms.boundfield import BoundField

from serversync.administration import profiles
from serversync.administration.organization import Setting

PARTS: Final = (
    ("Process Email Using", {"emailconnectionchannel": "Process Email Using"}),
    (
        "Default synchronization method",
        {
            "defaultemailserverprofileid": "Server Profile",
            "defaultincomingemaildeliverymethod": "Incoming Email",
            "defaultoutgoingemaildeliverymethod": "Outgoing Email",
            "defaultactdeliverymethod": "Appointments, Contacts, and Tasks",
        },
    ),
    (
        "Email processing for unapproved user and queues",
        {
            "requireapprovalforuseremail": "Process emails only for approved users",
            "requireapprovalforqueueemail": "Process emails only for approved queues",
            "requireprivilegetoselfapproveemailaddress": "Approving the own address needs a privilege",
        },
    ),
    (
        "Tracking",
        {
            "isfolderbasedtrackingenabled": "Use folder-level tracking from Exchange folders",
            "emailcorrelationenabled": "Use correlation to track email conversations",
            "istrackingtokenenabled": "Use tracking tokens",
            "trackingprefix": "Prefix",
            "trackingtokenidbase": "Deployment base tracking number",
            "trackingtokeniddigits": "Number of digits for user numbers",
            "trackingtokencounterdigits": "Number of digits for incremental message counter",
            "enablesmartmatching": "Use smart matching",
            "ignoreinternalemail": "Track emails sent between users as one activity",
            "trackcategorizeditems": "People can use categories to track",
            "autotracksentfolderitems": "Allow auto-tracking on outgoing email",
        },
    ),
    (
        "Recipients and files",
        {
            "allowunresolvedpartiesonemailsend": "Allow messages with unresolved email recipients to be sent",
            "unresolveemailaddressifmultiplematch": (
                "Set To, cc, bcc fields as unresolved values if multiple matches are found in Incoming Emails"
            ),
            "maxuploadfilesize": "Maximum file size for attachments (bytes)",
        },
    ),
    (
        "Schedule",
        {"pollingintervalinseconds": "Seconds between two looks at a mailbox"},
    ),
    (
        "Synchronization of appointments, contacts and tasks",
        {
            "actplanfirst": "Show the plan before the first write",
            "actpollingintervalinseconds": "Seconds between two passes",
            "actconflictpreference": "Where both sides changed a field, what stays is the value of",
            "actleavingbehavior": "Items whose record leaves the filters",
            "actbrakecount": "Deletions at once that need nobody",
            "actbrakeshareinpercent": "or this share of the linked pairs in percent",
            "appointmentsyncdirection": "Appointments go",
            "synccalendarsubfolders": "Appointments in sub-folders of the calendar take part",
            "appointmentstartwindowindays": "Appointments that ended more days ago do not begin to take part",
            "sendmeetinginvitations": "Send invitations, updates and cancellations",
            "privateappointments": "Private appointments",
            "defaulttimezone": "Time zone of users who have chosen none",
            "appointmentdeletionbehaviorfromcrm": "Appointments deleted in the CRM, in Exchange",
            "appointmentdeletionbehaviorfromexchange": "Appointments deleted in Exchange, in the CRM",
            "contactsyncdirection": "Contacts go",
            "trackallcontacts": "All contacts of the mailboxes become contacts of the CRM",
            "contactduplicatekeys": "What makes two contacts the same person",
            "companynamechoosesparent": "A company typed in Outlook becomes the parent, where one account has this name",
            "contactdeletionbehaviorfromcrm": "Contacts deleted in the CRM, in Exchange",
            "contactdeletionbehaviorfromexchange": "Contacts deleted in Exchange, in the CRM",
            "tasksyncdirection": "Tasks go",
            "taskdeletionbehaviorfromcrm": "Tasks deleted in the CRM, in Exchange",
            "ssstaskdeletionsyncbehaviorfromexchange": "Tasks deleted in Exchange, in the CRM",
            "syncassignedtasks": "Synchronize tasks that are assigned in Outlook",
            "syncappointmentattachments": "Synchronize the attachments of appointments",
            "synctaskattachments": "Synchronize the attachments of tasks",
        },
    ),
    (
        "Configure alerts",
        {
            "generatealertsforerrors": "Error",
            "generatealertsforwarnings": "Warning",
            "generatealertsforinformation": "Information",
            "notifymailboxownerofemailserverlevelalerts": "Notify mailbox owner",
            "passwordwarningindays": "Days before a password of Exchange ends",
            "tracelogpersistencetimeindays": "Days that alerts are kept",
        },
    ),
)
"""The sections of the page: the settings in each, and the words of the form for them."""


class Part(NamedTuple):
    """A section of the form."""

    title: str
    fields: list[BoundField]


class SettingsForm(forms.Form):
    """One field for each setting of ``PARTS``, with the bounds that the setting has."""

    def __init__(self, data: Any, settings: dict[str, Setting]) -> None:
        """Make the fields from the settings in force."""
        super().__init__(data)
        self._settings = settings
        for _, names in PARTS:
            for name, label in names.items():
                self.fields[name] = _field(settings[name], label)

    def parts(self) -> list[Part]:
        """Return the sections in order."""
        return [Part(title, [self[name] for name in names]) for title, names in PARTS]

    def changes(self) -> dict[str, str]:
        """Return what was changed, as the use case takes it."""
        changed = {}
        for name, setting in self._settings.items():
            if name not in self.fields:
                continue
            given = self.cleaned_data[name]
            if setting.kind == "lookup":
                if given != setting.label:
                    changed[name] = given
            elif setting.kind == "boolean":
                if given != setting.value:
                    changed[name] = "yes" if given else "no"
            elif str(given) != str(setting.value):
                changed[name] = str(given)
        return changed


def _field(setting: Setting, label: str) -> forms.Field:
    hint = f"Default: {_shown(setting)}."
    if setting.kind == "boolean":
        return forms.BooleanField(label=label, required=False, initial=setting.value, help_text=hint)
    if setting.kind == "lookup":
        names = [(name, name) for name in profiles.names()]
        return forms.ChoiceField(
            label=label, choices=[("none", "None"), *names], initial=setting.label, required=False
        )
    if setting.kind == "picklist":
        choices = [part.rstrip(")").split(" (", 1) for part in setting.allowed.split("), ")]
        return forms.ChoiceField(
            label=label,
            choices=[(number, word) for number, word in choices],
            initial=setting.value,
            help_text=hint,
        )
    if setting.kind == "integer":
        return forms.IntegerField(
            label=label, initial=setting.value, help_text=f"{setting.allowed.capitalize()}. {hint}"
        )
    return forms.CharField(label=label, initial=setting.value, help_text=hint)


def _shown(setting: Setting) -> str:
    if setting.kind == "boolean":
        return "yes" if setting.default else "no"
    if setting.kind == "picklist":
        words = dict(part.rstrip(")").split(" (", 1) for part in setting.allowed.split("), "))
        return words.get(str(setting.default), "none")
    return str(setting.default)
