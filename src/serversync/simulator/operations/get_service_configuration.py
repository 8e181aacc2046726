"""GetServiceConfiguration: limits and domains of the organization (2010 and later)."""

from collections.abc import Callable

from serversync.simulator.call import Call
from serversync.simulator.exchange import Exchange
from serversync.simulator.response import MESSAGES_NS, EwsError, single
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import attribute

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each configuration asked for."""
    try:
        call.check()
        names = [
            (element.text or "").strip()
            for element in call.request.iterfind(f"{M}RequestedConfiguration/{M}ConfigurationName")
        ]
        messages = "".join(
            '<m:ServiceConfigurationResponseMessageType ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
            f"{_WRITERS[name](call)}</m:ServiceConfigurationResponseMessageType>"
            for name in names
            if name in _WRITERS
        )
    except EwsError as error:
        return single("GetServiceConfigurationResponse", error=error)
    return single("GetServiceConfigurationResponse", f"<m:ResponseMessages>{messages}</m:ResponseMessages>")


def _domains(exchange: Exchange) -> str:
    rows = "".join(
        f'<t:Domain Name={attribute(domain)} IncludeSubdomains="false"/>' for domain in exchange.own_domains
    )
    return f"<t:InternalDomains>{rows}</t:InternalDomains>"


def _mail_tips(call: Call) -> str:
    newer = ""
    if call.schema >= Schema.EXCHANGE2013:
        newer = (
            "<t:PolicyTipsEnabled>false</t:PolicyTipsEnabled><t:LargeAudienceCap>1000</t:LargeAudienceCap>"
        )
    return (
        "<m:MailTipsConfiguration><t:MailTipsEnabled>true</t:MailTipsEnabled>"
        "<t:MaxRecipientsPerGetMailTipsRequest>50</t:MaxRecipientsPerGetMailTipsRequest>"
        f"<t:MaxMessageSize>{call.exchange.largest_message}</t:MaxMessageSize>"
        "<t:LargeAudienceThreshold>25</t:LargeAudienceThreshold>"
        "<t:ShowExternalRecipientCount>false</t:ShowExternalRecipientCount>"
        f"{_domains(call.exchange)}{newer}</m:MailTipsConfiguration>"
    )


def _unified_messaging(_call: Call) -> str:
    return (
        "<m:UnifiedMessagingConfiguration><t:UmEnabled>false</t:UmEnabled><t:PlayOnPhoneDialString/>"
        "<t:PlayOnPhoneEnabled>false</t:PlayOnPhoneEnabled></m:UnifiedMessagingConfiguration>"
    )


def _protection_rules(call: Call) -> str:
    return (
        '<m:ProtectionRulesConfiguration RefreshInterval="24"><t:Rules/>'
        f"{_domains(call.exchange)}</m:ProtectionRulesConfiguration>"
    )


_WRITERS: dict[str, Callable[[Call], str]] = {
    "MailTips": _mail_tips,
    "UnifiedMessagingConfiguration": _unified_messaging,
    "ProtectionRules": _protection_rules,
}
