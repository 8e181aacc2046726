"""``emailserverprofile``: how to reach an Exchange server, and with which account.

Source: Dataverse table reference, emailserverprofile; ``cafile``, ``proxyurl``,
``proxyusername``, ``proxypassword``, ``allowedmailboxes``, ``outsidemailbox``, ``autodiscoverurl`` and
``autodiscoverhosts`` are our own columns.
"""

from django.db import models
from django.db.models import F, Q

from serversync.crm import secrets
from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    memo,
    modifiedon,
    moment,
    picklist,
    primarykey,
    required_string,
    string,
)
from serversync.crm.models.options import StateCode, StatusCode


class ServerType(models.IntegerChoices):
    """What kind of server it is; this product speaks to the Exchange ones on-premises."""

    EXCHANGE_SERVER = 0, "Exchange Server"
    OTHER = 1, "Other (POP3/SMTP)"
    EXCHANGE_SERVER_HYBRID = 2, "Exchange Server (Hybrid)"
    EXCHANGE_ONLINE_HYBRID = 3, "Exchange Online (Hybrid)"
    IMAP_SMTP = 4, "IMAP/SMTP"


class ExchangeVersion(models.IntegerChoices):
    """Dataverse's list, which ends with 2013."""

    EXCHANGE_2007 = 0, "Exchange 2007"
    EXCHANGE_2007_SP1 = 1, "Exchange 2007 SP1"
    EXCHANGE_2010 = 2, "Exchange 2010"
    EXCHANGE_2010_SP1 = 3, "Exchange 2010 SP1"
    EXCHANGE_2010_SP2 = 4, "Exchange 2010 SP2"
    EXCHANGE_2013 = 5, "Exchange 2013"


class AuthenticationProtocol(models.IntegerChoices):
    """How the account proves itself to the server."""

    AUTO_DETECT = 0, "Auto Detect"
    NEGOTIATE = 1, "Negotiate"
    NTLM = 2, "NTLM"
    BASIC = 3, "Basic"
    OAUTH = 4, "OAuth"


class CredentialRetrieval(models.IntegerChoices):
    """Authenticate Using: whose credentials are sent."""

    USER_OR_QUEUE = 0, "Credentials Specified by a User or Queue"
    EMAIL_SERVER_PROFILE = 1, "Credentials Specified in Email Server Profile"
    SERVER_TO_SERVER = 2, "Server to Server Authentication"
    WINDOWS_INTEGRATED = 3, "Windows Integrated Authentication"
    ANONYMOUS = 4, "Without Credentials (Anonymous)"
    GMAIL_OAUTH = 5, "Gmail OAuth"
    EXCHANGE_HYBRID_MODERN = 6, "Exchange Hybrid Modern Auth (HMA)"
    AZURE_ACTIVE_DIRECTORY_OAUTH = 7, "Azure Active Directory OAuth"


class Outcome(models.IntegerChoices):
    """How one part of Test Connection ended."""

    FAILURE = 0, "Failure"
    SUCCESS = 1, "Success"


class ExecutionStatus(models.IntegerChoices):
    """How Test Connection ended as a whole."""

    FAILURE = 0, "Failure"
    SUCCESS = 1, "Success"
    WARNING = 2, "Warning"


class EmailServerProfile(models.Model):
    """One Exchange server (or farm behind one address) and the account that reaches mailboxes there.

    Passwords are write-only: ``set_incomingpassword`` seals them, and only the adapter that connects opens them.
    """

    emailserverprofileid = primarykey()
    name = required_string(100, unique=True)
    description = string(2000)
    servertype = picklist(ServerType, ServerType.EXCHANGE_SERVER)
    exchangeversion = picklist(ExchangeVersion)
    useautodiscover = boolean(default=False)
    defaultserverlocation = string(2084)
    incomingserverlocation = string(2084)
    outgoingserverlocation = string(2084)
    incomingportnumber = integer(0, 65536)
    outgoingportnumber = integer(0, 65536)
    incomingusessl = boolean(default=True)
    outgoingusessl = boolean(default=True)
    incomingauthenticationprotocol = picklist(AuthenticationProtocol)
    outgoingauthenticationprotocol = picklist(AuthenticationProtocol)
    incomingcredentialretrieval = picklist(CredentialRetrieval)
    outgoingcredentialretrieval = picklist(CredentialRetrieval)
    incominguseimpersonation = boolean(default=False)
    outgoinguseimpersonation = boolean(default=False)
    outgoingautograntdelegateaccess = boolean(default=False)
    incomingusername = string(250)
    outgoingusername = string(250)
    incomingpassword = models.BinaryField(null=True, blank=True, editable=False)
    outgoingpassword = models.BinaryField(null=True, blank=True, editable=False)
    usesamesettingsforoutgoingconnections = boolean(default=True)
    processemailsreceivedafter = moment()
    minpollingintervalinminutes = integer(0, 1440)
    usestreamingnotifications = boolean(default=True)
    maxconcurrentconnections = integer(1, 300, 10)
    moveundeliveredemails = boolean(default=False)
    sendemailalert = boolean(default=False)
    owneremailaddress = string(100)
    timeoutmailboxconnection = boolean(default=True)
    timeoutmailboxconnectionafteramount = integer(0, 100_000)
    encodingcodepage = string(100)
    lasttestrequest = memo()
    lasttestresponse = memo()
    lastcrmmessage = memo()
    lastteststarttime = moment()
    lasttesttotalexecutiontime = integer(0, big=True)
    lastauthorizationstatus = picklist(Outcome)
    lasttestvalidationstatus = picklist(Outcome)
    lasttestexecutionstatus = picklist(ExecutionStatus)
    cafile = memo()
    proxyurl = string(2084)
    proxyusername = string(250)
    proxypassword = models.BinaryField(null=True, blank=True, editable=False)
    allowedmailboxes = memo()
    outsidemailbox = string(100)
    autodiscoverurl = string(2084)
    autodiscoverhosts = memo()
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "emailserverprofile"
        constraints = (
            models.CheckConstraint(
                condition=Q(statuscode=F("statecode") + 1), name="emailserverprofile_status_of_state"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def isincomingpasswordset(self) -> bool:
        """Whether a password for reading is stored."""
        return self.incomingpassword is not None

    @property
    def isoutgoingpasswordset(self) -> bool:
        """Whether a password for sending is stored."""
        return self.outgoingpassword is not None

    def set_incomingpassword(self, password: str | None) -> None:
        """Seal a password for reading, or forget it; saved with the row."""
        self.incomingpassword = (
            secrets.seal(password, self._purpose("incomingpassword")) if password else None
        )

    def set_outgoingpassword(self, password: str | None) -> None:
        """Seal a password for sending, or forget it; saved with the row."""
        self.outgoingpassword = (
            secrets.seal(password, self._purpose("outgoingpassword")) if password else None
        )

    def set_proxypassword(self, password: str | None) -> None:
        """Seal the password of the proxy, or forget it; saved with the row."""
        self.proxypassword = secrets.seal(password, self._purpose("proxypassword")) if password else None

    def _purpose(self, column: str) -> str:
        return secrets.purpose("emailserverprofile", self.emailserverprofileid, column)
