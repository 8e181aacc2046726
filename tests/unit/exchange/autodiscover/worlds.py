"""Networks in memory for searches: what answers where, and what was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from serversync.core.errors import AuthenticationFailed, HostUnknown, ServiceError
from serversync.exchange.autodiscover.lookup import Question, lookup
from serversync.exchange.autodiscover.result import Discovery
from serversync.exchange.autodiscover.steps import Get, Post, Reply, Request, Resolve, SrvRecord, Step

ADA = "ada@example.org"
EWS = "https://mail.example.org/EWS/Exchange.asmx"
DOMAIN = "https://example.org/autodiscover/autodiscover"
HOST = "https://autodiscover.example.org/autodiscover/autodiscover"
PLAIN = "http://autodiscover.example.org/autodiscover/autodiscover.xml"
SRV = "_autodiscover._tcp.example.org"
JSON = "https://autodiscover.example.org/autodiscover/autodiscover.json"
RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


def pox(account: str, user: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/'
        f'responseschema/2006"><Response xmlns="{RESPONSE}">{user}{account}</Response></Autodiscover>'
    ).encode()


def pox_settings(url: str = EWS, address: str = ADA) -> bytes:
    return pox(
        "<Account><AccountType>email</AccountType><Action>settings</Action><Protocol><Type>EXCH</Type>"
        f"<ServerVersion>73C189CB</ServerVersion><EwsUrl>{url}</EwsUrl></Protocol></Account>",
        f"<User><DisplayName>Ada</DisplayName><AutoDiscoverSMTPAddress>{address}</AutoDiscoverSMTPAddress></User>",
    )


def pox_redirect(kind: str, target: str) -> bytes:
    element = {"redirectAddr": "RedirectAddr", "redirectUrl": "RedirectUrl"}[kind]
    return pox(f"<Account><Action>{kind}</Action><{element}>{target}</{element}></Account>")


def pox_error(code: str) -> bytes:
    return pox(
        f'<Error Time="10:00:00" Id="1"><ErrorCode>{code}</ErrorCode><Message>Invalid.</Message></Error>'
    )


def soap(user_response: str, code: str = "NoError") -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><h:ServerVersionInfo'
        ' xmlns:h="http://schemas.microsoft.com/exchange/2010/Autodiscover"><h:MajorVersion>15</h:MajorVersion>'
        "<h:MinorVersion>1</h:MinorVersion><h:MajorBuildNumber>2507</h:MajorBuildNumber>"
        "<h:MinorBuildNumber>6</h:MinorBuildNumber><h:Version>Exchange2016</h:Version></h:ServerVersionInfo></s:Header>"
        '<s:Body><GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover">'
        f"<Response><ErrorCode>{code}</ErrorCode><ErrorMessage>No.</ErrorMessage><UserResponses>"
        f"<UserResponse>{user_response}</UserResponse></UserResponses></Response>"
        "</GetUserSettingsResponseMessage></s:Body></s:Envelope>"
    ).encode()


def soap_settings(**settings: str) -> bytes:
    each = "".join(
        f"<UserSetting><Name>{name}</Name><Value>{value}</Value></UserSetting>"
        for name, value in (settings or {"ExternalEwsUrl": EWS}).items()
    )
    return soap(f"<ErrorCode>NoError</ErrorCode><UserSettings>{each}</UserSettings>")


def soap_user_error(code: str, target: str = "") -> bytes:
    return soap(
        f"<ErrorCode>{code}</ErrorCode><ErrorMessage>So.</ErrorMessage><RedirectTarget>{target}</RedirectTarget>"
    )


def ok(body: bytes) -> Reply:
    return Reply(status=200, body=body)


def moved(location: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"location": location})


def broken(error: ServiceError) -> Reply:
    return Reply(error=error)


def refused(host: str) -> Reply:
    return Reply(
        status=401, error=AuthenticationFailed(host=host, account="svc", scheme="NTLM"), offered="NTLM"
    )


@dataclass
class World:
    """What answers at which URL or name; everything else is unknown to DNS."""

    places: dict[str, Reply | Callable[[Request], Reply]] = field(default_factory=dict)
    records: dict[str, tuple[SrvRecord, ...]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        if isinstance(request, Resolve):
            return Reply(records=self.records.get(request.name, ()))
        found = self.places.get(request.url.partition("?")[0])
        if found is None:
            return broken(HostUnknown(host=urlsplit(request.url).hostname))
        return found if isinstance(found, Reply) else found(request)

    def search(self, address: str = ADA, **question: object) -> Discovery:
        """Run a search to its end."""
        found: list[Discovery] = []

        def search():
            found.append((yield from lookup(Question(address=address, **question))))
            yield None

        run = search()
        reply: Reply | None = None
        while True:
            wanted = run.send(reply)
            if wanted is None:
                return found[0]
            if isinstance(wanted, Step):
                self.steps.append(wanted)
                reply = None
            else:
                reply = self.reply(wanted)

    @property
    def posted(self) -> list[str]:
        """The URLs that may have got the password."""
        return [one.url for one in self.asked if isinstance(one, Post)]

    @property
    def got(self) -> list[str]:
        return [one.url for one in self.asked if isinstance(one, Get)]
