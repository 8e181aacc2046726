"""Whatever servers answer, a search ends, asks nothing twice, and gives the password to nobody new."""

from contextlib import suppress
from urllib.parse import urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from serversync.core.errors import AuthenticationNotOffered, ServerUnreachable, ServiceError
from serversync.exchange.autodiscover.lookup import MOST_REFUSALS
from serversync.exchange.autodiscover.result import Discovery
from serversync.exchange.autodiscover.steps import Get, Post, Reply, Request, Resolve, SrvRecord
from tests.unit.exchange.autodiscover import worlds

HOSTS = (
    "example.org",
    "autodiscover.example.org",
    "mail.example.org",
    "autodiscover.other.example",
    "evil.example",
)
ALLOWED = ("mail.example.org", "autodiscover.other.example")
TRUSTED = {*ALLOWED, "example.org", "autodiscover.example.org"}
urls = st.builds(
    "{}://{}{}/autodiscover/autodiscover.{}".format,
    st.sampled_from(["https", "https", "http", "HTTPS"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", ":8443"]),
    st.sampled_from(["svc", "xml", "json"]),
) | st.text(max_size=20)
addresses = st.builds(
    "{}@{}".format,
    st.sampled_from(["ada", "al", "x"]),
    st.sampled_from(["example.org", "other.example", "evil.example", "com", "t.onmicrosoft.com"]),
)
escaped = urls.map(lambda url: "".join(c for c in url if c.isprintable() and c not in "<&"))
replies = st.one_of(
    st.just(worlds.ok(worlds.soap_settings())),
    st.just(worlds.ok(worlds.pox_settings())),
    urls.map(worlds.moved),
    escaped.map(lambda url: worlds.ok(worlds.soap_user_error("RedirectUrl", url))),
    escaped.map(lambda url: worlds.ok(worlds.pox_redirect("redirectUrl", url))),
    addresses.map(lambda one: worlds.ok(worlds.soap_user_error("RedirectAddress", one))),
    addresses.map(lambda one: worlds.ok(worlds.pox_redirect("redirectAddr", one))),
    st.sampled_from([404, 403, 500, 503]).map(lambda status: Reply(status=status)),
    st.binary(max_size=40).map(worlds.ok),
    st.just(worlds.refused("somebody")),
    st.just(worlds.broken(ServerUnreachable(host="somebody", reason="silence"))),
    st.just(worlds.broken(AuthenticationNotOffered(host="somebody", wanted="NTLM", offered="Basic"))),
)
srv_replies = st.lists(
    st.builds(
        SrvRecord, st.integers(0, 3), st.integers(0, 3), st.sampled_from([443, 8443]), st.sampled_from(HOSTS)
    ),
    max_size=6,
).map(tuple)


class Wild(worlds.World):
    """Answers each question with something else."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__()
        self._data = data

    def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        assert len(self.asked) < 400, "it does not end"
        if isinstance(request, Resolve):
            return Reply(records=self._data.draw(srv_replies))
        return self._data.draw(replies)


def key(request: Request) -> tuple[str, str, str]:
    if isinstance(request, Resolve):
        return ("dns", request.name, "")
    address = request.address if isinstance(request, Post) else ""
    return (type(request).__name__, request.url.lower(), address.lower())


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_search_ends_asks_nothing_twice_and_trusts_nobody_new(data: st.DataObject) -> None:
    world = Wild(data)
    with suppress(ServiceError):
        assert isinstance(world.search(allowed_hosts=ALLOWED), Discovery)
    for request in world.asked:
        if isinstance(request, Post):
            assert urlsplit(request.url).scheme == "https"
            assert urlsplit(request.url).hostname in TRUSTED
        if isinstance(request, Get):
            assert urlsplit(request.url).hostname in TRUSTED
    asked = [key(request) for request in world.asked if isinstance(request, Post)]
    assert len(asked) == len(set(asked))
    refusals = sum(step.outcome.value == "refused" for step in world.steps)
    assert refusals <= MOST_REFUSALS
