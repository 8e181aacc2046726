"""The step that listens: whether Exchange tells at once what happens in a mailbox."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

from serversync.adapters.probe.target import Seen, Target
from serversync.core.errors import ServerUnreachable, ServiceError
from serversync.engine.probe import Finding, Part, failed, not_needed, ok, warning
from serversync.exchange.affinity import Affinity
from serversync.exchange.operations.subscribe import StreamingSubscriptionRequest, Subscribe
from serversync.exchange.operations.unsubscribe import Unsubscribe
from serversync.exchange.types.ids import DistinguishedFolderId

_LONGEST: Final = timedelta(minutes=1)
_PATIENCE: Final = timedelta(seconds=20)
_POLLED: Final = (
    "Changes are noticed all the same, at each poll. Let proxies pass answers of /EWS/* on as they come (no buffering, no "
    "content inspection) and keep them open for at least a minute."
)


class NotificationStep:
    """Subscribes to the Inbox, opens the stream, waits for its first word, and ends the subscription."""

    def __init__(self, target: Target, seen: Seen) -> None:
        self._target = target
        self._seen = seen

    async def notification(self) -> AsyncIterator[Part | Finding]:
        """Listen for a moment; what fails is a warning, since polling goes on without it."""
        if self._target.impersonate and not self._target.own_credentials and self._target.sample is None:
            yield not_needed("There is no mailbox to try.")
            return
        client, mailbox = self._seen.open_client(), self._target.acting_as
        inbox = StreamingSubscriptionRequest(folder_ids=(DistinguishedFolderId("inbox"),))
        affinity = Affinity(mailbox) if mailbox else None
        try:
            (made,) = await client.call(Subscribe(inbox), mailbox=mailbox, affinity=affinity)
            subscription = made.unwrap().subscription_id
        except ServiceError as error:
            yield warning(f"Exchange takes no subscription: {error}", _POLLED)
            return
        yield Part("Subscription", ok("Exchange took the subscription."))
        try:
            async with client.stream(
                [subscription],
                mailbox=mailbox,
                affinity=affinity,
                connection_timeout=_LONGEST,
                silence=_PATIENCE,
            ) as stream:
                if await anext(aiter(stream), None) is None:
                    raise ServerUnreachable(host="the server", reason="the stream ended without a word")
        except ServiceError as error:
            yield Part("Stream", failed(error))
            yield warning(f"Notifications do not come through: {error}", _POLLED)
            return
        finally:
            with suppress(ServiceError):  # it ends by itself too, when nobody listens
                await client.call(Unsubscribe(subscription), mailbox=mailbox, affinity=affinity)
        yield ok("Exchange tells at once what happens in a mailbox.")
