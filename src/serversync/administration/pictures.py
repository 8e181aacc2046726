"""Photos of contacts: entered and removed by people, and cleared away where no contact has them any more."""

from datetime import timedelta
from typing import Final, Protocol

from django.db import connection, transaction

from serversync.administration import audit, privileges
from serversync.core.errors import InputInvalid
from serversync.core.ids import content_id
from serversync.crm.models import Attachment, AttachmentInQuestion, Contact, Organization
from serversync.crm.privileges import Privilege
from serversync.rules.pictures import media_type

FIELD: Final = "Photo"
KEPT_FOR: Final = timedelta(days=1)
"""So long a photo stays that no contact has: a pass may be about to give it to one."""
_AT_ONCE: Final = 500


class Upload(Protocol):
    """A file as a form brings it."""

    size: int | None

    def read(self) -> bytes:
        """Return all of it."""
        ...


def replace(contact: Contact, upload: Upload) -> None:
    """Give a contact a photo instead of the one that it has.

    Raises:
        InputInvalid: the file is too large, or no picture that every browser shows.
        PrivilegeMissing: the actor may not change the contact.
    """
    privileges.require_for(Privilege.WRITE_CONTACT, [contact])
    largest = Organization.objects.current().maxuploadfilesize
    if (upload.size or 0) > largest:
        raise InputInvalid(
            field=FIELD,
            reason=f"it has {upload.size} bytes; the settings allow {largest} (maxuploadfilesize)",
        )
    content = upload.read()
    kind = media_type(content)
    if kind is None:
        raise InputInvalid(field=FIELD, reason="it must be a picture: JPEG, PNG, GIF or BMP")
    with transaction.atomic(), audit.changes("contact.edit", [contact]):
        contact.entityimageid = _stored(content, kind)
        contact.save(update_fields=["entityimageid", "modifiedon"])


def remove(contact: Contact) -> None:
    """Take the photo of a contact away.

    Raises:
        PrivilegeMissing: the actor may not change the contact.
    """
    privileges.require_for(Privilege.WRITE_CONTACT, [contact])
    with transaction.atomic(), audit.changes("contact.edit", [contact]):
        contact.entityimageid = None
        contact.save(update_fields=["entityimageid", "modifiedon"])


def clear_away() -> int:
    """Remove photos that no contact has, and return how many.

    Called by the worker's housekeeping. A photo is looked at when it has not been in question for a day; whoever names
    it in this very moment waits, and finds it gone.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            delete from attachmentinquestion where attachmentinquestionid in (
                select attachmentinquestionid from attachmentinquestion
                where createdon < now() - make_interval(secs => %s) order by createdon limit %s)
            returning attachmentid
            """,
            [KEPT_FOR.total_seconds(), _AT_ONCE],
        )
        asked = list({key for (key,) in cursor.fetchall()})
        if not asked:
            return 0
        cursor.execute(
            "select attachmentid from attachment where attachmentid = any(%s) order by attachmentid"
            " for update skip locked",
            [asked],
        )
        locked = [key for (key,) in cursor.fetchall()]
        cursor.execute(
            """
            delete from attachment a where a.attachmentid = any(%s)
                and not exists (select from contact c where c.entityimageid = a.attachmentid)
                and not exists (select from activitymimeattachment f where f.attachmentid = a.attachmentid)
                and not exists (select from attachmentinquestion q where q.attachmentid = a.attachmentid)
            """,
            [locked],
        )
        removed: int = cursor.rowcount
    return removed


def _stored(content: bytes, kind: str) -> Attachment:
    """Return the file with this content, which is stored once."""
    key = content_id(content)
    AttachmentInQuestion.objects.create(attachmentid=key)
    stored, _ = Attachment.objects.get_or_create(
        attachmentid=key, defaults={"body": content, "filesize": len(content), "mimetype": kind}
    )
    return stored
