"""Shows the body that a stranger wrote: cleaned, in a frame without rights, loading nothing from anywhere.

Three walls, each enough by itself: nh3 keeps only harmless elements and attributes; the answer's policy forbids scripts,
forms and everything foreign; the frame is sandboxed into an origin of its own, without our cookies. Because it has no
cookies, pictures that belong to the message carry a signed, short-lived permission in their address.
"""

from typing import Final
from uuid import UUID

import nh3
from django.db.models.functions import Left, Length
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import mark_safe

from serversync.administration import privileges
from serversync.crm.models import ActivityMimeAttachment, SystemUser
from serversync.web import access
from serversync.web.pages.mail.files import picture_token

LONGEST_SHOWN: Final = 2_000_000
"""Characters; a page of more than that helps nobody, and a body may have 100 million."""

_STYLES: Final = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius",
    "border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "font",
    "font-family", "font-size", "font-style", "font-variant", "font-weight", "height", "letter-spacing", "line-height",
    "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width",
    "padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
    "text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break",
}  # fmt: skip
_TAGS: Final = nh3.ALLOWED_TAGS | {"font", "u", "s", "big"}
_ATTRIBUTES: Final = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_ATTRIBUTES["*"] = {"style", "dir", "lang", "title"}
_ATTRIBUTES["font"] = {"color", "face", "size"}
_ATTRIBUTES["img"] = {"src", "alt", "width", "height"}
for _tag in ("table", "td", "th", "tr"):
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | {
        "align", "bgcolor", "border", "cellpadding", "cellspacing", "colspan", "height", "rowspan", "valign", "width",
    }  # fmt: skip


def clean(html: str, pictures: dict[str, str]) -> str:
    """Return what may be shown of a body.

    Args:
        html: Anything.
        pictures: Address of each picture of the message, by content id in lower case; other pictures lose theirs,
            so that no sender learns when and where a message is read.
    """

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name not in {"src", "href"}:
            return value
        scheme, _, rest = value.strip().partition(":")
        if tag == "img":
            if scheme.lower() == "cid":
                return pictures.get(rest.strip().lower())
            return value if scheme.lower() == "data" and rest.lower().startswith("image/") else None
        return None if scheme.lower() in {"data", "cid"} else value

    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer",
    )


def body(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Answer with the body of an e-mail as a page of its own, for the frame."""
    user = access.viewer(request)
    rows = (
        privileges.emails()
        .filter(pk=activityid)
        .annotate(start=Left("description", LONGEST_SHOWN), length=Length("description"))
    )
    row = rows.values_list("start", "length").first()
    if row is None:
        raise Http404
    start, length = row
    origin = f"{request.scheme}://{request.get_host()}"
    shown = clean(start or "", _pictures(user, activityid, origin))
    page = render_to_string(
        "mail/body.html",
        {"body": mark_safe(shown), "is_cut": (length or 0) > LONGEST_SHOWN},  # noqa: S308 - this is what clean() is for
    )
    response = HttpResponse(page)
    response["Content-Security-Policy"] = (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        f"img-src data: {origin}; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _pictures(user: SystemUser, activityid: UUID, origin: str) -> dict[str, str]:
    rows = ActivityMimeAttachment.objects.filter(activityid=activityid, attachmentcontentid__isnull=False)
    return {
        (content_id or "").strip("<>").lower(): origin + reverse("picture", args=[picture_token(user, key)])
        for key, content_id in rows.values_list("pk", "attachmentcontentid")
    }
