"""An Exchange Server that fits in a process, for demonstrations, tests and benchmarks.

It speaks Exchange Web Services over HTTPS as a real server does: Basic and NTLM with Extended Protection,
impersonation, opaque identifiers and sync states, and every answer valid against Microsoft's own schema.
It shares no code with the client of this product, so that it cannot share its mistakes.
"""

from serversync.simulator.autodiscover.configuration import AutodiscoverConfiguration, AutodiscoverFault
from serversync.simulator.autodiscover.dns_responder import DnsResponder
from serversync.simulator.autodiscover.plain_listener import PlainHttpListener
from serversync.simulator.certificates import CertificateOptions
from serversync.simulator.exchange import Exchange
from serversync.simulator.faults import Fault
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.proxy import ReverseProxy
from serversync.simulator.server import SimulatorServer, Traffic
from serversync.simulator.smtp import SmtpListener
from serversync.simulator.thread import SimulatorThread
from serversync.simulator.throttling import Load, ThrottlingPolicy
from serversync.simulator.transport import OutgoingMail
from serversync.simulator.xmltext import IllegalCharacters

__all__ = [
    "AutodiscoverConfiguration",
    "AutodiscoverFault",
    "CertificateOptions",
    "DnsResponder",
    "Exchange",
    "Fault",
    "IllegalCharacters",
    "Load",
    "Mailbox",
    "OutgoingMail",
    "PlainHttpListener",
    "ReverseProxy",
    "SimulatorServer",
    "SimulatorThread",
    "SmtpListener",
    "ThrottlingPolicy",
    "Traffic",
]
