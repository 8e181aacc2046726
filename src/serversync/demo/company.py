"""Who takes part in the demonstration: three people, a queue, and their customers."""

from typing import NamedTuple

DOMAIN = "example.org"
SERVICE_ACCOUNT = f"svc-serversync@{DOMAIN}"


class Person(NamedTuple):
    """A user of the CRM with a mailbox."""

    name: str
    address: str


class Customer(NamedTuple):
    """Somebody outside; ``table`` is what the CRM knows the person as, empty where it knows nobody."""

    name: str
    address: str
    company: str
    table: str


ADA = Person("Ada Winter", f"ada@{DOMAIN}")
BEN = Person("Ben Okafor", f"ben@{DOMAIN}")
CLEO = Person("Cleo Marchetti", f"cleo@{DOMAIN}")
PEOPLE = (ADA, BEN, CLEO)
QUEUE = Person("Customer Service", f"service@{DOMAIN}")
MAILBOXES = (*PEOPLE, QUEUE)

CUSTOMERS = (
    Customer("Grete Sørensen", "grete@harbour-coffee.example", "Harbour Coffee", "contact"),
    Customer("Jonas Brandstätter", "jonas@alpine-bikes.example", "Alpine Bikes", "contact"),
    Customer("Mei Tanaka", "mei.tanaka@paper-lantern.example", "Paper Lantern", "contact"),
    Customer("Orders", "orders@harbour-coffee.example", "Harbour Coffee", "account"),
    Customer("Ravi Menon", "ravi@menon-design.example", "Menon Design", "lead"),
    Customer("Pat Quill", "pat@somewhere-else.example", "", ""),
)
