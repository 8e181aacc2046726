"""A mailbox as exchangelib sees it, a client that knows nothing of us."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import exchangelib
from exchangelib.extended_properties import ExtendedProperty

from tests.e2e.place import PASSWORD, SERVICE


class Stamp(ExtendedProperty):
    """The mark on what serversync has sent."""

    distinguished_property_set_id = "PublicStrings"
    property_name = "serversync-activityid"
    property_type = "String"


@contextmanager
def account(place: SimpleNamespace, address: str) -> Iterator[exchangelib.Account]:
    """Open a mailbox of a ``company`` by impersonation; messages have ``serversync_stamp``."""
    logging.getLogger("exchangelib").setLevel(logging.CRITICAL)
    exchangelib.Message.register("serversync_stamp", Stamp)
    with patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": str(place.simulator.ca_file)}):
        opened = exchangelib.Account(
            address,
            access_type=exchangelib.IMPERSONATION,
            config=exchangelib.Configuration(
                service_endpoint=place.simulator.url,
                credentials=exchangelib.Credentials(SERVICE, PASSWORD),
                auth_type=exchangelib.BASIC,
                retry_policy=exchangelib.FailFast(),
                max_connections=1,
            ),
        )
        try:
            yield opened
        finally:
            opened.protocol.close()
            exchangelib.close_connections()
            exchangelib.Message.deregister("serversync_stamp")
