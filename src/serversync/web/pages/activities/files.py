"""The files of an appointment or task: sent to people, attached and taken away."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from serversync.administration import activity_files
from serversync.administration.activities import Kind
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.web.pages.activities.views import visible
from serversync.web.pages.mail import files


async def download(request: HttpRequest, kind: Kind, key: UUID, fileid: UUID) -> StreamingHttpResponse:
    """Send a file of one that the viewer may see; always as a download."""
    await request.auser()
    return files.as_download(await sync_to_async(_visible)(kind, key, fileid))


def _visible(kind: Kind, key: UUID, fileid: UUID) -> files.StoredFile:
    return files.stored(activity_files.of(visible(kind, key)).filter(pk=fileid))


@require_POST
def attach(request: HttpRequest, kind: Kind, key: UUID) -> HttpResponse:
    """Attach the files that were sent."""
    found = visible(kind, key)
    sent: list[Any] = list(request.FILES.getlist("files"))
    try:
        count = activity_files.attach(found, sent)
    except InputInvalid as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Attached {count} file{'' if count == 1 else 's'}.")
    return redirect(kind.word, key=key)


@require_POST
def remove(request: HttpRequest, kind: Kind, key: UUID, fileid: UUID) -> HttpResponse:
    """Take a file away."""
    try:
        name = activity_files.remove(visible(kind, key), fileid)
    except RecordNotFound as error:
        raise Http404 from error
    except InputInvalid as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Removed {name}.")
    return redirect(kind.word, key=key)
