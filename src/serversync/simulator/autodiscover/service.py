"""From a request of Autodiscover to its answer, whatever carries it."""

from dataclasses import dataclass

from serversync.simulator.autodiscover import json_v2, pox, soap_settings
from serversync.simulator.autodiscover.answers import locate
from serversync.simulator.autodiscover.configuration import AutodiscoverFault, Form, Seen
from serversync.simulator.exchange import Exchange

_FORMS: dict[str, Form] = {
    "/autodiscover/autodiscover.xml": "POX",
    "/autodiscover/autodiscover.svc": "SOAP",
}
_JSON = ("/autodiscover/autodiscover.json", "/autodiscover.json", "/autodiscover/autodiscover.json/")
_XML = "text/xml; charset=utf-8"
_SINCE: dict[Form, tuple[int, int, int, int]] = {
    "POX": (8, 0, 0, 0),
    "SOAP": (14, 0, 0, 0),
    "JSON": (15, 1, 0, 0),
}
"""The first product that has each service."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Attributes:
        scheme: ``https`` or ``http``.
        method: HTTP method.
        host: The host that was asked, with its port.
        target: Path and query.
        authorization: Whether an ``Authorization`` header came along.
        body: The body.
    """

    scheme: str
    method: str
    host: str
    target: str
    authorization: bool
    body: bytes

    @property
    def name(self) -> str:
        """The host without its port, lower case."""
        return self.host.partition(":")[0].lower()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def form_of(path: str) -> Form | None:
    """Return which service a path belongs to, in any case of letters; ``None`` for none."""
    lower = path.lower()
    if lower.startswith(_JSON):
        return "JSON"
    return _FORMS.get(lower)


class AutodiscoverService:
    """Answers requests against the state of an Exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def note(self, form: Form | None, asked: Asked) -> str | None:
        """Write a request down, and return the address that it asks for."""
        address = self._address(form, asked)
        self._exchange.autodiscover.seen.append(
            Seen(
                asked.scheme,
                asked.method,
                asked.name,
                asked.target,
                address,
                asked.authorization,
                len(asked.body),
            )
        )
        return address

    def _address(self, form: Form | None, asked: Asked) -> str | None:
        try:
            if form == "POX":
                return pox.wanted_address(asked.body)
            if form == "SOAP":
                return next(iter(soap_settings.wanted(asked.body).users), None)
        except pox.Invalid:
            return None
        return json_v2.wanted(asked.target)[0] or None if form == "JSON" else None

    def fault(self, form: Form, asked: Asked, address: str | None) -> AutodiscoverFault | None:
        """Return what goes wrong with a request, if anything."""
        return self._exchange.autodiscover.fault(form, asked.name, address)

    def is_offered(self, form: Form) -> bool:
        """Whether the product has the service, and it is switched on."""
        return self._exchange.autodiscover.is_enabled and self._exchange.version.build >= _SINCE[form]

    def answer(self, form: Form, asked: Asked, own_url: str) -> Answered:
        """Return the answer to a request of somebody who may ask.

        Args:
            form: The service.
            asked: The request.
            own_url: The EWS address of this server.
        """
        with self._exchange.lock:
            if form == "POX":
                return Answered(200, {"Content-Type": _XML}, self._pox(asked, own_url).encode())
            if form == "SOAP":
                return self._soap(asked, own_url)
            address, protocol, redirects = json_v2.wanted(asked.target)
            found = locate(self._exchange, address, own_url=own_url, host=asked.name)
            xml = f"https://{asked.host}/autodiscover/autodiscover.xml"
            return Answered(*json_v2.answer(found, protocol, xml, redirects))

    def _pox(self, asked: Asked, own_url: str) -> str:
        if asked.method != "POST":
            return pox.error("600")
        try:
            address = pox.wanted_address(asked.body)
        except pox.Invalid as invalid:
            return pox.error(invalid.code)
        return pox.answer(
            locate(self._exchange, address, own_url=own_url, host=asked.name), self._exchange.version
        )

    def _soap(self, asked: Asked, own_url: str) -> Answered:
        if asked.method != "POST":
            page = b"<HTML><HEAD><TITLE>Autodiscover Service</TITLE></HEAD><BODY></BODY></HTML>"
            return Answered(200, {"Content-Type": "text/html; charset=UTF-8"}, page)
        try:
            wanted = soap_settings.wanted(asked.body)
        except pox.Invalid:
            reason = "The message could not be processed: it is no request of this service."
            return Answered(500, {"Content-Type": _XML}, soap_settings.fault(reason))
        answer = soap_settings.answer(
            wanted,
            self._exchange.version,
            lambda user: locate(self._exchange, user, own_url=own_url, host=asked.name),
        )
        return Answered(200, {"Content-Type": _XML}, answer)
