"""Which product answered, by its build, and whether this program may work with it.

Every answer names the build (``ServerVersionInfo``). Security updates change its last number only, so the
third number tells the service pack or cumulative update. 2019 and Subscription Edition share 15.2 and are
told apart by the third number alone. Source: Microsoft, "Exchange Server build numbers and release dates".
"""

from bisect import bisect_right
from collections.abc import Mapping

from msgspec import Struct

from serversync.core.errors import ServiceError, VersionUnsupported
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo

_2013_SP1 = 847
_SUBSCRIPTION_EDITION = 2562
_ONLINE_MINOR = 20

_NAMES: dict[tuple[int, int], tuple[str, tuple[tuple[int, str], ...]]] = {
    (8, 0): ("Exchange Server 2007", ((0, "RTM"),)),
    (8, 1): ("Exchange Server 2007", ((0, "SP1"),)),
    (8, 2): ("Exchange Server 2007", ((0, "SP2"),)),
    (8, 3): ("Exchange Server 2007", ((0, "SP3"),)),
    (14, 0): ("Exchange Server 2010", ((0, "RTM"),)),
    (14, 1): ("Exchange Server 2010", ((0, "SP1"),)),
    (14, 2): ("Exchange Server 2010", ((0, "SP2"),)),
    (14, 3): ("Exchange Server 2010", ((0, "SP3"),)),
    (15, 0): (
        "Exchange Server 2013",
        (
            (0, "RTM"),
            (620, "CU1"),
            (712, "CU2"),
            (775, "CU3"),
            (847, "SP1"),
            (913, "CU5"),
            (995, "CU6"),
            (1044, "CU7"),
            (1076, "CU8"),
            (1104, "CU9"),
            (1130, "CU10"),
            (1156, "CU11"),
            (1178, "CU12"),
            (1210, "CU13"),
            (1236, "CU14"),
            (1263, "CU15"),
            (1293, "CU16"),
            (1320, "CU17"),
            (1347, "CU18"),
            (1365, "CU19"),
            (1367, "CU20"),
            (1395, "CU21"),
            (1473, "CU22"),
            (1497, "CU23"),
        ),
    ),
    (15, 1): (
        "Exchange Server 2016",
        (
            (0, "RTM"),
            (396, "CU1"),
            (466, "CU2"),
            (544, "CU3"),
            (669, "CU4"),
            (845, "CU5"),
            (1034, "CU6"),
            (1261, "CU7"),
            (1415, "CU8"),
            (1466, "CU9"),
            (1531, "CU10"),
            (1591, "CU11"),
            (1713, "CU12"),
            (1779, "CU13"),
            (1847, "CU14"),
            (1913, "CU15"),
            (1979, "CU16"),
            (2044, "CU17"),
            (2106, "CU18"),
            (2176, "CU19"),
            (2242, "CU20"),
            (2308, "CU21"),
            (2375, "CU22"),
            (2507, "CU23"),
        ),
    ),
    (15, 2): (
        "Exchange Server 2019",
        (
            (0, "RTM"),
            (330, "CU1"),
            (397, "CU2"),
            (464, "CU3"),
            (529, "CU4"),
            (595, "CU5"),
            (659, "CU6"),
            (721, "CU7"),
            (792, "CU8"),
            (858, "CU9"),
            (922, "CU10"),
            (986, "CU11"),
            (1118, "CU12"),
            (1258, "CU13"),
            (1544, "CU14"),
            (1748, "CU15"),
        ),
    ),
}

_2010_REMEDY = (
    "Install Service Pack 3 on the Exchange 2010 server, or move the mailboxes to a newer Exchange."
)
_2013_REMEDY = (
    "Install the last cumulative update (CU23) on the Exchange 2013 server; SP1 is the oldest that works."
)
_2007_REMEDY = "Move the mailboxes to Exchange 2016 or later: Exchange 2007 lacks what serversync needs."
_ONLINE_REMEDY = (
    "Use a server profile of Exchange Online instead: serversync is for Exchange Server on-premises, "
    "and Exchange Web Services are being switched off in Exchange Online."
)
_OTHER_REMEDY = (
    "Give the address of an Exchange Server. Other servers that speak EWS are not tested; "
    "set SERVERSYNC_OTHER_SERVERS=allow to try one all the same."
)

