"""The check-up in the page: the answer is the page itself, sent part by part as the parts are over.

The checks are those of ``serversync doctor``. It works without scripts, and nothing runs after the page is gone.
"""

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

from serversync.administration import actor as actors
from serversync.administration import doctor

_SPLIT = "<!-- checks -->"


async def check_up(request: HttpRequest) -> HttpResponseBase:
    """Say what is checked; with POST check it now and show each part as it is over."""
    await request.auser()
    if request.method != "POST":
        return await sync_to_async(_offer)(request)
    parts = await sync_to_async(doctor.parts)()
    before, after = (await sync_to_async(_frame)(request)).split(_SPLIT)
    answer = StreamingHttpResponse(
        _checks(parts, before, after, actors.current()), content_type="text/html; charset=utf-8"
    )
    answer["X-Accel-Buffering"] = "no"
    return answer


def _offer(request: HttpRequest) -> HttpResponse:
    doctor.require()
    return render(request, "doctor/check_up.html")


def _frame(request: HttpRequest) -> str:
    return render_to_string("doctor/check_up.html", {"split": True}, request=request)


async def _checks(
    parts: list[doctor.Part], before: str, after: str, actor: actors.Actor
) -> AsyncIterator[str]:
    yield before
    found: list[doctor.Check] = []
    with actors.acting(actor):
        for part in parts:
            for check in await sync_to_async(part)():
                found.append(check)
                yield render_to_string("doctor/check.html", {"check": check})
    failed = sum(check.result is doctor.Result.FAILED for check in found)
    warned = sum(check.result is doctor.Result.WARNING for check in found)
    told = {"failed": failed, "warned": warned, "markdown": doctor.as_markdown(found)}
    yield render_to_string("doctor/end.html", told)
    yield after
