"""The list of queues, and the form of one; its delivery methods are those of its mailbox."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import filters, privileges, queues
from serversync.core.errors import InputInvalid, RecordNotFound, ServiceError
from serversync.crm.models import Queue
from serversync.crm.privileges import Privilege
from serversync.web import formerrors
from serversync.web.keyset import Position, read_page
from serversync.web.pages.queues.forms import QueueForm

PAGE_SIZE: Final = 50


def listing(request: HttpRequest) -> HttpResponse:
    """Show queues, the newest first; ``q`` and the place are in the address."""
    privileges.require(Privilege.READ_QUEUE)
    search = request.GET.get("q", "").strip()
    page = read_page(
        queues.rows(),
        request.GET,
        column="createdon",
        position=_position,
        size=PAGE_SIZE,
        search=search,
    )
    return render(request, "queues/list.html", {"page": page, "search": search})


def _position(row: Queue) -> Position:
    return Position(row.createdon, row.pk)


def new(request: HttpRequest) -> HttpResponse:
    """Enter a new queue."""
    privileges.require(Privilege.CREATE_QUEUE)
    form = QueueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = queues.add(
                data["name"],
                address=data["address"],
                owner=data["owner"] or None,
                description=data["description"],
                track=data["track"],
            )
        except (InputInvalid, RecordNotFound) as error:
            _tell(form, error)
        else:
            messages.success(request, f"Added {made.name}. Now approve its address.")
            return redirect("queue", queueid=made.pk)
    return render(request, "queues/form.html", {"form": form})


def detail(request: HttpRequest, queueid: UUID) -> HttpResponse:
    """Show a queue in the form; change what was changed."""
    found = visible(queueid)
    form = QueueForm(request.POST or None, initial=_shown(found))
    if request.method == "POST" and form.is_valid():
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            queues.edit(found, **changed)
        except (InputInvalid, RecordNotFound) as error:
            _tell(form, error)
        else:
            messages.success(request, f"Saved {found.name}.")
            return redirect("queue", queueid=queueid)
    return render(request, "queues/form.html", {"form": form, "found": visible(queueid)})


def _shown(queue: Queue) -> dict[str, Any]:
    method = queue.incomingemailfilteringmethod
    return {
        "name": queue.name,
        "address": queue.emailaddress or "",
        "owner": queue.ownerid.domainname if queue.ownerid else "",
        "track": next(word for word, one in filters.METHODS.items() if one == method),
        "description": queue.description or "",
    }


def _tell(form: QueueForm, error: ServiceError) -> None:
    if isinstance(error, RecordNotFound):
        form.add_error("owner", "There is no such user.")
    else:
        formerrors.tell(form, error)


@require_POST
def set_state(request: HttpRequest, queueid: UUID, word: str) -> HttpResponse:
    """Activate or deactivate a queue."""
    if word not in {"activate", "deactivate"}:
        raise Http404
    found = queues.set_state(visible(queueid), active=word == "activate")
    messages.success(request, f"{found} is {'active' if word == 'activate' else 'deactivated'}.")
    return redirect("queue", queueid=queueid)


def visible(queueid: UUID) -> Queue:
    """Return a queue that the actor may read.

    Raises:
        Http404: there is none.
    """
    return get_object_or_404(queues.rows(), pk=queueid)
