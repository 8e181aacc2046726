"""ResolveNames: who is meant by a name or a part of one, in the directory and in the contacts."""

from collections.abc import Iterator

from serversync.simulator.call import Call
from serversync.simulator.items import render_item
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import Shape, is_true
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import attribute, boolean, text

M = f"{{{MESSAGES_NS}}}"
_MOST = 100


def answer(call: Call) -> str:
    """Return one response message: the candidates, the directory's first unless the client wants otherwise."""
    try:
        call.check()
        found = _candidates(call)
    except EwsError as error:
        return response("ResolveNames", [failure("ResolveNames", error)])
    if not found:
        nobody = EwsError("ErrorNameResolutionNoResults", "No results were found.")
        return response("ResolveNames", [failure("ResolveNames", nobody)])
    payload = (
        f'<m:ResolutionSet TotalItemsInView="{len(found)}" IncludesLastItemInRange="{boolean(len(found) <= _MOST)}">'
        f"{''.join(found[:_MOST])}</m:ResolutionSet>"
    )
    if len(found) == 1:
        return response("ResolveNames", [success("ResolveNames", payload)])
    return response("ResolveNames", [_ambiguous(payload)])


def _ambiguous(payload: str) -> str:
    return (
        '<m:ResolveNamesResponseMessage ResponseClass="Warning">'
        "<m:MessageText>Multiple results were found.</m:MessageText>"
        "<m:ResponseCode>ErrorNameResolutionMultipleResults</m:ResponseCode>"
        f"<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{payload}</m:ResolveNamesResponseMessage>"
    )


def _candidates(call: Call) -> list[str]:
    wanted = (call.request.findtext(f"{M}UnresolvedEntry") or "").strip()
    prefix, separator, rest = wanted.partition(":")
    if separator and prefix.lower() in {"smtp", "sip", "ex", "x500"}:
        wanted = rest.strip()
    if not wanted:
        raise EwsError("ErrorNameResolutionNoResults", "No results were found.")
    scope = call.request.get("SearchScope", "ActiveDirectoryContacts")
    found: list[str] = []
    for source, find in (("ActiveDirectory", _directory), ("Contacts", _contacts)):
        if source in scope:
            part = list(find(call, wanted))
            found = (
                part + found if scope == "ContactsActiveDirectory" and source == "Contacts" else found + part
            )
    return found


def _fits(wanted: str, *values: str) -> bool:
    """Whether a value, or a word of it, begins with what is wanted."""
    sought = wanted.casefold()
    for value in values:
        known = value.casefold()
        if known.startswith(sought) or any(word.startswith(sought) for word in known.split()):
            return True
    return False


def _is_meant(mailbox: Mailbox, wanted: str) -> bool:
    if wanted.startswith("/"):
        return mailbox.is_named(wanted)
    if "@" in wanted:
        return wanted.lower() in mailbox.addresses()
    primary = mailbox.primary_smtp_address
    return wanted.lower() == primary.partition("@")[0].lower() or _fits(wanted, mailbox.display_name, primary)


def _directory(call: Call, wanted: str) -> Iterator[str]:
    full = is_true(call.request.get("ReturnFullContactData", "false"))
    for mailbox in call.exchange.mailboxes:
        if _is_meant(mailbox, wanted):
            contact = _directory_contact(call, mailbox) if full else ""
            yield f"<t:Resolution>{_mailbox(call, mailbox)}{contact}</t:Resolution>"


def _mailbox(call: Call, mailbox: Mailbox) -> str:
    return person(call.schema, mailbox.display_name, mailbox.primary_smtp_address, "Mailbox")


def person(
    schema: Schema, name: str, address: str, kind: str, inner: str = "", element: str = "t:Mailbox"
) -> str:
    """Return somebody as an ``EmailAddressType`` element; the kind of mailbox is told from 2010 on."""
    of_kind = f"<t:MailboxType>{kind}</t:MailboxType>" if schema >= Schema.EXCHANGE2010 else ""
    return (
        f"<{element}><t:Name>{text(name)}</t:Name><t:EmailAddress>{text(address)}</t:EmailAddress>"
        f"<t:RoutingType>SMTP</t:RoutingType>{of_kind}{inner}</{element}>"
    )


def _directory_contact(call: Call, mailbox: Mailbox) -> str:
    """Return what the directory knows of somebody: names, every address, and from 2010 SP2 on the alias."""
    further = sorted(one for one in mailbox.proxy_addresses if "@" in one and ":" not in one)
    addresses = (mailbox.primary_smtp_address, *further)[:3]
    entries = "".join(
        f'<t:Entry Key="EmailAddress{number}">{text(f"SMTP:{address}" if number == 1 else f"smtp:{address}")}</t:Entry>'
        for number, address in enumerate(addresses, 1)
    )
    alias = ""
    if call.schema >= Schema.EXCHANGE2010_SP2 and call.request.get("ContactDataShape") == "AllProperties":
        alias = f"<t:Alias>{text(mailbox.primary_smtp_address.partition('@')[0])}</t:Alias>"
    return (
        f"<t:Contact><t:DisplayName>{text(mailbox.display_name)}</t:DisplayName>"
        f"<t:EmailAddresses>{entries}</t:EmailAddresses><t:ContactSource>ActiveDirectory</t:ContactSource>"
        f"{alias}</t:Contact>"
    )


def _contacts(call: Call, wanted: str) -> Iterator[str]:
    """Yield the contacts of the mailbox, each with its first address that fits."""
    if call.mailbox is None:
        return
    full = is_true(call.request.get("ReturnFullContactData", "false"))
    mailbox, shape = call.mailbox, Shape(call.schema)
    for number in mailbox.distinguished_folder("contacts").items:
        item = mailbox.item(number)
        view = call.exchange.view(mailbox, item, shape)
        name = view.get("contacts:DisplayName") or view.subject
        addresses = [value for value in (view.get("contacts:EmailAddresses") or {}).values() if value]
        known = [one for one in addresses if "@" not in wanted or one.lower() == wanted.lower()]
        if not known or not ("@" in wanted or _fits(wanted, name, *addresses)):
            continue
        item_id = f"<t:ItemId Id={attribute(mailbox.item_id(item))} ChangeKey={attribute(mailbox.change_key(item))}/>"
        yield (
            f"<t:Resolution>{person(call.schema, name, known[0], 'Contact', item_id)}"
            f"{render_item(view) if full else ''}</t:Resolution>"
        )
