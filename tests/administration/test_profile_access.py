"""The profile form: kinds of server, credentials, proxy, allowed mailboxes; what is refused, and with which reason."""

import pytest

from serversync.administration import profile_access, profiles, records
from serversync.core.errors import InputInvalid
from serversync.crm import secrets
from serversync.rules.allow_list import allows

pytestmark = pytest.mark.django_db
PASSWORD = "planted-Secret-4711"
COMPLETE = {
    "incomingserverlocation": "mail.example.org",
    "incomingusername": "svc@example.org",
    "incomingpassword": PASSWORD,
}


def add(**values):
    return profiles.add("Exchange", {**COMPLETE, **values})


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("pop3", "neither folders nor appointments"),
        ("imap", "IMAP knows no appointments"),
        ("online", "for servers on-premises"),
        ("lotus", "not one of exchange, hybrid"),
    ],
)
def test_other_servers_are_refused_with_the_reason(word, reason):
    with pytest.raises(InputInvalid, match=reason):
        add(servertype=word)
    assert add(servertype="hybrid").get_servertype_display() == "Exchange Server (Hybrid)"


@pytest.mark.parametrize("word", ["server-to-server", "windows", "anonymous", "oauth", "nobody"])
def test_other_ways_to_authenticate_are_refused(word):
    with pytest.raises(InputInvalid, match="Authenticate Using"):
        add(incomingcredentialretrieval=word)


def test_a_profile_of_the_mailboxes_own_credentials_needs_none_itself():
    profile = profiles.add(
        "Own", {"incomingserverlocation": "mail.example.org", "incomingcredentialretrieval": "mailbox"}
    )
    assert profiles.missing(profile) == []


def test_the_password_of_a_proxy_is_kept_apart_from_its_address_and_sealed():
    profile = add(proxyurl=f"http://crm:{PASSWORD}@proxy.example.org:3128")
    profile.refresh_from_db()
    assert profile.proxyurl == "http://proxy.example.org:3128"
    assert profile.proxyusername == "crm"
    place = secrets.purpose("emailserverprofile", profile.pk, "proxypassword")
    assert secrets.unseal(profile.proxypassword, place) == PASSWORD
    shown = records.as_dict(profile)
    assert shown["isproxypasswordset"] is True
    assert PASSWORD not in repr(profile) + repr(shown)


def test_a_proxy_gets_its_password_separately_and_forgets_it_with_its_address():
    profile = add(proxyurl="http://crm@proxy.example.org:3128", proxypassword=PASSWORD)
    assert profile.proxypassword is not None
    changed = profiles.edit("Exchange", {"proxyurl": "http://other.example.org:3128"})
    assert (changed.proxyusername, changed.proxypassword) == (None, None)
    with pytest.raises(InputInvalid, match="user name first"):
        profiles.edit("Exchange", {"proxypassword": PASSWORD})


@pytest.mark.parametrize(
    "place", ["proxy", "ftp://{}proxy", "http://{}", "http://{}proxy:0", "http://{}a\nb"]
)
def test_what_is_no_proxy_is_refused_without_repeating_it(place):
    with pytest.raises(InputInvalid, match="it is not an address like") as caught:
        add(proxyurl=place.format(f"crm:{PASSWORD}@"))
    assert PASSWORD not in repr(caught.value) + str(caught.value)


def test_the_allow_list_grows_shrinks_and_is_emptied():
    profile = add(allow=["Ada@example.org", "@example.com", "example.net"])
    assert profile_access.allowed(profile) == ("ada@example.org", "example.com", "example.net")
    profile = profiles.edit("Exchange", {"allow": ["ben@example.org"], "disallow": ["example.com"]})
    assert profile_access.allowed(profile) == ("ada@example.org", "ben@example.org", "example.net")
    assert profile_access.allowed(profiles.edit("Exchange", {"allow": ["-"]})) == ()


@pytest.mark.parametrize(
    "entry", ["localhost", "@org", "a b@example.org", "@", "exa mple.org", "*.example.org"]
)
def test_what_is_neither_address_nor_domain_is_refused(entry):
    with pytest.raises(InputInvalid, match="Allowed mailboxes"):
        add(allow=[entry])


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("ada@example.org", True),
        ("ADA@EXAMPLE.ORG", True),
        ("ben@example.org", False),
        ("anybody@example.com", True),
        ("anybody@sub.example.com", False),
        ("anybody@notexample.com", False),
        ("example.com", False),
    ],
)
def test_an_entry_allows_an_address_or_a_whole_domain(address, is_allowed):
    assert allows(["ada@example.org", "@example.com"], address) is is_allowed


@pytest.mark.parametrize("milliseconds", [0, 100_001])
def test_a_time_out_is_at_most_a_hundred_seconds(milliseconds):
    with pytest.raises(InputInvalid, match="within 1 to 100000"):
        add(timeoutmailboxconnectionafteramount=milliseconds)
