"""What a search asks, in which order, and what it makes of the answers."""

import pytest

from serversync.core.errors import (
    AuthenticationFailed,
    AuthenticationNotOffered,
    AutodiscoverDomainUnusable,
    AutodiscoverFailed,
    AutodiscoverHostNotAllowed,
    AutodiscoverRedirectLoop,
    AutodiscoverUnavailable,
    CertificateWrongHost,
    MailboxInExchangeOnline,
    MailboxNotFound,
    ServerUnreachable,
    ServiceError,
)
from serversync.exchange.autodiscover.steps import Outcome, Place, Reply, SrvRecord
from serversync.exchange.version import RequestServerVersion
from tests.unit.exchange.autodiscover.worlds import (
    ADA,
    DOMAIN,
    EWS,
    HOST,
    JSON,
    PLAIN,
    SRV,
    World,
    broken,
    moved,
    ok,
    pox_error,
    pox_redirect,
    pox_settings,
    refused,
    soap_settings,
    soap_user_error,
)

NOT_HERE = Reply(status=404, body=b"<html><title>Nothing</title></html>")
MAIL = "https://mail.example.org/autodiscover/autodiscover.xml"
PAGE = Reply(status=200, body=b"<!DOCTYPE html><html><head><title>Example Ltd</title></head></html>")


def test_the_whole_order_is_asked_before_a_search_gives_up() -> None:
    world = World({f"{DOMAIN}.svc": NOT_HERE, f"{DOMAIN}.xml": PAGE})
    with pytest.raises(AutodiscoverFailed, match="Example Ltd"):
        world.search()
    assert world.posted == [f"{DOMAIN}.svc", f"{DOMAIN}.xml", f"{HOST}.svc"]
    assert world.got[0] == PLAIN
    assert world.got[1].startswith(
        "https://example.org/autodiscover/autodiscover.json?Email=ada@example.org&"
    )
    assert [step.place for step in world.steps] == [
        Place.SERVICE_CONNECTION_POINT,
        Place.DOMAIN,
        Place.DOMAIN,
        Place.AUTODISCOVER_HOST,
        Place.AUTODISCOVER_HOST,
        Place.HTTP_REDIRECT,
        Place.SRV,
        Place.JSON,
    ]
    assert all(step.error.remedy_text.endswith(".") for step in world.steps if step.error)


def test_a_host_that_cannot_be_reached_is_not_asked_again() -> None:
    world = World({f"{DOMAIN}.svc": broken(CertificateWrongHost(host="example.org"))})
    with pytest.raises(ServiceError):
        world.search()
    skipped = [step.url for step in world.steps if step.outcome is Outcome.SKIPPED]
    assert skipped == ["-", f"{DOMAIN}.xml", f"{HOST}.xml"]


def test_soap_tells_the_schema_of_the_mailbox_and_the_internal_url_wins() -> None:
    answer = soap_settings(
        InternalEwsUrl="https://in.example.org/EWS/Exchange.asmx",
        ExternalEwsUrl=EWS,
        AutoDiscoverSMTPAddress="ada.lovelace@example.org",
        EwsSupportedSchemas="Exchange2007, Exchange2010, Exchange2010_SP2",
        EwsPartnerUrl="https://partner.example.org/EWS/Exchange.asmx",
        GroupingInformation="Site-A",
        MailboxVersion="14.03.0513.000",
    )
    found = World({f"{HOST}.svc": ok(answer)}).search()
    assert found.ews_url == found.internal_ews_url == "https://in.example.org/EWS/Exchange.asmx"
    assert found.external_ews_url == EWS
    assert found.primary_smtp_address == "ada.lovelace@example.org"
    assert found.request_server_version is RequestServerVersion.EXCHANGE2010_SP2
    assert str(found.server_version) == "14.3.513.0"
    assert found.grouping_information == "Site-A"
    assert found.ews_partner_url == "https://partner.example.org/EWS/Exchange.asmx"
    assert found.source == f"{HOST}.svc"


def test_pox_alone_is_enough() -> None:
    found = World({f"{HOST}.svc": NOT_HERE, f"{HOST}.xml": ok(pox_settings())}).search()
    assert found.ews_url == EWS
    assert str(found.server_version) == "15.1.2507.0"
    assert found.request_server_version is RequestServerVersion.EXCHANGE2013_SP1


