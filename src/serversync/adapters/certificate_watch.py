"""Looks at the certificates of the servers of all profiles, so that it is said weeks before one ends, not when it has.

Only TLS is set up, verified as for every connection of the profile; nothing is sent over it, and no credentials are used.
It is a warning first, and an error in the last week.
What cannot be reached or verified is left to the passes, which fail and say why.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.locators import endpoint
from serversync.adapters.probe import certificate_advice as advice
from serversync.adapters.profile_rows import ProfileRow, read_rows
from serversync.core.errors import ServiceError
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.inspection import certificates, names, wire

log = structlog.get_logger(__name__)

ENDS: Final = "profile.certificate-ends"
"""Code of the alert."""
_SECONDS: Final = 20.0
_LAST_DAYS: Final = timedelta(days=7)
_WARNING, _ERROR = 2, 3
_MOST_SERVERS: Final = 20

_PROFILES: Final = f"""
    select p.emailserverprofileid, array(
        select distinct m.ewsurl from mailbox m
        where p.useautodiscover and m.emailserverprofile = p.emailserverprofileid and m.statecode = 0
            and m.ewsurl is not null
        order by 1 limit {_MOST_SERVERS})
    from emailserverprofile p where p.statecode = 0
"""  # noqa: S608 - put together from constants
_TELL: Final = """
    insert into tracelog (level, text, code, collationlevel, regardingobjectid, regardingobjecttypecode,
        regardingobjectownerid, errordetails, errortypedisplay)
    select %(level)s, left(p.name || ': ' || %(text)s, 2000), %(code)s, 0, p.emailserverprofileid, 'emailserverprofile', p.ownerid,
        %(remedy)s, 'profile'
    from emailserverprofile p cross join organization o
    where p.emailserverprofileid = %(profile)s
        and case when %(level)s = 3 then o.generatealertsforerrors else o.generatealertsforwarnings end
    on conflict (code, regardingobjectid) where resolvedon is null do update
    set level = excluded.level, occurrences = tracelog.occurrences + 1, laston = now(), modifiedon = now(), text = excluded.text,
        errordetails = excluded.errordetails
"""
_HEAL: Final = """
    update tracelog set resolvedon = now(), modifiedon = now()
    where resolvedon is null and code = %(code)s and regardingobjectid = %(profile)s
"""


class _Ending(NamedTuple):
    """The certificate that ends first, and what is said of it."""

    when: datetime
    text: str
    remedy: str


class CertificateWatch:
    """Looks once at every profile whenever it is called.

    Args:
        pool: Connections to the database in autocommit mode.
        now: The clock.
    """

    def __init__(self, pool: AsyncConnectionPool, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now

    async def __call__(self) -> None:
        """Open an alert for each profile of which a certificate ends soon; close those that are over."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(_PROFILES)
            profiles = [(profileid, tuple(urls)) async for profileid, urls in rows]
        for profileid, urls in profiles:
            try:
                profile, _ = await read_rows(self._pool, profileid)
                await self._say(profileid, await self._concern(profile, urls))
            except ServiceError as error:
                log.info("certificate not seen", profile=str(profileid), code=error.code)

    async def _concern(self, profile: ProfileRow, urls: Sequence[str]) -> _Ending | None:
        """Return what ends first at the servers of a profile.

        Raises:
            ServiceError: one of them cannot be looked at.
        """
        found = urls if profile.useautodiscover else (profile.location,)
        now = self._now()
        ending: list[_Ending] = []
        for url in found:
            if url:
                chain = await _chain(endpoint(profile, url))
                soon = min((one for one in chain if one.ends_soon(now)), key=_end, default=None)
                if soon is not None and (said := advice.concern([soon], now)) is not None:
                    ending.append(_Ending(soon.not_after, *said))
        return min(ending, default=None)

    async def _say(self, profileid: UUID, ending: _Ending | None) -> None:
        async with self._pool.connection() as connection:
            if ending is None:
                await connection.execute(_HEAL, {"code": ENDS, "profile": profileid})
                return
            level = _ERROR if ending.when - self._now() < _LAST_DAYS else _WARNING
            told = {"level": level, "text": ending.text, "remedy": ending.remedy}
            await connection.execute(_TELL, {"code": ENDS, "profile": profileid, **told})


def _end(certificate: certificates.Certificate) -> datetime:
    return certificate.not_after


async def _chain(server: Endpoint) -> list[certificates.Certificate]:
    proxy = wire.Proxy.parse(server.proxy) if server.proxy else None
    host, port = (proxy.host, proxy.port) if proxy else (server.host, server.port)
    address, *_ = await names.resolve(host, port, seconds=_SECONDS)
    agreed = await wire.secured(server, address, seconds=_SECONDS)
    return [certificates.read(one) for one in agreed.chain]
