"""``systemuser`` and ``usersettings``: the people who use the CRM and log in here, and what mail each lets in.

Source: Dataverse table reference, systemuser and usersettings. ``domainname`` is the log-in name.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models.functions import Lower

from serversync.crm.models.businessunit import BusinessUnit
from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    modifiedon,
    picklist,
    primarykey,
    required_string,
    string,
)
from serversync.crm.models.options import (
    EmailRouterAccessApproval,
    IncomingEmailDeliveryMethod,
    IncomingEmailFilteringMethod,
    NewSender,
    OutgoingEmailDeliveryMethod,
)
from serversync.crm.models.owned import MailboxOwner
from serversync.crm.models.role import Role, SystemUserRoles
from serversync.crm.models.words import Words
from serversync.crm.privileges import SALESPERSON, SYSTEM_ADMINISTRATOR


class SystemUserManager(BaseUserManager["SystemUser"]):
    """Makes users with a hashed password, their mailbox and their settings."""

    def create_user(
        self,
        domainname: str,
        password: str | None = None,
        *,
        roles: Iterable[str] = (SALESPERSON.name,),
        **columns: Any,
    ) -> "SystemUser":
        """Make a user; without a password he cannot log in, but has a mailbox all the same.

        Args:
            domainname: The log-in name.
            password: In clear; only its hash is kept.
            roles: Names of the roles that the user has.
            **columns: Other columns of the row.

        Raises:
            ValueError: no log-in name was given.
        """
        if not domainname:
            raise ValueError("a user needs a domainname")
        user = self.model(domainname=domainname, **columns)
        user.fullname = user.fullname or domainname
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            user.set_roles(roles)
        return user

    def create_superuser(self, domainname: str, password: str | None = None, **columns: Any) -> "SystemUser":
        """Make a user who may do everything."""
        return self.create_user(domainname, password, roles=(SYSTEM_ADMINISTRATOR.name,), **columns)


class SystemUser(MailboxOwner, AbstractBaseUser, PermissionsMixin):
    """A person; his mailbox is ``defaultmailbox``, and his primary address is always the mailbox's address."""

    systemuserid = primarykey()
    domainname = required_string(1024, unique=True)
    firstname = string(256)
    lastname = string(256)
    fullname = required_string(200, "")
    title = string(128)
    internalemailaddress = string(100)
    personalemailaddress = string(100)
    mobilealertemail = string(100)
    isdisabled = boolean(default=False)
    defaultmailbox = models.OneToOneField(
        "crm.Mailbox",
        models.PROTECT,
        db_column="defaultmailbox",
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    emailrouteraccessapproval = picklist(EmailRouterAccessApproval, EmailRouterAccessApproval.EMPTY)
    incomingemaildeliverymethod = picklist(IncomingEmailDeliveryMethod)
    outgoingemaildeliverymethod = picklist(OutgoingEmailDeliveryMethod)
    isemailaddressapprovedbyo365admin = boolean(default=False)
    password = required_string(128, "!")
    is_superuser = boolean(default=False)
    mustchangepassword = boolean(default=False)
    businessunitid = models.ForeignKey(
        BusinessUnit, models.PROTECT, db_column="businessunitid", null=True, blank=True, related_name="+"
    )
    createdon = createdon()
    modifiedon = modifiedon()

    objects: ClassVar[SystemUserManager] = SystemUserManager()

    USERNAME_FIELD = "domainname"
    EMAIL_FIELD = "internalemailaddress"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    WORDS: ClassVar[Words] = Words("fullname", "domainname", "internalemailaddress")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "systemuser"
        indexes = (
            GinIndex(Words("fullname", "domainname", "internalemailaddress"), name="systemuser_words"),
            models.Index(fields=["fullname", "systemuserid"], name="systemuser_list"),
            models.Index(Lower("internalemailaddress"), name="systemuser_internalemail"),
            models.Index(Lower("personalemailaddress"), name="systemuser_personalemail"),
            models.Index(Lower("mobilealertemail"), name="systemuser_mobilealertemail"),
        )

    def __str__(self) -> str:
        return self.fullname or self.domainname

    def set_roles(self, names: Iterable[str]) -> None:
        """Give the user exactly these roles; ``is_superuser`` follows the System Administrator.

        Nothing here decides by ``is_superuser``; it is Django's own word for the role.
        """
        wanted = list(Role.objects.filter(name__in=list(names)))
        self.systemuserroles.exclude(roleid__in=wanted).delete()
        SystemUserRoles.objects.bulk_create(
            [SystemUserRoles(systemuserid=self, roleid=role) for role in wanted], ignore_conflicts=True
        )
        self.is_superuser = any(role.roletemplateid == SYSTEM_ADMINISTRATOR.template for role in wanted)
        self.save(update_fields=["is_superuser", "modifiedon"])

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django asks for a field; ours has Dataverse's name
        """Whether the user may log in."""
        return not self.isdisabled

    @property
    def is_staff(self) -> bool:
        """Whether the user may see raw tables."""
        return self.is_superuser


class UserSettings(models.Model):
    """Personal options of a user; made by the database together with the user."""

    systemuserid = models.OneToOneField(
        SystemUser, models.CASCADE, db_column="systemuserid", primary_key=True, related_name="usersettings"
    )
    incomingemailfilteringmethod = picklist(
        IncomingEmailFilteringMethod, IncomingEmailFilteringMethod.RESPONSES
    )
    ignoreunsolicitedemail = boolean(default=True)
    isautodatacaptureenabled = boolean(default=False)
    autocreatecontactonpromote = picklist(NewSender, NewSender.NOTHING)
    issendasallowed = boolean(default=False)
    trackingtokenid = integer(1, None)
    trackingtokencounter = integer(0, None, 0, big=True)
    aresyncfiltersset = boolean(default=False)
    synccontactcompany = boolean(default=True)
    timezone = string(100)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "usersettings"

    def __str__(self) -> str:
        return str(self.systemuserid)
