"""The tables of the CRM store, one module each; ``db_table`` and columns have Dataverse's logical names."""

from serversync.crm.models.account import Account
from serversync.crm.models.activityparty import ActivityParty
from serversync.crm.models.apikey import ApiKey
from serversync.crm.models.appointment import Appointment
from serversync.crm.models.asyncoperation import AsyncOperation, AsyncOperationItem
from serversync.crm.models.attachment import ActivityMimeAttachment, Attachment, AttachmentInQuestion
from serversync.crm.models.audit import Audit
from serversync.crm.models.businessunit import BusinessUnit
from serversync.crm.models.connectionslot import ConnectionSlot
from serversync.crm.models.contact import Contact
from serversync.crm.models.email import Email
from serversync.crm.models.emaildelivery import EmailDelivery
from serversync.crm.models.emaildeliveryreport import EmailDeliveryReport
from serversync.crm.models.emailhash import EmailHash
from serversync.crm.models.emailserverprofile import EmailServerProfile
from serversync.crm.models.exchangeaccount import ExchangeAccount
from serversync.crm.models.exchangesyncidmapping import ExchangeSyncIdMapping
from serversync.crm.models.exchangesyncitem import (
    ExchangeSyncAttachment,
    ExchangeSyncFolder,
    ExchangeSyncItem,
    ExchangeSyncRecord,
)
from serversync.crm.models.exchangesyncmailbox import ExchangeSyncMailbox
from serversync.crm.models.fax import Fax
from serversync.crm.models.lead import Lead
from serversync.crm.models.letter import Letter
from serversync.crm.models.logonattempt import LogOnAttempt
from serversync.crm.models.mailbox import Mailbox
from serversync.crm.models.mailboxaction import MailboxAction
from serversync.crm.models.mailboxfolder import MailboxFolder
from serversync.crm.models.mailboxstatistics import MailboxStatistics
from serversync.crm.models.mailboxtrackingcategory import MailboxTrackingCategory
from serversync.crm.models.mailboxtrackingfolder import MailboxTrackingFolder
from serversync.crm.models.messagetrace import MessageTrace
from serversync.crm.models.notificationgroup import NotificationGroup
from serversync.crm.models.organization import Organization
from serversync.crm.models.passwordexpiry import PasswordExpiry
from serversync.crm.models.phonecall import PhoneCall
from serversync.crm.models.queue import Queue, QueueItem
from serversync.crm.models.recurringappointmentmaster import RecurringAppointmentMaster
from serversync.crm.models.role import Role, RolePrivileges, SystemUserRoles
from serversync.crm.models.serviceappointment import ServiceAppointment
from serversync.crm.models.syncattributemapping import SyncAttributeMapping
from serversync.crm.models.syncfilter import SavedQuery, UserQuery
from serversync.crm.models.systemuser import SystemUser, UserSettings
from serversync.crm.models.task import Task
from serversync.crm.models.tracelog import TraceLog
from serversync.crm.models.workhour import WorkHour

__all__ = [
    "Account",
    "ActivityMimeAttachment",
    "ActivityParty",
    "ApiKey",
    "Appointment",
    "AsyncOperation",
    "AsyncOperationItem",
    "Attachment",
    "AttachmentInQuestion",
    "Audit",
    "BusinessUnit",
    "ConnectionSlot",
    "Contact",
    "Email",
    "EmailDelivery",
    "EmailDeliveryReport",
    "EmailHash",
    "EmailServerProfile",
    "ExchangeAccount",
    "ExchangeSyncAttachment",
    "ExchangeSyncFolder",
    "ExchangeSyncIdMapping",
    "ExchangeSyncItem",
    "ExchangeSyncMailbox",
    "ExchangeSyncRecord",
    "Fax",
    "Lead",
    "Letter",
    "LogOnAttempt",
    "Mailbox",
    "MailboxAction",
    "MailboxFolder",
    "MailboxStatistics",
    "MailboxTrackingCategory",
    "MailboxTrackingFolder",
    "MessageTrace",
    "NotificationGroup",
    "Organization",
    "PasswordExpiry",
    "PhoneCall",
    "Queue",
    "QueueItem",
    "RecurringAppointmentMaster",
    "Role",
    "RolePrivileges",
    "SavedQuery",
    "ServiceAppointment",
    "SyncAttributeMapping",
    "SystemUser",
    "SystemUserRoles",
    "Task",
    "TraceLog",
    "UserQuery",
    "UserSettings",
    "WorkHour",
]