def test_json_is_enough_where_nothing_else_answers() -> None:
    world = World({f"{HOST}.svc": NOT_HERE, f"{HOST}.xml": NOT_HERE})
    world.places[JSON] = ok(f'{{"Protocol":"Ews","Url":"{EWS}"}}'.encode())
    assert world.search().ews_url == EWS
    assert JSON not in world.posted


def test_a_given_address_comes_first_and_its_host_is_trusted() -> None:
    given = "https://mail.corp.example/autodiscover/autodiscover.xml"
    world = World({given: ok(pox_settings())})
    assert world.search(given_url=given).ews_url == EWS
    assert world.posted == [given]


@pytest.mark.parametrize("status", [301, 302])
def test_the_plain_redirect_is_followed_to_an_allowed_host(status: int) -> None:
    world = World({PLAIN: moved(MAIL, status), MAIL: ok(pox_settings())})
    assert world.search(allowed_hosts=("mail.example.org",)).ews_url == EWS
    assert world.posted[-1] == MAIL


@pytest.mark.parametrize("reply", [ok(pox_settings()), moved(MAIL, 307), Reply(status=200, body=b"")])
def test_only_a_location_counts_of_what_plain_http_says(reply: Reply) -> None:
    with pytest.raises(AutodiscoverFailed):
        World({PLAIN: reply, MAIL: ok(pox_settings())}).search(allowed_hosts=("mail.example.org",))


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ({PLAIN: moved(MAIL)}, "HTTP redirect"),
        ({f"{HOST}.xml": moved(MAIL), f"{HOST}.svc": NOT_HERE}, "redirect"),
        ({f"{HOST}.svc": ok(soap_user_error("RedirectUrl", MAIL))}, "redirect"),
        ({f"{HOST}.svc": NOT_HERE, f"{HOST}.xml": ok(pox_redirect("redirectUrl", MAIL))}, "redirect"),
    ],
)
def test_a_new_host_needs_consent_and_the_error_names_it(reply: dict, place: str) -> None:
    world = World({**reply, MAIL: ok(pox_settings())})
    with pytest.raises(AutodiscoverHostNotAllowed) as caught:
        world.search()
    assert MAIL not in world.posted
    assert f"leads to mail.example.org ({place})" in str(caught.value)
    assert "--autodiscover-hosts mail.example.org" in caught.value.remedy_text
    assert World({**reply, MAIL: ok(pox_settings())}).search(allowed_hosts=("*.example.org",)).ews_url == EWS


def test_an_srv_record_needs_consent_too() -> None:
    records = {SRV: (SrvRecord(10, 0, 443, "mail.example.org."),)}
    svc = "https://mail.example.org/autodiscover/autodiscover.svc"
    world = World({svc: ok(soap_settings())}, records)
    with pytest.raises(AutodiscoverHostNotAllowed, match="SRV record"):
        world.search()
    assert svc not in world.posted
    assert (
        World({svc: ok(soap_settings())}, records).search(allowed_hosts=("mail.example.org",)).source == svc
    )


def test_the_best_srv_records_come_first() -> None:
    names = ("c", "b", "a", "d")
    order = ((20, 0), (10, 5), (10, 50), (30, 0))
    records = tuple(
        SrvRecord(p, w, 8443, f"{n}.example.org.") for n, (p, w) in zip(names, order, strict=True)
    )
    world = World(records={SRV: records})
    with pytest.raises(AutodiscoverFailed):
        world.search(allowed_hosts=("*.example.org",))
    asked = [url.partition("/autodiscover/")[0] for url in world.posted[2:]]
    assert asked == [f"https://{name}.example.org:8443" for name in "abcd"]


def test_a_record_for_no_host_says_that_there_is_no_service() -> None:
    world = World(records={SRV: (SrvRecord(0, 0, 443, "."),)})
    with pytest.raises(AutodiscoverFailed):
        world.search()
    assert ("records", "none") in world.steps[-1].evidence


