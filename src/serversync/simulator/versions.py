"""Which Exchange is being imitated: build numbers, and what each RequestServerVersion may see.

Build numbers and version strings are those that real servers report in ``ServerVersionInfo``. There is
no ``Exchange2019`` among the request versions: 2016, 2019 and Subscription Edition share one schema line.
"""

from dataclasses import dataclass
from enum import IntEnum


class Schema(IntEnum):
    """A step in the growth of the EWS schema; a later step contains the earlier ones."""

    EXCHANGE2007 = 0
    EXCHANGE2007_SP1 = 1
    EXCHANGE2010 = 2
    EXCHANGE2010_SP1 = 3
    EXCHANGE2010_SP2 = 4
    EXCHANGE2013 = 5
    EXCHANGE2013_SP1 = 6
    EXCHANGE2016 = 7


REQUEST_VERSIONS: dict[str, Schema] = {
    "Exchange2007": Schema.EXCHANGE2007,
    "Exchange2007_SP1": Schema.EXCHANGE2007_SP1,
    "Exchange2010": Schema.EXCHANGE2010,
    "Exchange2010_SP1": Schema.EXCHANGE2010_SP1,
    "Exchange2010_SP2": Schema.EXCHANGE2010_SP2,
    "Exchange2013": Schema.EXCHANGE2013,
    "Exchange2013_SP1": Schema.EXCHANGE2013_SP1,
    "Exchange2015": Schema.EXCHANGE2016,
    "Exchange2016": Schema.EXCHANGE2016,
    "V2015_10_05": Schema.EXCHANGE2016,
    "V2016_01_06": Schema.EXCHANGE2016,
    "V2016_04_13": Schema.EXCHANGE2016,
    "V2016_07_13": Schema.EXCHANGE2016,
    "V2016_10_10": Schema.EXCHANGE2016,
    "V2017_01_07": Schema.EXCHANGE2016,
    "V2017_04_14": Schema.EXCHANGE2016,
    "V2017_07_11": Schema.EXCHANGE2016,
    "V2017_10_09": Schema.EXCHANGE2016,
    "V2018_01_08": Schema.EXCHANGE2016,
}
"""Every value of ``RequestServerVersion@Version`` that clients are known to send."""


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """A product as it presents itself.

    Attributes:
        name: The name under which the simulator knows it, for example ``Exchange2016``.
        build: Major, minor, major build and minor build number.
        label: ``ServerVersionInfo@Version``.
        schema: The newest schema step that this product understands.
        schema_folder: The folder of the schema collection that holds its XSD.
    """

    name: str
    build: tuple[int, int, int, int]
    label: str
    schema: Schema
    schema_folder: str

    @property
    def number(self) -> str:
        """The build as ``15.1.2507.6``, as ``X-OWA-Version`` tells it also to those who are not logged on."""
        return ".".join(str(part) for part in self.build)

    @property
    def server_version_info(self) -> str:
        """The element that every SOAP header of this server carries."""
        major, minor, major_build, minor_build = self.build
        return (
            f'<h:ServerVersionInfo MajorVersion="{major}" MinorVersion="{minor}" MajorBuildNumber="{major_build}" '
            f'MinorBuildNumber="{minor_build}" Version="{self.label}" '
            'xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/>'
        )


SERVER_VERSIONS: dict[str, ServerVersion] = {
    version.name: version
    for version in (
        ServerVersion(
            "Exchange2007_SP1",
            (8, 1, 436, 0),
            "Exchange2007_SP1",
            Schema.EXCHANGE2007_SP1,
            "exchange2007_sp1",
        ),
        ServerVersion(
            "Exchange2010", (14, 0, 639, 21), "Exchange2010", Schema.EXCHANGE2010, "exchange2010_sp1"
        ),
        ServerVersion(
            "Exchange2010_SP1",
            (14, 1, 218, 15),
            "Exchange2010_SP1",
            Schema.EXCHANGE2010_SP1,
            "exchange2010_sp1",
        ),
        ServerVersion(
            "Exchange2010_SP2",
            (14, 2, 328, 9),
            "Exchange2010_SP2",
            Schema.EXCHANGE2010_SP2,
            "exchange2010_sp2",
        ),
        ServerVersion(
            "Exchange2010_SP3",
            (14, 3, 513, 0),
            "Exchange2010_SP2",
            Schema.EXCHANGE2010_SP2,
            "exchange2010_sp2",
        ),
        ServerVersion("Exchange2013", (15, 0, 516, 32), "V2_3", Schema.EXCHANGE2013, "exchange2013_sp1"),
        ServerVersion(
            "Exchange2013_SP1", (15, 0, 1497, 2), "V2_23", Schema.EXCHANGE2013_SP1, "exchange2013_sp1"
        ),
        ServerVersion(
            "Exchange2016", (15, 1, 2507, 6), "V2017_07_11", Schema.EXCHANGE2016, "exchange2016_v2016_10_10"
        ),
        ServerVersion(
            "Exchange2019", (15, 2, 1748, 10), "V2018_01_08", Schema.EXCHANGE2016, "exchange2019_v2018_01_08"
        ),
        ServerVersion(
            "ExchangeSE", (15, 2, 2562, 17), "V2017_07_11", Schema.EXCHANGE2016, "exchange_se_15.2.2562.17"
        ),
        ServerVersion(
            "ExchangeOnline",
            (15, 20, 8398, 10),
            "V2018_01_08",
            Schema.EXCHANGE2016,
            "exchange2019_v2018_01_08",
        ),
    )
}
"""The products that can be imitated, by name."""


def request_schema_folder(schema: Schema) -> str:
    """Return the folder of the XSD that a request of this schema step is validated against."""
    if schema <= Schema.EXCHANGE2007_SP1:
        return "exchange2007_sp1"
    if schema <= Schema.EXCHANGE2010_SP2:
        return "exchange2010_sp2"
    if schema <= Schema.EXCHANGE2013_SP1:
        return "exchange2013_sp1"
    return "exchange_se_15.2.2562.17"
