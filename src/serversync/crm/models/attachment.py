"""``attachment`` and ``activitymimeattachment``: the bytes of a file, and its place at an e-mail.

Several e-mails may share one file. A photo of a contact is one too, under an id that follows from its content. The bytes are stored uncompressed and out of line (migration 0002), so that
parts of a large file can be read without the whole. Source: Dataverse table reference, activitymimeattachment.
"""

from django.db import models

from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    modifiedon,
    primarykey,
    required_string,
    string,
)


class Attachment(models.Model):
    """The bytes of a file."""

    attachmentid = primarykey()
    body = models.BinaryField(null=True, blank=True)
    filesize = integer(0, None, 0, big=True)
    mimetype = string(256)
    createdon = createdon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "attachment"

    def __str__(self) -> str:
        return str(self.attachmentid)


class ActivityMimeAttachment(models.Model):
    """A file at an activity: its name, its content id if the body shows it, its place in the order.

    ``activityid`` is an e-mail or an appointment, as ``objecttypecode`` says, so the database has no foreign key for it;
    a trigger takes the files away together with their activity.
    """

    activitymimeattachmentid = primarykey()
    activityid = models.ForeignKey(
        "crm.Email",
        models.CASCADE,
        db_column="activityid",
        db_constraint=False,
        related_name="activitymimeattachments",
    )
    objecttypecode = required_string(64, "email")
    attachmentid = models.ForeignKey(
        Attachment, models.PROTECT, db_column="attachmentid", related_name="activitymimeattachments"
    )
    attachmentnumber = integer(0, None, 1)
    filename = string(255)
    mimetype = string(256)
    subject = string(2000)
    attachmentcontentid = string(250)
    filesize = integer(0, None, 0, big=True)
    isinline = boolean(default=False)
    isfollowed = boolean(default=False)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "activitymimeattachment"

    def __str__(self) -> str:
        return self.filename or str(self.activitymimeattachmentid)


class AttachmentInQuestion(models.Model):
    """A photo that was stored for a record, or left by one; where none names it a day later it is removed."""

    attachmentinquestionid = primarykey()
    attachmentid = models.UUIDField()
    createdon = createdon()

    class Meta:
        """The table, and what the database finds quickly."""

        db_table = "attachmentinquestion"
        indexes = (
            models.Index(fields=["createdon"], name="attachmentinquestion_oldest"),
            models.Index(fields=["attachmentid"], name="attachmentinquestion_file"),
        )

    def __str__(self) -> str:
        return str(self.attachmentid)
