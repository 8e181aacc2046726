"""Calls the listeners of push subscriptions: with events as they happen, and with a sign of life in between."""

import asyncio
from contextlib import suppress

import aiohttp
from lxml import etree

from serversync.simulator.exchange import Exchange
from serversync.simulator.notification import render_notification
from serversync.simulator.response import MESSAGES_NS, EwsError, envelope, failure, success
from serversync.simulator.subscriptions import Subscription

_NAME = "SendNotification"
_FIRST_RETRY = 1.0
_PATIENCE = aiohttp.ClientTimeout(total=10)


class Pusher:
    """Serves all push subscriptions of an Exchange while ``run`` runs.

    A listener that does not answer is tried again after one second, two, four and so on; when that has come to the
    subscription's status frequency, the subscription ends, as it does when the listener says ``Unsubscribe``.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Push until cancelled."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        stop = self._exchange.subscriptions.when_pushing(lambda: loop.call_soon_threadsafe(woken.set))
        try:
            async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
                while True:
                    woken.clear()
                    for one in self._exchange.subscriptions.of_mode("push"):
                        await self._serve(session, one, loop.time())
                    wait = min([self._due[key] for key in self._due] or [loop.time() + 60]) - loop.time()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(max(wait, 0.05)):
                            await woken.wait()
        finally:
            stop()

    async def _serve(self, session: aiohttp.ClientSession, one: Subscription, now: float) -> None:
        key, table = one.subscription_id, self._exchange.subscriptions
        is_due = self._due.setdefault(key, now) <= now
        if self._failures.get(key) and not is_due:
            return
        with self._exchange.lock:
            previous = one.position
            try:
                events, more = table.untold(one)
                if not events and not is_due:
                    return
                rendered = render_notification(table, one, events, previous=previous, more=more)
                message = success(_NAME, f"<m:Notification>{rendered}</m:Notification>")
            except EwsError as error:
                status = render_notification(table, one, [], previous=previous, more=False)
                message = failure(_NAME, error, f"<m:Notification>{status}</m:Notification>")
                table.remove(one)
        answer = await self._post(session, one.url, message)
        if answer == "OK":
            self._failures.pop(key, None)
            self._due[key] = now if more else now + one.timeout.total_seconds()
            return
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause = _FIRST_RETRY * 2 ** (failures - 1)
        if answer == "Unsubscribe" or pause > one.timeout.total_seconds():
            with self._exchange.lock:
                table.remove(one)
            self._due.pop(key, None)
            return
        one.position, self._due[key] = previous, now + pause

    async def _post(self, session: aiohttp.ClientSession, url: str, message: str) -> str:
        """Return the ``SubscriptionStatus`` that the listener answers; empty where it does not."""
        body = (
            f'<m:{_NAME} xmlns:m="{MESSAGES_NS}" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
            f"<m:ResponseMessages>{message}</m:ResponseMessages></m:{_NAME}>"
        )
        document = envelope(body, header=self._exchange.version.server_version_info)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{MESSAGES_NS}/{_NAME}"'}
        try:
            async with session.post(url, data=document, headers=headers) as reply:
                text = await reply.read()
                root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
                return (root.findtext(f".//{{{MESSAGES_NS}}}SubscriptionStatus") or "").strip()
        except (aiohttp.ClientError, OSError, TimeoutError, etree.XMLSyntaxError):
            return ""
