"""``organization``: the settings that hold for everybody; one row.

Source: Dataverse table reference, organization; System Settings, Email tab; OrgDbOrgSettings, of which each that
steers this product is a column under its own name in lower case. ``default...deliverymethod`` stand for what
Dataverse keeps as XML in ``defaultemailsettings``.
"""

from django.db import models

from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    modifiedon,
    picklist,
    primarykey,
    required_string,
)
from serversync.crm.models.options import (
    ActDeliveryMethod,
    IncomingEmailDeliveryMethod,
    OutgoingEmailDeliveryMethod,
)
from serversync.crm.models.syncoptions import (
    ConflictPreference,
    DeletionBehavior,
    LeavingBehavior,
    PrivateAppointments,
    SyncDirection,
)

HASH_FILTER_KEYWORDS = r"^[\s]*([\w]+\s?:[\s]*)+"
"""Strips "RE:", "FW: RE:" and their like from subjects before smart matching."""


class EmailConnectionChannel(models.IntegerChoices):
    """Process Email Using."""

    SERVER_SIDE_SYNCHRONIZATION = 0, "Server-Side Synchronization"
    EMAIL_ROUTER = 1, "Microsoft Dynamics 365 Email Router"


class ForcedFilteringMethod(models.IntegerChoices):
    """A filter that overrides what users have chosen; -1 leaves it to them."""

    NOT_FORCED = -1, "As each user chose"
    ALL = 0, "All email messages"
    RESPONSES = 1, "Email messages in response to Dynamics 365 email"
    LEADS_CONTACTS_ACCOUNTS = 2, "Email messages from Dynamics 365 Leads, Contacts and Accounts"
    EMAIL_ENABLED_RECORDS = 3, "Email messages from Dynamics 365 records that are email enabled"
    NONE = 4, "No email messages"


class OrganizationManager(models.Manager["Organization"]):
    """Finds the one row."""

    def current(self) -> "Organization":
        """Return the settings in force, with their defaults where nobody has set any."""
        row = self.first()
        if row is None:
            self.bulk_create([Organization()], ignore_conflicts=True)
            row = self.get()
        return row


