"""What was seen of a server while logging on to it: what it offers, who it says it is, how late its clock is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from serversync.exchange.auth.flow import Challenge
from serversync.exchange.auth.target_info import TargetInfo, target_info_of

WINDOWS_SCHEMES = ("NTLM", "Negotiate")


class LogOnEvidence:
    """Filled by the transport from each refusal (401); kept for as long as the client is open.

    Attributes:
        offered_schemes: What the server offered, in its order; empty before the first refusal. A server that
            is spoken to with the right header at once refuses nothing, and so offers nothing.
        target_info: What its NTLM challenge told.
        clock_skew_seconds: How far its clock is ahead of ours (negative: behind); ``None`` before it told.
        front_ends: Names of the servers that answered, from ``X-FEServer`` and the challenges.
        proxies: ``Via`` and ``Server`` headers of what is not IIS.
    """

    def __init__(self) -> None:
        self.offered_schemes: tuple[str, ...] = ()
        self.target_info: TargetInfo | None = None
        self.clock_skew_seconds: float | None = None
        self.front_ends: set[str] = set()
        self.proxies: set[str] = set()

    @property
    def offers_basic_beside_windows(self) -> bool:
        """Whether the server takes passwords in the clear inside TLS although it could do without."""
        names = {name.lower() for name in self.offered_schemes}
        return "basic" in names and not names.isdisjoint(name.lower() for name in WINDOWS_SCHEMES)

    def see(self, values: Sequence[str], headers: Mapping[str, str], received: datetime) -> None:
        """Take note of a refusal.

        Args:
            values: Its ``WWW-Authenticate`` values.
            headers: Its headers; names in any case.
            received: When it came, by our clock.
        """
        names = [name.strip() for name in Challenge(tuple(values)).offered.split(",")]
        for name in names:
            if name not in ("none", *self.offered_schemes):
                self.offered_schemes = (*self.offered_schemes, name)
        told = _date(headers.get("Date", ""))
        if (info := target_info_of(values)) is not None:
            self.target_info = info
            told = info.server_time or told
            if info.computer:
                self.front_ends.add(info.computer.upper())
        if told is not None:
            self.clock_skew_seconds = (told - received).total_seconds()
        if front_end := headers.get("X-FEServer", "")[:64]:
            self.front_ends.add(front_end.upper())
        if via := headers.get("Via", "")[:120]:
            self.proxies.add(via)
        server = headers.get("Server", "")[:80]
        if server and "microsoft-iis" not in server.lower():
            self.proxies.add(server)


def _date(value: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
