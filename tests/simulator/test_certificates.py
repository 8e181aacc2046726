"""Certificates that change while the server runs: who connects afterwards sees it, who is connected goes on."""

import ssl

import pytest

from serversync.simulator import Exchange
from serversync.simulator.breaking import act
from tests.simulator.conftest import GET_INBOX, Client, Serve


@pytest.mark.parametrize("protection", ["off", "require"])
def test_a_certificate_expires_and_is_renewed_on_command(
    exchange: Exchange, serve: Serve, protection: str
) -> None:
    with serve(exchange, extended_protection=protection) as simulator:
        before = simulator.server.identity.channel_binding
        first = Client(simulator)
        assert first.call(GET_INBOX).codes == ["NoError"]
        act(exchange, "expire-certificate", {})
        assert simulator.server.identity.channel_binding != before
        assert first.call(GET_INBOX).codes == ["NoError"]
        late = Client(simulator)
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            late.call(GET_INBOX)
        act(exchange, "renew-certificate", {})
        again = Client(simulator)
        assert again.call(GET_INBOX).codes == ["NoError"]
        for client in (first, late, again):
            client.close()
