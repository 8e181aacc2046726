"""Chooses, when nothing was found, the one error that an administrator should read."""

from typing import Final

from serversync.core.errors import (
    AuthenticationFailed,
    AutodiscoverFailed,
    AutodiscoverHostNotAllowed,
    AutodiscoverNotHere,
    AutodiscoverRedirectLoop,
    AutodiscoverUnavailable,
    MailboxInExchangeOnline,
    MailboxNotFound,
    ServiceError,
    Transient,
)
from serversync.exchange.autodiscover.names import host_of
from serversync.exchange.autodiscover.steps import Place

_PRECEDENCE: Final[tuple[type[ServiceError], ...]] = (
    MailboxNotFound,
    AuthenticationFailed,
    MailboxInExchangeOnline,
    AutodiscoverHostNotAllowed,
    AutodiscoverRedirectLoop,
)
"""What says more than "nothing was found", the most certain first."""
_SURER_PLACES: Final = (Place.REDIRECT, Place.SRV, Place.HTTP_REDIRECT)
_SHOWN: Final = 6


class Verdict:
    """Collects what went wrong in a search.

    Args:
        mailbox: The address that is searched for.
    """

    def __init__(self, mailbox: str) -> None:
        self._mailbox = mailbox
        self._noted: list[tuple[Place, ServiceError]] = []

    def note(self, error: ServiceError, place: Place) -> None:
        """Remember an error of one attempt."""
        self._noted.append((place, error))

    @property
    def refusals(self) -> int:
        """How many hosts have definitely refused the account."""
        return sum(isinstance(error, AuthenticationFailed) for _, error in self._noted)

    def nowhere(self, url: str, address: str) -> AutodiscoverNotHere:
        """Return (and remember) the error for settings without an EWS URL over https."""
        error = AutodiscoverNotHere(
            address=url,
            host=host_of(url),
            reason=f"it names no https address of Exchange Web Services for {address}",
        )
        self.note(error, Place.REDIRECT)
        return error

    def error(self, domain: str) -> ServiceError:
        """Return the error of the whole search.

        A single refusal counts more than a missing consent, since it can be tried at once; trouble that may pass
        makes the whole transient, so that no mailbox stops for a server that is down.
        """
        for kind in _PRECEDENCE:
            found = [(place, error) for place, error in self._noted if isinstance(error, kind)]
            if found:
                return min(found, key=_rank)[1]
        attempts = list(dict.fromkeys(str(error).rstrip(".") for _, error in self._noted))
        shown = "; ".join(attempts[:_SHOWN]) or "nothing answered"
        if len(attempts) > _SHOWN:
            shown += f"; and {len(attempts) - _SHOWN} more"
        passing = [error for _, error in self._noted if isinstance(error, Transient)]
        if passing:
            pauses = [error.details.get("back_off") for error in passing]
            back_off = next((pause for pause in pauses if pause), None)
            return AutodiscoverUnavailable(mailbox=self._mailbox, attempts=shown, back_off=back_off)
        return AutodiscoverFailed(mailbox=self._mailbox, domain=domain, attempts=shown)


def _rank(noted: tuple[Place, ServiceError]) -> int:
    place = noted[0]
    return _SURER_PLACES.index(place) if place in _SURER_PLACES else len(_SURER_PLACES)