class Organization(models.Model):
    """Settings of the organization; the database holds exactly one row from the first migration on."""

    organizationid = primarykey()
    name = required_string(160, "serversync")

    emailconnectionchannel = picklist(
        EmailConnectionChannel, EmailConnectionChannel.SERVER_SIDE_SYNCHRONIZATION
    )
    defaultemailserverprofileid = models.ForeignKey(
        "crm.EmailServerProfile",
        models.SET_NULL,
        db_column="defaultemailserverprofileid",
        null=True,
        blank=True,
        related_name="+",
    )
    defaultincomingemaildeliverymethod = picklist(
        IncomingEmailDeliveryMethod, IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION
    )
    defaultoutgoingemaildeliverymethod = picklist(
        OutgoingEmailDeliveryMethod, OutgoingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION
    )
    defaultactdeliverymethod = picklist(ActDeliveryMethod, ActDeliveryMethod.NONE)
    requireapprovalforuseremail = boolean(default=True)
    requireapprovalforqueueemail = boolean(default=True)
    isfolderbasedtrackingenabled = boolean(default=True)
    emailcorrelationenabled = boolean(default=True)
    istrackingtokenenabled = boolean(default=True)
    enablesmartmatching = boolean(default=False)
    trackingprefix = required_string(256, "CRM:")
    trackingtokenidbase = integer(0, 2_147_483_647, 0)
    trackingtokeniddigits = integer(1, 10, 3)
    trackingtokencounterdigits = integer(1, 9, 3)
    hashfilterkeywords = required_string(2000, HASH_FILTER_KEYWORDS)
    hashmaxcount = integer(0, None, 20)
    hashdeltasubjectcount = integer(0, None, 0)
    hashminaddresscount = integer(0, None, 2)
    ignoreinternalemail = boolean(default=False)
    unresolveemailaddressifmultiplematch = boolean(default=False)
    allowunresolvedpartiesonemailsend = boolean(default=False)
    pollingintervalinseconds = integer(1, 86_400, 30)
    maximumidlepollingintervalinseconds = integer(1, 86_400, 300)
    streamedpollingintervalinseconds = integer(1, 86_400, 300)
    streamingnotificationsenabled = boolean(default=True)
    fullpollingintervalinseconds = integer(0, 86_400, 3600)
    maxuploadfilesize = integer(1, 2_147_483_647, 5_242_880)
    blockedattachments = models.TextField(default="", db_default="", blank=True)
    generatealertsforerrors = boolean(default=True)
    generatealertsforwarnings = boolean(default=False)
    generatealertsforinformation = boolean(default=True)
    passwordwarningindays = integer(0, 365, 14)
    notifymailboxownerofemailserverlevelalerts = boolean(default=False)
    maxverboseloggingmailbox = integer(0, None, 10)
    maxverboseloggingsynccycles = integer(0, None, 100)
    expirechangetrackingindays = integer(0, 365, 30)

    actplanfirst = boolean(default=True)
    actpollingintervalinseconds = integer(1, 86_400, 120)
    actconflictpreference = picklist(ConflictPreference, ConflictPreference.CRM)
    actleavingbehavior = picklist(LeavingBehavior, LeavingBehavior.KEEP)
    actbrakecount = integer(0, None, 10)
    actbrakeshareinpercent = integer(0, 100, 10)
    appointmentsyncdirection = picklist(SyncDirection, SyncDirection.BOTH)
    appointmentdeletionbehaviorfromcrm = picklist(DeletionBehavior, DeletionBehavior.ALWAYS)
    appointmentdeletionbehaviorfromexchange = picklist(DeletionBehavior, DeletionBehavior.ALWAYS)
    appointmentstartwindowindays = integer(0, 36_500, 30)
    sendmeetinginvitations = boolean(default=True)
    privateappointments = picklist(PrivateAppointments, PrivateAppointments.WITHOUT_CONTENT)
    defaulttimezone = required_string(100, "UTC")
    contactsyncdirection = picklist(SyncDirection, SyncDirection.BOTH)
    contactdeletionbehaviorfromcrm = picklist(DeletionBehavior, DeletionBehavior.ALWAYS)
    contactdeletionbehaviorfromexchange = picklist(DeletionBehavior, DeletionBehavior.NEVER)
    trackallcontacts = boolean(default=False)
    contactduplicatekeys = required_string(400, "emailaddress1", blank=True)
    companynamechoosesparent = boolean(default=False)
    tasksyncdirection = picklist(SyncDirection, SyncDirection.BOTH)
    taskdeletionbehaviorfromcrm = picklist(DeletionBehavior, DeletionBehavior.UNLESS_COMPLETED)
    ssstaskdeletionsyncbehaviorfromexchange = picklist(DeletionBehavior, DeletionBehavior.ALWAYS)
    syncassignedtasks = boolean(default=False)
    synccalendarsubfolders = boolean(default=True)
    syncappointmentattachments = boolean(default=False)
    synctaskattachments = boolean(default=False)

    autocreatecontactonpromote = boolean(default=True)
    autotracksentfolderitems = boolean(default=False)
    createqueueitemforsynchronizingmailbox = boolean(default=True)
    createqueueitemsforacceptingqueuerecipients = boolean(default=True)
    disablesmartmatching = boolean(default=False)
    disablesmartmatchingemailhashcreation = boolean(default=False)
    distinctphysicalandlogicaldeletesforexchangesync = boolean(default=False)
    donotautotrackemail = boolean(default=True)
    donotcorrelateforwardedemailsasreplies = boolean(default=False)
    donotignoreinternalemailtoqueues = boolean(default=True)
    enablemailboxdelegationforoutgoingemail = boolean(default=True)
    enablesssitemlevelmonitoring = boolean(default=True)
    exchangesyncidmappingpersistencetimeindays = integer(0, 14, 3)
    ignoreconversationindexandinreplytoforcorrelation = boolean(default=False)
    ignorecopieditemsinsssformailbox = boolean(default=True)
    ignoreinternalemaildetectionenhancement = boolean(default=True)
    ignoreinternalemailfromqueues = boolean(default=False)
    mailboxstatisticspersistencetimeindays = integer(0, 365, 3)
    maximumemaildeliveryattempts = integer(1, 1000, 10)
    maximumsubjectlengthonmailserver = integer(255, 400, 255)
    overridev5senderconflictresolution = boolean(default=False)
    requireprivilegetoselfapproveemailaddress = boolean(default=False)
    resolveforinactiveentities = boolean(default=False)
    restrictirmemailitems = boolean(default=False)
    ssscreateadditionalqueueitemsforalreadytrackedemail = boolean(default=False)
    sssforcefilteringmethodforusermailboxes = picklist(
        ForcedFilteringMethod, ForcedFilteringMethod.NOT_FORCED
    )
    ssssaveoutgoingemailtoexchangesentfolder = boolean(default=True)
    ssspropagateappointmentcancellationstoexchange = boolean(default=False)
    sssupdatepastmeetingsinnondraftmode = boolean(default=False)
    tracelogpersistencetimeindays = integer(0, 3650, 30)
    trackappointmentsfromnonorganizer = boolean(default=True)
    trackcategorizeditems = boolean(default=True)
    trackingcategoryname = required_string(200, "Tracked to Dynamics 365")
    categorizetrackeditems = boolean(default=False)
    messagetracepersistencetimeindays = integer(0, 3650, 90)
    unresolvesenderincaseofmultiplematch = boolean(default=False)
    usefilteringmethodofsyncingmailboxonlyforcorrelation = boolean(default=False)
    usexanchormailboxinexchangerequestheader = boolean(default=True)
    createdon = createdon()
    modifiedon = modifiedon()

    objects = OrganizationManager()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "organization"

    def __str__(self) -> str:
        return self.name
