"""Keeps the requests of a group of mailboxes on the server that holds their subscriptions.

A subscription lives in the memory of one server. Since Exchange 2013 that is the server of the group's anchor
mailbox: every request of the group names the anchor, asks for affinity, and brings back the cookie
``X-BackEndOverrideCookie`` of the first answer. On Exchange 2010 the load balancer's ``exchangecookie`` does it.

Source: Microsoft, "Maintain affinity between a group of subscriptions and the Mailbox server in Exchange".
"""

from email.utils import parsedate_to_datetime
from http.cookies import CookieError, Morsel, SimpleCookie

from multidict import CIMultiDictProxy

from serversync.core.clock import now
from serversync.exchange.xml_values import integer

_KEPT = frozenset({"x-backendoverridecookie", "x-backendcookie", "exchangecookie"})
_LONGEST = 4096


class Affinity:
    """What the requests of one group have in common.

    Args:
        anchor: Address of the group's first mailbox in the alphabet.
    """

    def __init__(self, anchor: str) -> None:
        self.anchor = anchor
        self._cookies: dict[str, str] = {}

    def headers(self) -> dict[str, str]:
        """Return the headers that each request of the group carries."""
        headers = {"X-AnchorMailbox": self.anchor, "X-PreferServerAffinity": "true"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return headers

    def learn(self, headers: CIMultiDictProxy[str]) -> None:
        """Keep the affinity cookies of an answer, drop those that it ends; other cookies are left alone."""
        for line in headers.getall("Set-Cookie", ()):
            jar: SimpleCookie = SimpleCookie()
            try:
                jar.load(line)
            except CookieError:
                continue  # a cookie that is none ties nobody to anything
            for name, morsel in jar.items():
                if name.lower() not in _KEPT:
                    continue
                if _is_over(morsel) or len(morsel.coded_value) > _LONGEST:
                    self._cookies.pop(name, None)
                else:
                    self._cookies[name] = morsel.coded_value

    def forget(self) -> None:
        """Drop the cookies: the server that they name may be gone, or no longer hold the mailboxes."""
        self._cookies.clear()


def _is_over(morsel: Morsel[str]) -> bool:
    """Whether a cookie ends at once, which is how a server takes one back."""
    if not morsel.coded_value.strip('"'):
        return True
    seconds = integer(str(morsel["max-age"]))
    if seconds is not None:
        return seconds <= 0
    try:
        return parsedate_to_datetime(morsel["expires"].replace("-", " ")) <= now()
    except (ValueError, TypeError, OverflowError):
        return False
