"""An Exchange Server that fits in a process, for demonstrations, tests and benchmarks.

It speaks Exchange Web Services over HTTPS as a real server does: Basic and NTLM with Extended Protection,
impersonation, opaque identifiers and sync states, and every answer valid against Microsoft's own schema.
It shares no code with the client of this product, so that it cannot share its mistakes.
"""

from serversync.simulator.certificates import CertificateOptions
from serversync.simulator.exchange import Exchange
from serversync.simulator.faults import Fault
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.server import SimulatorServer, Traffic
from serversync.simulator.thread import SimulatorThread
from serversync.simulator.xmltext import IllegalCharacters

__all__ = [
    "CertificateOptions",
    "Exchange",
    "Fault",
    "IllegalCharacters",
    "Mailbox",
    "SimulatorServer",
    "SimulatorThread",
    "Traffic",
]
