"""The XML name spaces of EWS, and element names ready for comparison with a parsed tree.

Source: the schemas ``messages.xsd`` and ``types.xsd``; SOAP 1.1, and 1.2 for what proxies say in it.
"""

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"


def soap(name: str) -> str:
    """Return the qualified name of an element of the SOAP envelope."""
    return f"{{{SOAP}}}{name}"


def m(name: str) -> str:
    """Return the qualified name of an element of ``messages.xsd``."""
    return f"{{{MESSAGES}}}{name}"


def t(name: str) -> str:
    """Return the qualified name of an element of ``types.xsd``."""
    return f"{{{TYPES}}}{name}"


def local_name(tag: str) -> str:
    """Return an element's name without its name space."""
    return tag.rpartition("}")[2]
