"""What a person types as server location."""

import pytest

from serversync.core.errors import AddressInvalid, InsecureAddress
from serversync.exchange.endpoint import Endpoint

FULL = "https://mail.example.org/EWS/Exchange.asmx"


@pytest.mark.parametrize(
    "address",
    [
        "mail.example.org",
        " mail.example.org ",
        "https://mail.example.org",
        "https://mail.example.org/",
        "https://mail.example.org/ews/",
        "HTTPS://mail.example.org/EWS/Exchange.asmx",
        "https://mail.example.org/EWS/Exchange.asmx?wsdl#x",
        "https://mail.example.org/EWS/Exchange.asmx/",
        "https://mail.example.org/EWS/Services.wsdl",
        "https://mail.example.org/owa",
        "https://mail.example.org/owa/auth/logon.aspx?url=x",
        "https://mail.example.org/ecp/",
        "https://mail.example.org/autodiscover/autodiscover.xml",
        "mail.example.org.",
    ],
)
def test_an_address_is_completed(address: str) -> None:
    assert Endpoint.parse(address).url == FULL


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("mail.example.org:8443", "https://mail.example.org:8443/EWS/Exchange.asmx"),
        ("https://mail.example.org/other/path.asmx", "https://mail.example.org/other/path.asmx"),
        ("Mail.Example.org.:8443", "https://Mail.Example.org:8443/EWS/Exchange.asmx"),
        ("[::1]:8443", "https://[::1]:8443/EWS/Exchange.asmx"),
    ],
)
def test_port_and_path_are_kept(address: str, url: str) -> None:
    assert Endpoint.parse(address).url == url


@pytest.mark.parametrize("address", ["http://mail.example.org", "HTTP://mail.example.org/EWS/Exchange.asmx"])
def test_an_unencrypted_address_is_refused(address: str) -> None:
    with pytest.raises(InsecureAddress):
        Endpoint.parse(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "ftp://mail.example.org",
        "https://",
        "https:///EWS",
        "mail example org",
        "https://mail.example.org:port",
        "https://mail.example.org:99999",
        "https://mail.example.org:0",
        "https://mail..example.org",
        "https://-mail.example.org",
        "https://ma<il.example.org",
        "https://[::1",
        "\\\\server\\share",
        "https:/mail.example.org",
        "https//mail.example.org",
    ],
)
def test_nonsense_is_told_at_once(address: str) -> None:
    with pytest.raises(AddressInvalid):
        Endpoint.parse(address)


def test_credentials_in_an_address_are_refused_and_not_shown() -> None:
    with pytest.raises(AddressInvalid) as caught:
        Endpoint.parse("https://svc:secret@mail.example.org")
    assert "secret" not in f"{caught.value!r}{caught.value.details}"


def test_host_and_port_are_known() -> None:
    endpoint = Endpoint.parse("Mail.Example.org:444")
    assert (endpoint.host, endpoint.port) == ("mail.example.org", 444)