def test_a_redirect_by_address_starts_over_with_that_address() -> None:
    def answer(request):
        ada = b"ada@example.org" in request.body
        return ok(soap_user_error("RedirectAddress", "al@example.org") if ada else soap_settings())

    world = World({f"{HOST}.svc": answer})
    found = world.search()
    assert found.address == ADA
    assert world.posted == [f"{DOMAIN}.svc", f"{HOST}.svc", f"{HOST}.svc"]
    assert [step.address for step in world.steps if step.outcome is Outcome.FOUND] == ["al@example.org"]


def test_another_domain_needs_consent() -> None:
    places = {
        f"{HOST}.svc": ok(soap_user_error("RedirectAddress", "ada@other.example")),
        "https://autodiscover.other.example/autodiscover/autodiscover.svc": ok(soap_settings()),
    }
    with pytest.raises(AutodiscoverHostNotAllowed, match=r"autodiscover\.other\.example"):
        World(dict(places)).search()
    assert World(places).search(allowed_hosts=("autodiscover.other.example",)).ews_url == EWS


@pytest.mark.parametrize(
    "reply",
    [
        soap_user_error("RedirectAddress", "ada@contoso.mail.onmicrosoft.com"),
        soap_user_error("RedirectUrl", "https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"),
        soap_settings(ExternalEwsUrl="https://outlook.office365.com/EWS/Exchange.asmx"),
    ],
)
def test_a_mailbox_in_the_cloud_is_said_to_be_there(reply: bytes) -> None:
    world = World({f"{HOST}.svc": ok(reply)})
    with pytest.raises(MailboxInExchangeOnline, match=r"Exchange Online"):
        world.search()
    assert not any("outlook" in url or "microsoft" in url for url in world.posted)


def test_a_plain_redirect_to_the_cloud_does_not_end_the_search() -> None:
    cloud = moved("https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml")
    with pytest.raises(MailboxInExchangeOnline):
        World({PLAIN: cloud}).search()
    records = {SRV: (SrvRecord(0, 0, 443, "mail.example.org"),)}
    svc = "https://mail.example.org/autodiscover/autodiscover.svc"
    world = World({PLAIN: cloud, svc: ok(soap_settings())}, records)
    assert world.search(allowed_hosts=("mail.example.org",)).ews_url == EWS


def test_a_single_refusal_is_not_a_wrong_password() -> None:
    world = World({f"{DOMAIN}.svc": refused("example.org"), f"{HOST}.svc": ok(soap_settings())})
    assert world.search().ews_url == EWS
    assert f"{DOMAIN}.xml" not in world.posted
    assert Outcome.REFUSED in {step.outcome for step in world.steps}


def test_two_refusals_end_the_search() -> None:
    world = World(
        {f"{DOMAIN}.svc": refused("example.org"), f"{HOST}.svc": refused("autodiscover.example.org")}
    )
    with pytest.raises(AuthenticationFailed):
        world.search()
    assert world.posted == [f"{DOMAIN}.svc", f"{HOST}.svc"]
    assert not world.got


def test_a_scheme_that_is_not_offered_is_no_refusal() -> None:
    odd = broken(AuthenticationNotOffered(host="example.org", wanted="NTLM", offered="Digest"))
    world = World({f"{DOMAIN}.svc": odd, f"{HOST}.svc": odd})
    with pytest.raises(AutodiscoverFailed):
        world.search()
    assert PLAIN in world.got


@pytest.mark.parametrize("place", [f"{HOST}.svc", f"{HOST}.xml"])
def test_a_mailbox_that_is_not_known_is_said_to_be_so(place: str) -> None:
    world = World({f"{HOST}.svc": NOT_HERE, f"{HOST}.xml": NOT_HERE})
    world.places[place] = ok(soap_user_error("InvalidUser") if place.endswith("svc") else pox_error("500"))
    with pytest.raises(MailboxNotFound, match=r"ada@example\.org"):
        world.search()


def test_a_service_with_an_error_of_its_own_is_passed_over() -> None:
    world = World(
        {
            f"{DOMAIN}.svc": ok(soap_user_error("NotFederated")),
            f"{DOMAIN}.xml": ok(pox_error("600")),
            f"{HOST}.svc": ok(soap_settings()),
        }
    )
    assert world.search().ews_url == EWS
    codes = [dict(step.evidence).get("error code") for step in world.steps]
    assert codes == [None, "NotFederated", "600", None]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=503, headers={"retry-after": "30"}),
        Reply(status=500),
        broken(ServerUnreachable(host="example.org", reason="no connection")),
        ok(soap_user_error("ServerBusy")),
    ],
)
def test_trouble_that_may_pass_makes_the_whole_transient(reply: Reply) -> None:
    with pytest.raises(AutodiscoverUnavailable):
        World({f"{HOST}.svc": reply}).search()


