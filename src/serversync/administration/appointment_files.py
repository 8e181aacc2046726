"""Files of appointments that people attach and take away; where a setting says so they go to Exchange."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from serversync.administration import activities, audit, privileges, uploads
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.core.ids import content_id
from serversync.crm.models import ActivityMimeAttachment, Appointment, Attachment, AttachmentInQuestion
from serversync.crm.privileges import Privilege
from serversync.rules.attachments import name_of

OF: Final = "appointment"
"""What ``objecttypecode`` says of them."""
_TYPE_LONGEST: Final = 256


def of(row: Appointment) -> QuerySet[ActivityMimeAttachment]:
    """Return the files of an appointment that may be read, in their order."""
    return ActivityMimeAttachment.objects.filter(activityid=row.pk, objecttypecode=OF).order_by(
        "attachmentnumber", "pk"
    )


def attach(row: Appointment, sent: Iterable[uploads.Upload]) -> int:
    """Attach files to an appointment that is open, and return how many were not there before.

    Raises:
        InputInvalid: a file is blocked or too large, there are too many, or the appointment is over or of a series.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    activities.refuse_closed(row)
    if row.instancetypecode != 0:
        raise InputInvalid(field=uploads.FIELD, reason="an occurrence of a series has none of its own")
    added = 0
    with transaction.atomic():
        last = of(row).aggregate(last=Max("attachmentnumber"))["last"] or 0
        for file in uploads.take(sent):
            key, name = content_id(file.content), name_of(file.name)
            if of(row).filter(attachmentid=key, filename=name).exists():
                continue
            AttachmentInQuestion.objects.create(attachmentid=key)
            kind = file.content_type[:_TYPE_LONGEST]
            stored, _ = Attachment.objects.get_or_create(
                attachmentid=key,
                defaults={"body": file.content, "filesize": len(file.content), "mimetype": kind},
            )
            added += 1
            ActivityMimeAttachment.objects.create(
                activityid_id=row.pk,
                objecttypecode=OF,
                attachmentid=stored,
                attachmentnumber=last + added,
                filename=name,
                mimetype=kind,
                filesize=len(file.content),
            )
            audit.noted("appointment.attach", row, {"filename": name})
    return added


def remove(row: Appointment, fileid: UUID) -> str:
    """Take a file of an appointment that is open away, and return its name.

    Raises:
        InputInvalid: the appointment is over.
        RecordNotFound: it has no such file.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    activities.refuse_closed(row)
    with transaction.atomic():
        found = of(row).filter(pk=fileid).first()
        if found is None:
            raise RecordNotFound(kind="file", name=str(fileid))
        found.delete()
        audit.noted("appointment.detach", row, {"filename": found.filename})
    return found.filename or ""