_TRACES_OF_EXCHANGE = (
    "X-FEServer",
    "X-BEServer",
    "X-CalculatedBETarget",
    "X-CalculatedFETarget",
    "X-DiagInfo",
    "X-OWA-Version",
    "X-AspNet-Version",
)
"""Headers that Exchange sets and a proxy passes on, also one that hides the ``Server`` header."""


def product_name(info: ServerVersionInfo) -> str | None:
    """Return the name of a build, for example ``Exchange Server 2016 CU23``; ``None`` where it is none of Exchange's.

    >>> product_name(ServerVersionInfo(15, 2, 2562, 17))
    'Exchange Server Subscription Edition'
    """
    if _is_online(info):
        return "Exchange Online"
    step = (info.major_version, info.minor_version)
    if step == (15, 2) and info.major_build_number >= _SUBSCRIPTION_EDITION:
        return "Exchange Server Subscription Edition"
    known = _NAMES.get(step)
    if known is None:
        return None
    family, marks = known
    builds = [build for build, _ in marks]
    return f"{family} {marks[bisect_right(builds, info.major_build_number) - 1][1]}"


def _is_online(info: ServerVersionInfo) -> bool:
    return info.major_version == 15 and info.minor_version >= _ONLINE_MINOR


def request_version(info: ServerVersionInfo) -> RequestServerVersion:
    """Return the schema to speak with a server: the smallest that has all features that its product can give.

    ``ServerVersionInfo.version`` plays no part in it: what a server calls itself may be no valid request version.
    """
    if info.major_version >= 15:
        return RequestServerVersion.EXCHANGE2013_SP1
    if info.major_version == 14:
        return RequestServerVersion.EXCHANGE2010_SP2
    return RequestServerVersion.EXCHANGE2007_SP1


class Gate(Struct, frozen=True, gc=False):
    """Which servers a client works with.

    Attributes:
        allows_other_servers: Also those that are no Exchange but speak its protocol; for experts.
    """

    allows_other_servers: bool = False

    def check(
        self, info: ServerVersionInfo | None, headers: Mapping[str, str], context: AnswerContext
    ) -> None:
        """Let a supported server pass.

        Args:
            info: What the answer told of its build.
            headers: Its HTTP headers.
            context: Where the answer came from.

        Raises:
            VersionUnsupported: too old, Exchange Online, or no Exchange.
        """
        name = product_name(info) if info is not None else None
        if info is None or name is None or _is_foreign(headers):
            if not self.allows_other_servers:
                server = headers.get("Server", "")[:80]
                calls = f"calls itself {server}" if server else "gives no name"
                version = f"names the build {info}" if info else "names no build"
                raise _unsupported(
                    context,
                    f"{context.host} is no Exchange Server (it {calls} and {version}); it",
                    _OTHER_REMEDY,
                )
            return
        remedy = _refusal(info)
        if remedy:
            raise _unsupported(context, f"{name} ({info})", remedy)


def _refusal(info: ServerVersionInfo) -> str:
    """Return what to do about a product that is not supported; ``""`` for one that is."""
    if _is_online(info):
        return _ONLINE_REMEDY
    match info.major_version, info.minor_version:
        case 8, _:
            return _2007_REMEDY
        case 14, minor if minor < 3:
            return _2010_REMEDY
        case 15, 0 if info.major_build_number < _2013_SP1:
            return _2013_REMEDY
    return ""


def is_supported(info: ServerVersionInfo) -> bool:
    """Whether a build is one of an Exchange Server that this program works with."""
    return product_name(info) is not None and not _refusal(info)


def _is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether neither IIS nor Exchange left a trace in an answer; other servers name Exchange's builds too."""
    server = headers.get("Server", "")
    return "microsoft-iis" not in server.lower() and not any(name in headers for name in _TRACES_OF_EXCHANGE)


def _unsupported(context: AnswerContext, product: str, remedy: str) -> ServiceError:
    return VersionUnsupported(**(context.details() | {"product": product, "remedy": remedy}))
