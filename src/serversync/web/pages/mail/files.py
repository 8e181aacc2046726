"""Hands out the files of e-mails, appointments and tasks, a piece at a time, so that their size does not matter.

A file is always a download: whatever a stranger says it is, no browser opens it as a page of ours. The exception are
pictures inside a body, of the kinds that cannot carry a script.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.db.models import Func, IntegerField, QuerySet
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from serversync.administration import activity_files, privileges
from serversync.crm.models import ActivityMimeAttachment, SystemUser
from serversync.rules.attachments import safe_name

PIECE: Final = 256 * 1024
"""Bytes that are read from the database and sent at once."""

PICTURE_KINDS: Final = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}
_PICTURE_LIFETIME: Final = timedelta(minutes=10)
_SALT: Final = "serversync.web.picture"
NO_RIGHTS: Final = "sandbox; default-src 'none'"


class StoredFile(NamedTuple):
    """A file of an activity; ``length`` is the number of bytes that are really there, which the answer must announce."""

    attachmentid: UUID
    filename: str | None
    mimetype: str | None
    length: int


async def download(request: HttpRequest, activityid: UUID, fileid: UUID) -> StreamingHttpResponse:
    """Send a file of an e-mail that the viewer may see."""
    await request.auser()
    return as_download(await sync_to_async(_visible)(activityid, fileid))


def as_download(file: StoredFile) -> StreamingHttpResponse:
    """Return the answer that sends a file to be saved, whatever it says it is."""
    response = _answer(file, "application/octet-stream")
    disposition = content_disposition_header(as_attachment=True, filename=safe_name(file.filename))
    response["Content-Disposition"] = disposition or "attachment"
    return response


def _visible(activityid: UUID, fileid: UUID) -> StoredFile:
    emails = privileges.emails().filter(pk=activityid)
    return stored(ActivityMimeAttachment.objects.filter(pk=fileid, activityid__in=emails.values("pk")))


def stored(files: QuerySet[ActivityMimeAttachment]) -> StoredFile:
    """Return the only one of these files.

    Raises:
        Http404: there is none, or it has no bytes.
    """
    length = Func("attachmentid__body", function="octet_length", output_field=IntegerField())
    row = files.annotate(length=length).values_list("attachmentid", "filename", "mimetype", "length").first()
    if row is None or row[3] is None:
        raise Http404
    return StoredFile(*row)


def _answer(file: StoredFile, kind: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces(file.attachmentid), content_type=kind)
    response["Content-Length"] = str(file.length)
    response["Content-Security-Policy"] = NO_RIGHTS
    return response


def picture_token(user: SystemUser, fileid: UUID) -> str:
    """Return a permission to load one picture for ten minutes, for a frame that has no cookies."""
    return signing.dumps([str(user.pk), str(fileid)], salt=_SALT, compress=False)


@login_not_required
async def picture(_request: HttpRequest, token: str) -> StreamingHttpResponse:
    """Send a picture of a body to whoever has a permission that is not older than ten minutes."""
    try:
        _, fileid = signing.loads(token, salt=_SALT, max_age=_PICTURE_LIFETIME)
    except signing.BadSignature as reason:
        raise Http404 from reason
    file = await sync_to_async(stored)(ActivityMimeAttachment.objects.filter(pk=fileid))
    kind = (file.mimetype or "").partition(";")[0].strip().lower()
    if kind not in PICTURE_KINDS:
        raise Http404
    response = _answer(file, kind)
    response["Cache-Control"] = "private, max-age=600"
    return response


async def pieces(attachmentid: UUID, size: int = PIECE) -> AsyncIterator[bytes]:
    """Yield the bytes of an attachment; each piece is read when the one before has been sent."""
    start = 1
    while piece := await sync_to_async(activity_files.piece)(attachmentid, start, size):
        yield piece
        start += size
