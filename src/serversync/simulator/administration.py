"""The administration interface: plain HTTP with JSON on the loopback interface, for those who know the token.

The token is made at the start and told with the address. It is no part of the imitated server.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from serversync.simulator.breaking import NotUnderstoodError, act, describe, make_fault
from serversync.simulator.exchange import Exchange
from serversync.simulator.response import EwsError
from serversync.simulator.snapshot import save

_LARGEST = 64 * 1024 * 1024


class Administration:
    """Serves the interface at ``url`` while the ``async with`` block lasts.

    | request | what it does |
    |---|---|
    | ``GET /status`` | counts, and how much goes on |
    | ``GET /faults``, ``POST /faults``, ``DELETE /faults`` | tell, add, and clear what goes wrong |
    | ``POST /actions/NAME`` | let something happen once |
    | ``POST /deliver`` | deliver a message: ``mime`` in base64 and ``to`` |
    | ``GET /outbox``, ``POST /outbox/N/bounce`` | what left, and let it come back |
    | ``POST /snapshot`` | write the state to a file |

    Attributes:
        token: What requests carry as ``Authorization: Bearer TOKEN``.

    Args:
        exchange: The state.
        port: TCP port; 0 for any free one.
        snapshot: Where ``POST /snapshot`` writes; without it that is refused.
        token: The token; a new one where none is given.
    """

    def __init__(
        self, exchange: Exchange, *, port: int = 0, snapshot: Path | None = None, token: str | None = None
    ) -> None:
        self.token = token or secrets.token_urlsafe(24)
        self._exchange = exchange
        self._wanted_port = port
        self._snapshot = snapshot
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._guard], client_max_size=_LARGEST)
        application.add_routes(
            [
                web.get("/status", self._answer(self._status)),
                web.get("/faults", self._answer(self._faults)),
                web.post("/faults", self._answer(self._break)),
                web.delete("/faults", self._answer(self._clear)),
                web.post("/actions/{name}", self._answer(self._act)),
                web.post("/deliver", self._answer(self._deliver)),
                web.get("/outbox", self._answer(self._outbox)),
                web.post("/outbox/{number}/bounce", self._answer(self._bounce)),
                web.post("/snapshot", self._answer(self._save)),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._wanted_port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {self.token}".encode()):
            return web.json_response({"error": "the token is missing or wrong"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    def _answer(self, act_on: Callable[[web.Request, dict[str, Any]], Any]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            text = await request.text()
            try:
                wanted = json.loads(text) if text.strip() else {}
                if not isinstance(wanted, dict):
                    raise NotUnderstoodError("the body has to be a JSON object")
                return web.json_response(act_on(request, wanted))
            except (ValueError, LookupError, EwsError) as problem:
                return web.json_response({"error": str(problem)}, status=400)

        return handle

    def _status(self, _request: web.Request, _wanted: dict[str, Any]) -> dict[str, Any]:
        exchange = self._exchange
        with exchange.lock:
            mailboxes = exchange.mailboxes
            return {
                "version": exchange.version.name,
                "build": exchange.version.number,
                "mailboxes": len(mailboxes),
                "messages": sum(len(one.inbox.items) for one in mailboxes),
                "outbox": len(exchange.outbox),
                "faults": len(exchange.faults),
                "clock_skew_seconds": exchange.clock_skew.total_seconds(),
            }

    def _faults(self, _request: web.Request, _wanted: dict[str, Any]) -> list[dict[str, Any]]:
        return [describe(fault) for fault in self._exchange.faults]

    def _break(self, _request: web.Request, wanted: dict[str, Any]) -> dict[str, Any]:
        with self._exchange.lock:
            return describe(self._exchange.faults.add(make_fault(wanted)))

    def _clear(self, _request: web.Request, _wanted: dict[str, Any]) -> dict[str, Any]:
        with self._exchange.lock:
            cleared = len(self._exchange.faults)
            self._exchange.faults.clear()
        return {"cleared": cleared}

    def _act(self, request: web.Request, wanted: dict[str, Any]) -> dict[str, Any]:
        act(self._exchange, request.match_info["name"], wanted)
        return {"done": request.match_info["name"]}

    def _deliver(self, _request: web.Request, wanted: dict[str, Any]) -> dict[str, Any]:
        try:
            mime = base64.b64decode(wanted.get("mime", ""), validate=True)
        except (binascii.Error, TypeError):
            raise NotUnderstoodError("mime has to be base64") from None
        to = wanted.get("to")
        if not mime or not isinstance(to, list) or not to:
            raise NotUnderstoodError("deliver needs mime, in base64, and to, a list of addresses")
        return {"item_ids": self._exchange.deliver(mime, [str(one) for one in to])}

    def _outbox(self, _request: web.Request, _wanted: dict[str, Any]) -> list[dict[str, Any]]:
        with self._exchange.lock:
            return [
                {
                    "number": number,
                    "sender": mail.sender,
                    "recipients": list(mail.recipients),
                    "sent": mail.sent.astimezone(UTC).isoformat(),
                    "mime": base64.b64encode(mail.mime).decode(),
                }
                for number, mail in enumerate(self._exchange.outbox)
            ]

    def _bounce(self, request: web.Request, wanted: dict[str, Any]) -> dict[str, Any]:
        number = request.match_info["number"]
        if not number.isdecimal() or int(number) >= len(self._exchange.outbox):
            raise NotUnderstoodError(f"no mail of the outbox has the number {number}")
        status, diagnostic = wanted.get("status", "5.1.1"), wanted.get("diagnostic", "user unknown")
        self._exchange.bounce(
            self._exchange.outbox[int(number)], status=str(status), diagnostic=str(diagnostic)
        )
        return {"bounced": int(number)}

    def _save(self, _request: web.Request, _wanted: dict[str, Any]) -> dict[str, Any]:
        if self._snapshot is None:
            raise NotUnderstoodError("the simulator was started without a file for snapshots")
        save(self._exchange, self._snapshot)
        return {"saved": str(self._snapshot)}
