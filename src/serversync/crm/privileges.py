"""Privileges, how far each reaches, and the roles that every installation has.

Names and depths are Dataverse's, so that an administrator recognises them. Source: Dataverse security role
reference; ``prvAdministerMailbox`` is our own and stands for what Dataverse calls administrator permissions, without
which Read and Write on a mailbox do not let anybody change its profile or delivery methods.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import IntegerChoices


class Depth(IntegerChoices):
    """How far a privilege reaches; a larger number includes the smaller ones."""

    USER = 1, "User"
    BUSINESS_UNIT = 2, "Business Unit"
    PARENT_CHILD = 4, "Parent: Child Business Units"
    ORGANIZATION = 8, "Organization"


class Privilege(StrEnum):
    """What somebody may do; each check in the use cases names one."""

    READ_MAILBOX = "prvReadMailbox"
    WRITE_MAILBOX = "prvWriteMailbox"
    ADMINISTER_MAILBOX = "prvAdministerMailbox"
    APPROVE_ADDRESS = "prvApproveRejectEmailAddress"
    CREATE_PROFILE = "prvCreateEmailServerProfile"
    READ_PROFILE = "prvReadEmailServerProfile"
    WRITE_PROFILE = "prvWriteEmailServerProfile"
    READ_ORGANIZATION = "prvReadOrganization"
    WRITE_ORGANIZATION = "prvWriteOrganization"
    READ_USER = "prvReadUser"
    CREATE_USER = "prvCreateUser"
    WRITE_USER = "prvWriteUser"
    ASSIGN_ROLE = "prvAssignRole"
    READ_QUEUE = "prvReadQueue"
    CREATE_QUEUE = "prvCreateQueue"
    WRITE_QUEUE = "prvWriteQueue"
    READ_CONTACT = "prvReadContact"
    CREATE_CONTACT = "prvCreateContact"
    WRITE_CONTACT = "prvWriteContact"
    READ_ACCOUNT = "prvReadAccount"
    CREATE_ACCOUNT = "prvCreateAccount"
    WRITE_ACCOUNT = "prvWriteAccount"
    READ_ALERT = "prvReadTraceLog"
    DELETE_ALERT = "prvDeleteTraceLog"
    READ_JOB = "prvReadAsyncOperation"
    WRITE_JOB = "prvWriteAsyncOperation"
    READ_ACTIVITY = "prvReadActivity"
    CREATE_ACTIVITY = "prvCreateActivity"
    WRITE_ACTIVITY = "prvWriteActivity"
    READ_AUDIT = "prvReadAuditSummary"
    SEND_AS_USER = "prvSendAsUser"
    READ_FILTER = "prvReadUserQuery"
    WRITE_FILTER = "prvWriteUserQuery"


@dataclass(frozen=True, slots=True)
class BuiltInRole:
    """A role that is there from the first start; ``privileges`` are what it begins with.

    The System Administrator has every privilege for the whole organization whatever the table says, so that nobody
    can lock everybody out.
    """

    name: str
    template: UUID
    privileges: Mapping[Privilege, Depth]


SYSTEM_ADMINISTRATOR: Final = BuiltInRole(
    "System Administrator",
    UUID("627090ff-40a3-4053-8790-584edc5be201"),
    dict.fromkeys(Privilege, Depth.ORGANIZATION),
)
MAILBOX_ADMINISTRATOR: Final = BuiltInRole(
    "Mailbox Administrator",
    UUID("5a1f6a0e-4a0b-4a57-9d0e-2b4c8f0e7a11"),
    {
        Privilege.READ_MAILBOX: Depth.BUSINESS_UNIT,
        Privilege.WRITE_MAILBOX: Depth.BUSINESS_UNIT,
        Privilege.ADMINISTER_MAILBOX: Depth.BUSINESS_UNIT,
        Privilege.APPROVE_ADDRESS: Depth.BUSINESS_UNIT,
        Privilege.READ_PROFILE: Depth.ORGANIZATION,
        Privilege.READ_ORGANIZATION: Depth.ORGANIZATION,
        Privilege.READ_USER: Depth.BUSINESS_UNIT,
        Privilege.READ_QUEUE: Depth.BUSINESS_UNIT,
        Privilege.READ_CONTACT: Depth.BUSINESS_UNIT,
        Privilege.READ_ACCOUNT: Depth.BUSINESS_UNIT,
        Privilege.READ_ALERT: Depth.BUSINESS_UNIT,
        Privilege.DELETE_ALERT: Depth.BUSINESS_UNIT,
        Privilege.READ_JOB: Depth.BUSINESS_UNIT,
        Privilege.WRITE_JOB: Depth.USER,
        Privilege.READ_ACTIVITY: Depth.USER,
        Privilege.CREATE_ACTIVITY: Depth.USER,
        Privilege.WRITE_ACTIVITY: Depth.USER,
        Privilege.READ_FILTER: Depth.BUSINESS_UNIT,
        Privilege.WRITE_FILTER: Depth.BUSINESS_UNIT,
    },
)
SALESPERSON: Final = BuiltInRole(
    "Salesperson",
    UUID("a4be89ff-7c35-4d69-9900-999c3f603e6f"),
    {
        Privilege.READ_MAILBOX: Depth.USER,
        Privilege.WRITE_MAILBOX: Depth.USER,
        Privilege.READ_CONTACT: Depth.ORGANIZATION,
        Privilege.CREATE_CONTACT: Depth.USER,
        Privilege.WRITE_CONTACT: Depth.USER,
        Privilege.READ_ACCOUNT: Depth.ORGANIZATION,
        Privilege.CREATE_ACCOUNT: Depth.USER,
        Privilege.WRITE_ACCOUNT: Depth.USER,
        Privilege.READ_ALERT: Depth.USER,
        Privilege.DELETE_ALERT: Depth.USER,
        Privilege.READ_JOB: Depth.USER,
        Privilege.WRITE_JOB: Depth.USER,
        Privilege.READ_ACTIVITY: Depth.USER,
        Privilege.CREATE_ACTIVITY: Depth.USER,
        Privilege.WRITE_ACTIVITY: Depth.USER,
        Privilege.READ_FILTER: Depth.USER,
        Privilege.WRITE_FILTER: Depth.USER,
    },
)
BUILT_IN: Final = (SYSTEM_ADMINISTRATOR, MAILBOX_ADMINISTRATOR, SALESPERSON)