@pytest.mark.parametrize("kind", ["http", "answer"])
def test_a_circle_of_redirects_ends(kind: str) -> None:
    reply = moved(f"{HOST}.svc") if kind == "http" else ok(soap_user_error("RedirectUrl", f"{HOST}.svc"))
    world = World({f"{HOST}.svc": reply, f"{HOST}.xml": NOT_HERE})
    with pytest.raises(AutodiscoverRedirectLoop, match="asked before"):
        world.search()
    assert world.posted.count(f"{HOST}.svc") == 1


def test_at_most_ten_redirects_by_url_are_followed() -> None:
    places = {f"{HOST}.svc": moved(f"{HOST}1.svc")}
    places |= {f"{HOST}{n}.svc": moved(f"{HOST}{n + 1}.svc") for n in range(1, 30)}
    world = World({**places, f"{HOST}.xml": NOT_HERE})
    with pytest.raises(AutodiscoverRedirectLoop, match="more than 10"):
        world.search()
    assert sum(url.startswith(HOST) for url in world.posted) == 12


def test_at_most_ten_redirects_by_address_are_followed() -> None:
    asked = []

    def answer(request):
        asked.append(request.address)
        return ok(soap_user_error("RedirectAddress", f"{len(asked)}@example.org"))

    with pytest.raises(AutodiscoverRedirectLoop, match="more than 10"):
        World({f"{HOST}.svc": answer}).search()
    assert len(asked) == 11


@pytest.mark.parametrize(
    "target",
    [
        "http://autodiscover.example.org/autodiscover/autodiscover.xml",
        "HTTP://example.org/x",
        "ftp://example.org/",
        "https://user:secret@autodiscover.example.org/autodiscover/autodiscover.xml",
        "https://evil.example\\@autodiscover.example.org/autodiscover/autodiscover.xml",
        "https://[::",
        "https://",
        "",
        "//",
        "https://autodiscover.example.org.evil.example/autodiscover/autodiscover.xml",
        "https://evil.example/autodiscover.example.org/autodiscover.xml",
    ],
)
def test_a_redirect_to_an_unsafe_place_is_never_followed(target: str) -> None:
    replies = {
        f"{HOST}.svc": ok(soap_user_error("RedirectUrl", target.replace("&", "&amp;"))),
        f"{HOST}.xml": moved(target),
    }
    world = World(replies)
    with pytest.raises(ServiceError):
        world.search()
    assert set(world.posted) <= {f"{DOMAIN}.svc", f"{DOMAIN}.xml", f"{HOST}.svc", f"{HOST}.xml"}


@pytest.mark.parametrize(
    "address",
    [
        "ada@com",
        "ada@localhost",
        "ada@co.uk",
        "ada@com.br",
        "ada@127.0.0.1",
        "ada@",
        "ada",
        "a@-x.org",
        "a@x..org",
    ],
)
def test_a_domain_that_is_not_ones_own_is_never_asked(address: str) -> None:
    world = World()
    with pytest.raises(AutodiscoverDomainUnusable):
        world.search(address)
    assert not world.asked


def test_no_parent_domain_is_ever_asked() -> None:
    world = World()
    with pytest.raises(AutodiscoverFailed):
        world.search("ada@mail.corp.example.org")
    for url in (*world.posted, *world.got):
        assert "mail.corp.example.org" in url


def test_a_name_of_other_letters_is_asked_as_dns_knows_it() -> None:
    world = World()
    with pytest.raises(AutodiscoverFailed):
        world.search("ada@Bücher.example")
    assert world.posted[0] == "https://xn--bcher-kva.example/autodiscover/autodiscover.svc"


def test_settings_without_an_https_address_are_no_result() -> None:
    plain = soap_settings(InternalEwsUrl="http://mail.example.org/EWS/Exchange.asmx")
    with pytest.raises(AutodiscoverFailed, match="names no https address"):
        World({f"{HOST}.svc": ok(plain), f"{HOST}.xml": NOT_HERE}).search()
