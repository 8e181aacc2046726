"""Test Connection in the page: the answer is the page itself, sent step by step as the steps are over.

Nothing runs after the page is gone, and it works without scripts. The outcome is kept with the profile, so that the
address shows it again later.
"""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

from serversync.administration import actor as actors
from serversync.administration import connection_report, connection_test
from serversync.core import clock
from serversync.core.errors import InputInvalid
from serversync.crm.models import EmailServerProfile
from serversync.engine.probe import Finished, Started
from serversync.web.pages.profiles.views import visible

_SPLIT = "<!-- steps -->"


async def test(request: HttpRequest, profileid: UUID) -> HttpResponseBase:
    """Show the last test; with POST take every step now and show each as it is over."""
    await request.auser()
    profile = await sync_to_async(visible)(profileid)
    if request.method != "POST":
        return await sync_to_async(_last)(request, profile)
    sample = request.POST.get("mailbox", "").strip() or None
    what = await sync_to_async(connection_test.plan)(profile.name, sample=sample)
    before, after = (await sync_to_async(_frame)(request, profile)).split(_SPLIT)
    answer = StreamingHttpResponse(
        _steps(what, before, after, actors.current()), content_type="text/html; charset=utf-8"
    )
    answer["X-Accel-Buffering"] = "no"
    return answer


test.__test__ = False  # type: ignore[attr-defined]


async def _steps(
    what: connection_test.Plan, before: str, after: str, actor: actors.Actor
) -> AsyncIterator[str]:
    yield before
    started, began = clock.now(), time.monotonic()
    reports = []
    try:
        with actors.acting(actor):
            async for event in connection_test.events(what):
                if isinstance(event, Started):
                    yield render_to_string("profiles/step_begins.html", {"title": event.step.title})
                elif isinstance(event, Finished):
                    reports.append(event.report)
                    yield render_to_string("profiles/step.html", {"step": _plain(event.report)})
            milliseconds = round((time.monotonic() - began) * 1000)
            done = await sync_to_async(connection_test.keep)(
                what, reports, startedon=started, milliseconds=milliseconds
            )
        document = connection_report.as_document(done)
        yield render_to_string("profiles/test_end.html", {"test": document, **_copies(document)})
    except InputInvalid as error:
        yield render_to_string("profiles/test_refused.html", {"error": error})
    yield after


def _frame(request: HttpRequest, profile: EmailServerProfile) -> str:
    context = {"profile": profile, "split": True, "sample": request.POST.get("mailbox", "")}
    return render_to_string("profiles/test.html", context, request=request)


def _last(request: HttpRequest, profile: EmailServerProfile) -> HttpResponse:
    document = connection_report.kept(profile.lasttestresponse)
    sample = document["mailbox"] if document is not None else None
    shown = {"profile": profile, "test": document, "sample": sample}
    return render(request, "profiles/test.html", shown | (_copies(document) if document else {}))


def _copies(document: dict[str, Any]) -> dict[str, str]:
    """Return a test as text to copy."""
    return {
        "markdown": connection_report.markdown_of(document),
        "json": json.dumps(document, ensure_ascii=False, indent=2),
    }


def _plain(report: Any) -> dict[str, Any]:
    """Return a step as the template shows it, the same as one that was kept."""
    finding = report.finding
    return {
        "title": report.step.title,
        "milliseconds": report.milliseconds,
        "result": finding.result.value,
        "sentence": finding.sentence,
        "code": finding.code,
        "remedy": finding.remedy,
        "evidence": [{"label": label, "text": text} for label, text in finding.evidence],
        "parts": [
            {
                "title": part.title,
                "milliseconds": part.milliseconds,
                "result": part.finding.result.value,
                "sentence": part.finding.sentence,
            }
            for part in report.parts
        ],
    }
