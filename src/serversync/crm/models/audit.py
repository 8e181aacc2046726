"""``audit``: what people have done, with the values before and after; secrets are never among them.

Source: Dataverse table reference, audit; ``changedata`` has Dataverse's form, a JSON object with
``changedAttributes``. Our own columns: ``act``, ``actorname``, ``channel``, ``address``, ``objectname``, so that a row
can be read when user and object are long gone.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from serversync.crm.models.columns import (
    jsonobject,
    picklist,
    primarykey,
    required_string,
    string,
    uniqueidentifier,
)
from serversync.crm.models.words import Words


class AuditOperation(models.IntegerChoices):
    """The kind of act."""

    CREATE = 1, "Create"
    UPDATE = 2, "Update"
    DELETE = 3, "Delete"
    ACCESS = 4, "Access"


class Audit(models.Model):
    """One act on one row. ``objectid`` is no foreign key: what was done stays when its object goes."""

    auditid = primarykey()
    createdon = models.DateTimeField(auto_now_add=True, db_default=Now())
    operation = picklist(AuditOperation, AuditOperation.UPDATE)
    act = required_string(100)
    objectid = uniqueidentifier()
    objecttypecode = string(64)
    objectname = string(200)
    userid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="userid", null=True, blank=True, related_name="+"
    )
    actorname = required_string(200)
    channel = required_string(20, "")
    address = string(100)
    changedata = jsonobject()

    WORDS: ClassVar[Words] = Words("act", "actorname", "objectname")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "audit"
        indexes = (
            GinIndex(Words("act", "actorname", "objectname"), name="audit_words"),
            models.Index(fields=["-createdon", "-auditid"], name="audit_newest"),
            models.Index(fields=["objectid", "-createdon"], name="audit_object"),
        )

    def __str__(self) -> str:
        return f"{self.act} {self.objectname or ''}".strip()
