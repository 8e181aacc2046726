"""What IIS and Exchange answer on the EWS address to requests that are no SOAP: other methods, other content, pictures."""

from aiohttp import web

from serversync.simulator.exchange import Exchange
from serversync.simulator.operations.user_photo import SIZES, entity_tag, media_type, photo_of
from serversync.simulator.wire import page

EWS_PATH = "/ews/exchange.asmx"
PHOTO_PATH = f"{EWS_PATH}/s/getuserphoto"
_METHODS = "OPTIONS, GET, HEAD, POST"


def answer_plain(request: web.BaseRequest, exchange: Exchange) -> web.StreamResponse | None:
    """Return the answer to a request that is no SOAP call; ``None`` for one."""
    if request.path.lower() == PHOTO_PATH:
        return _photo(request, exchange)
    if request.method in {"GET", "HEAD"}:
        return web.Response(status=302, headers={"Location": "/EWS/Services.wsdl"})
    if request.method == "OPTIONS":
        return web.Response(status=200, headers={"Allow": _METHODS, "Public": _METHODS})
    if request.method != "POST":
        return page(405, "Method Not Allowed", {"Allow": _METHODS})
    if request.content_type.lower() != "text/xml":
        return page(415, "The content type was not the expected type 'text/xml; charset=utf-8'.")
    return None


def _photo(request: web.BaseRequest, exchange: Exchange) -> web.StreamResponse:
    """Return the picture of the person whose address the query names."""
    if request.method not in {"GET", "HEAD"}:
        return page(405, "Method Not Allowed", {"Allow": "GET, HEAD"})
    if request.query.get("size", "HR48x48").upper().replace("X", "x") not in SIZES:
        return page(400, "Bad Request")
    photo = photo_of(exchange, request.query.get("email", ""))
    if photo is None:
        return page(404, "Not Found")
    tag = entity_tag(photo)
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    return web.Response(body=photo, content_type=media_type(photo), headers={"ETag": tag})
