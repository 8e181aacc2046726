"""``role``, ``roleprivileges`` and ``systemuserroles``: who may do what, and how far.

Source: Dataverse table reference, role, roleprivileges, systemuserroles. A privilege is known by its name here; the
names and what each role begins with are in ``serversync.crm.privileges``.
"""

from django.db import models

from serversync.crm.models.columns import (
    createdon,
    modifiedon,
    picklist,
    primarykey,
    required_string,
    uniqueidentifier,
)
from serversync.crm.privileges import Depth


class Role(models.Model):
    """A set of privileges; ``roletemplateid`` is set where the program brought it."""

    roleid = primarykey()
    name = required_string(100, unique=True)
    roletemplateid = uniqueidentifier(unique=True)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "role"

    def __str__(self) -> str:
        return self.name


class RolePrivileges(models.Model):
    """One privilege of a role and its depth; a privilege that is missing is not given."""

    roleprivilegeid = primarykey()
    roleid = models.ForeignKey(Role, models.CASCADE, db_column="roleid", related_name="privileges")
    privilegename = required_string(100)
    privilegedepthmask = picklist(Depth, Depth.USER)

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "roleprivileges"
        constraints = (
            models.UniqueConstraint(fields=["roleid", "privilegename"], name="roleprivileges_one"),
        )

    def __str__(self) -> str:
        return f"{self.privilegename} {self.privilegedepthmask}"


class SystemUserRoles(models.Model):
    """A role that a user has."""

    systemuserroleid = primarykey()
    systemuserid = models.ForeignKey(
        "crm.SystemUser", models.CASCADE, db_column="systemuserid", related_name="systemuserroles"
    )
    roleid = models.ForeignKey(Role, models.CASCADE, db_column="roleid", related_name="systemuserroles")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "systemuserroles"
        constraints = (
            models.UniqueConstraint(fields=["systemuserid", "roleid"], name="systemuserroles_one"),
        )

    def __str__(self) -> str:
        return f"{self.systemuserid_id} {self.roleid_id}"
