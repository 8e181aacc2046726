"""Asks Exchange when the password of an account ends."""

from datetime import datetime

from msgspec import Struct

from serversync.core.errors import ServiceError
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_password_expiration_date import GetPasswordExpirationDate
from serversync.exchange.outcome import Failure


class PasswordEnd(Struct, frozen=True, gc=False):
    """What Exchange told: ``when`` it ends, ``None`` for never; or the ``error`` that it told in place of that."""

    when: datetime | None = None
    error: ServiceError | None = None
    code: str = ""
    """The word of Exchange for an error that is about the account alone."""


async def password_end(client: EwsClient, account: str) -> PasswordEnd:
    r"""Ask by the name of the account where that is an address, and without a name where nobody is known under it.

    A user principal name need not be an address of the account's mailbox, and ``DOMAIN\user`` never is; asked without
    a name, Exchange tells it of whoever is logged on.
    """
    told = PasswordEnd()
    for address in (account, None) if "@" in account else (None,):
        try:
            (outcome,) = await client.call(GetPasswordExpirationDate(address))
        except ServiceError as error:
            return PasswordEnd(error=error)
        if not isinstance(outcome, Failure):
            return PasswordEnd(when=outcome.unwrap().when)
        told = PasswordEnd(error=outcome.error, code=outcome.code)
    return told
