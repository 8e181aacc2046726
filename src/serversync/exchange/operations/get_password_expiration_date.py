"""GetPasswordExpirationDate: when the password of a mailbox's owner expires; known from 2010 SP2 on."""

from datetime import datetime
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.core.errors import AnswerUnreadable
from serversync.exchange.namespaces import local_name, m
from serversync.exchange.operations.operation import inner_code
from serversync.exchange.outcome import Failure, Outcome, Success
from serversync.exchange.response_codes import AnswerContext, error_for
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape
from serversync.exchange.xml_values import parse_datetime

_RESPONSE, _CODE, _TEXT = m("GetPasswordExpirationDateResponse"), m("ResponseCode"), m("MessageText")
_XML, _DATE = m("MessageXml"), m("PasswordExpirationDate")
_NEVER_FROM = 9000


class PasswordExpiration(Struct, frozen=True, gc=False):
    """When a password expires; ``None`` where it never does."""

    when: datetime | None


class GetPasswordExpirationDate(Struct, frozen=True, gc=False):
    """Asks for the date; one ``PasswordExpiration``. Without an address it is about the acting mailbox."""

    mailbox_smtp_address: str | None = None

    name: ClassVar[str] = "GetPasswordExpirationDate"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        address = self.mailbox_smtp_address
        inner = f"<m:MailboxSmtpAddress>{escape(address)}</m:MailboxSmtpAddress>" if address else ""
        return f"<m:GetPasswordExpirationDate>{inner}</m:GetPasswordExpirationDate>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[PasswordExpiration]]:
        """Return the one outcome; this answer has no response messages inside, it is one itself.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        if response.tag != _RESPONSE:
            raise AnswerUnreadable(**context.details(), reason=f"it holds {local_name(response.tag)}")
        text = response.findtext(_TEXT) or ""
        if response.get("ResponseClass") not in ("Success", "Warning"):
            code = (response.findtext(_CODE) or "").strip()
            code, back_off = inner_code(code, response.find(_XML))
            return [Failure(error_for(code or "NoContent", text, context, back_off=back_off), code, text)]
        when = parse_datetime(response.findtext(_DATE) or "")
        if when is None:
            raise AnswerUnreadable(**context.details(), reason="it holds no date")
        return [Success(PasswordExpiration(None if when.year >= _NEVER_FROM else when))]
