"""Files of appointments and tasks that people attach and take away; where settings say so they go to Exchange."""

from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from serversync.administration import activities, audit, privileges, uploads
from serversync.administration.activities import Activity
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.core.ids import content_id
from serversync.crm.models import ActivityMimeAttachment, Appointment, Attachment, AttachmentInQuestion, Task
from serversync.crm.privileges import Privilege
from serversync.rules.attachments import name_of

KINDS: Final = {Appointment: activities.APPOINTMENT, Task: activities.TASK}
"""What has files; the word of the kind is what ``objecttypecode`` says of them."""
_TYPE_LONGEST: Final = 256
_PIECE: Final = 256 * 1024


def of(row: Activity) -> QuerySet[ActivityMimeAttachment]:
    """Return the files of an activity that may be read, in their order."""
    return ActivityMimeAttachment.objects.filter(activityid=row.pk, objecttypecode=_word(row)).order_by(
        "attachmentnumber", "pk"
    )


def may_have(row: Activity) -> bool:
    """Tell whether an activity takes files: single appointments and tasks do."""
    return type(row) in KINDS and not (isinstance(row, Appointment) and row.instancetypecode)


def attach(row: Activity, sent: Iterable[uploads.Upload]) -> int:
    """Attach files to an activity that is open, and return how many were not there before.

    Raises:
        InputInvalid: a file is blocked or too large, there are too many, or the activity is over or of a series.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    activities.refuse_closed(row)
    if not may_have(row):
        raise InputInvalid(field=uploads.FIELD, reason="a series and its occurrences have none of their own")
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
                objecttypecode=_word(row),
                attachmentid=stored,
                attachmentnumber=last + added,
                filename=name,
                mimetype=kind,
                filesize=len(file.content),
            )
            audit.noted(f"{_word(row)}.attach", row, {"filename": name})
    return added


def find(row: Activity, reference: str) -> ActivityMimeAttachment:
    """Return a file of an activity by its id, or by its name where only one is called so.

    Raises:
        RecordNotFound: it has no such file.
        InputInvalid: several files are called so.
    """
    found = [each for each in of(row) if reference in (str(each.pk), each.filename)]
    if not found:
        raise RecordNotFound(kind="file", name=reference)
    if len(found) > 1:
        raise InputInvalid(
            field=uploads.FIELD, reason=f"{len(found)} are called {reference}; name one by its id"
        )
    return found[0]


def pieces(file: ActivityMimeAttachment) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces, however large it is."""
    start = 1
    while found := piece(file.attachmentid_id, start, _PIECE):
        yield found
        start += _PIECE


def piece(attachmentid: UUID, start: int, size: int) -> bytes:
    """Return so many bytes of a file, the first of which is number ``start``; nothing behind its end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select substring(body from %s for %s) from attachment where attachmentid = %s",
            [start, size, attachmentid],
        )
        row = cursor.fetchone()
    return bytes(row[0]) if row and row[0] else b""


def remove(row: Activity, fileid: UUID) -> str:
    """Take a file of an activity that is open away, and return its name.

    Raises:
        InputInvalid: the activity is over.
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
        audit.noted(f"{_word(row)}.detach", row, {"filename": found.filename})
    return found.filename or ""


def _word(row: Activity) -> str:
    return KINDS[type(row)].word if type(row) in KINDS else ""
