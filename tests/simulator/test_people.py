"""FindPeople and GetPersona: contacts and the directory as personas, asked for raw and by exchangelib."""

import exchangelib
import pytest
from exchangelib import Contact
from exchangelib.errors import ErrorInvalidIdMalformed
from exchangelib.indexed_properties import EmailAddress, PhoneNumber
from exchangelib.items import Persona
from exchangelib.services import GetPersona

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, Client

PAGE = '<m:IndexedPageItemView MaxEntriesReturned="{size}" Offset="{offset}" BasePoint="Beginning"/>'
CONTACTS = '<m:ParentFolderId><t:DistinguishedFolderId Id="contacts"/></m:ParentFolderId>'
DIRECTORY = '<m:ParentFolderId><t:DistinguishedFolderId Id="directory"/></m:ParentFolderId>'


def contact(name: str, address: str) -> str:
    return (
        f"<m:CreateItem><m:Items><t:Contact><t:DisplayName>{name}</t:DisplayName><t:EmailAddresses>"
        f'<t:Entry Key="EmailAddress1">{address}</t:Entry></t:EmailAddresses></t:Contact></m:Items></m:CreateItem>'
    )


def people(inner: str = "", *, size: int = 10, offset: int = 0, after: str = "") -> str:
    return f"<m:FindPeople>{inner}{PAGE.format(size=size, offset=offset)}{after}</m:FindPeople>"


def test_the_people_of_a_folder_come_in_pages(client: Client) -> None:
    for name in ("Grace Hopper", "Alan Turing", "Edsger Dijkstra"):
        client.call(contact(name, f"{name[:4]}@example.com".lower()))
    reply = client.call(people(size=2, offset=1, after=CONTACTS))
    assert reply.codes == ["NoError"]
    assert reply.texts(".//t:Persona/t:DisplayName") == ["Alan Turing", "Edsger Dijkstra"]
    assert reply.texts(".//m:TotalNumberOfPeopleInView") == ["3"]
    assert reply.texts(".//m:FirstLoadedRowIndex") == ["1"]


def test_words_find_contacts_and_the_directory(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox("grace@example.org", display_name="Grace Murray")
    client.call(contact("Grace Hopper", "hopper@example.com"))
    query = "<m:QueryString>grace</m:QueryString>"
    assert client.call(people(after=query)).texts(".//t:DisplayName") == ["Grace Hopper", "Grace Murray"]
    assert client.call(people(after=DIRECTORY + query)).texts(".//t:DisplayName") == ["Grace Murray"]
    assert client.call(people(after=CONTACTS + query)).texts(".//t:DisplayName") == ["Grace Hopper"]
    assert client.call(people(after="<m:QueryString>nobody</m:QueryString>")).texts(".//t:DisplayName") == []


def test_the_whole_directory_is_not_listed(client: Client) -> None:
    assert client.call(people(after=DIRECTORY)).codes == ["ErrorInvalidOperation"]


def test_a_persona_is_read_by_id_and_by_address(client: Client) -> None:
    client.call(contact("Grace Hopper", "hopper@example.com"))
    found = client.call(people(after=CONTACTS))
    (persona,) = found.attributes(".//t:PersonaId", "Id")
    reply = client.call(f'<m:GetPersona><m:PersonaId Id="{persona}"/></m:GetPersona>')
    assert reply.codes == ["NoError"]
    assert reply.texts("s:Body/*/m:Persona/t:EmailAddress/t:EmailAddress") == ["hopper@example.com"]
    assert len(reply.attributes(".//t:Attribution/t:SourceId", "Id")) == 1
    address = f"<m:EmailAddress><t:EmailAddress>{MAILBOX}</t:EmailAddress></m:EmailAddress>"
    own = client.call(f"<m:GetPersona>{address}</m:GetPersona>")
    assert own.texts(".//m:Persona/t:DisplayName") == ["Ada Lovelace"]


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ('<m:PersonaId Id="AAA="/>', "ErrorInvalidIdMalformed"),
        (
            "<m:EmailAddress><t:EmailAddress>no@example.org</t:EmailAddress></m:EmailAddress>",
            "ErrorItemNotFound",
        ),
    ],
)
def test_nobody_is_refused(client: Client, identity: str, code: str) -> None:
    assert client.call(f"<m:GetPersona>{identity}</m:GetPersona>").codes == [code]


def test_exchangelib_finds_orders_and_reads_people(ada: exchangelib.Account) -> None:
    Contact(
        folder=ada.contacts,
        given_name="John",
        surname="Doe",
        display_name="John Doe",
        email_addresses=[EmailAddress(email="john@example.com", label="EmailAddress1")],
        phone_numbers=[PhoneNumber(phone_number="123", label="MobilePhone")],
    ).save()
    Contact(folder=ada.contacts, display_name="Amy").save()
    everybody = ada.contacts.people()
    assert [one.display_name for one in everybody.order_by("display_name")] == ["Amy", "John Doe"]
    assert [one.display_name for one in everybody.filter("DisplayName:john")] == ["John Doe"]
    john = everybody.only("display_name").filter(display_name="john doe")
    assert [one.display_name for one in john] == ["John Doe"]
    (whole,) = ada.fetch_personas(everybody.filter(display_name="John Doe"))
    assert (whole.email_address.email_address, whole.PhoneNumber.number) == ("john@example.com", "123")
    with pytest.raises(ErrorInvalidIdMalformed):
        GetPersona(account=ada).get(personas=[Persona(id="AAA=", changekey="x")])
