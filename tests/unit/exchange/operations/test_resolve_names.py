"""What the answers about names say: one, several, nobody."""

from serversync.core.errors import NameUnresolved
from serversync.exchange.operations.resolve_names import ResolveNames
from serversync.exchange.outcome import Failure, Success, Warned
from serversync.exchange.types.message import Mailbox
from tests.unit.exchange.answers import answer, failure, read, success

ASKED = ResolveNames(unresolved_entry="/o=Example/cn=Recipients/cn=HAL & <co>")
ONE = (
    "<t:Resolution><t:Mailbox><t:Name>Hal</t:Name><t:EmailAddress>hal@example.org</t:EmailAddress>"
    "<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox></t:Resolution>"
)


def found(*resolutions: str) -> str:
    return f'<m:ResolutionSet TotalItemsInView="{len(resolutions)}">{"".join(resolutions)}</m:ResolutionSet>'


def test_one_person_is_a_success() -> None:
    (outcome,) = read(ASKED, answer("ResolveNames", success("ResolveNames", found(ONE))))
    assert outcome == Success((Mailbox("Hal", "hal@example.org", "SMTP", "Mailbox"),))


def test_several_are_a_warning_with_all_of_them() -> None:
    warning = success("ResolveNames", found(ONE, ONE)).replace('"Success"', '"Warning"')
    (outcome,) = read(ASKED, answer("ResolveNames", warning))
    assert isinstance(outcome, Warned)
    assert len(outcome.value) == 2


def test_nobody_is_a_failure_of_this_name_alone() -> None:
    nobody = failure("ResolveNames", "ErrorNameResolutionNoResults")
    (outcome,) = read(ASKED, answer("ResolveNames", nobody))
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.error, NameUnresolved)
