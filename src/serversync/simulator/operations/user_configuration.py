"""Create-, Get-, Update- and DeleteUserConfiguration: settings that programs keep in folders (2010 and later)."""

import base64
import binascii
from collections.abc import Callable

from lxml import etree

from serversync.simulator import userconfiguration
from serversync.simulator.call import Call
from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import is_true
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.userconfiguration import Configuration, Entries, Setting
from serversync.simulator.xmltext import attribute, boolean, text

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"


def _answer(operation: str, act: Callable[[Call], str], call: Call) -> str:
    try:
        call.check()
        return response(operation, [success(operation, act(call))])
    except EwsError as error:
        return response(operation, [failure(operation, error)])


def create(call: Call) -> str:
    """Keep a new configuration; a name that is taken is ``ErrorItemSave``."""
    return _answer("CreateUserConfiguration", _create, call)


def get(call: Call) -> str:
    """Return those parts of a configuration that are asked for; none yet is ``ErrorItemNotFound``."""
    return _answer("GetUserConfiguration", _get, call)


def update(call: Call) -> str:
    """Replace the parts that are given."""
    return _answer("UpdateUserConfiguration", _update, call)


def delete(call: Call) -> str:
    """Remove a configuration."""
    return _answer("DeleteUserConfiguration", _delete, call)


def _place(call: Call, name: etree._Element | None) -> tuple[Mailbox, Folder, str]:
    if name is None or not len(name):
        raise EwsError("ErrorInvalidRequest")
    mailbox, folder = call.folder(name[0], Right.OWN)
    return mailbox, folder, name.get("Name", "")


def _found(call: Call, name: etree._Element | None) -> tuple[Mailbox, StoredItem]:
    mailbox, folder, wanted = _place(call, name)
    item = userconfiguration.find(mailbox, folder, wanted)
    if item is None:
        raise EwsError("ErrorItemNotFound")
    return mailbox, item


def _create(call: Call) -> str:
    element = call.request.find(f"{M}UserConfiguration")
    if element is None:
        raise EwsError("ErrorInvalidRequest")
    mailbox, folder, name = _place(call, element.find(f"{T}UserConfigurationName"))
    userconfiguration.save(mailbox, folder, name, _content(element))
    return ""


def _update(call: Call) -> str:
    element = call.request.find(f"{M}UserConfiguration")
    if element is None:
        raise EwsError("ErrorInvalidRequest")
    mailbox, item = _found(call, element.find(f"{T}UserConfigurationName"))
    userconfiguration.change(mailbox, item, _content(element))
    return ""


def _delete(call: Call) -> str:
    mailbox, item = _found(call, call.request.find(f"{M}UserConfigurationName"))
    mailbox.delete(item.number)
    return ""


def _get(call: Call) -> str:
    name = call.request.find(f"{M}UserConfigurationName")
    mailbox, item = _found(call, name)
    wanted = set((call.request.findtext(f"{M}UserConfigurationProperties") or "").split())
    everything = "All" in wanted
    content = userconfiguration.read(item)
    parts = [_name(name)]
    if everything or "Id" in wanted:
        item_id, key = attribute(mailbox.item_id(item)), attribute(mailbox.change_key(item))
        parts.append(f"<t:ItemId Id={item_id} ChangeKey={key}/>")
    if content.dictionary is not None and (everything or "Dictionary" in wanted):
        rows = "".join(
            f"<t:DictionaryEntry>{_setting('DictionaryKey', key)}{_setting('DictionaryValue', value)}</t:DictionaryEntry>"
            for key, value in content.dictionary
        )
        parts.append(f"<t:Dictionary>{rows}</t:Dictionary>")
    for part, value in (("XmlData", content.xml), ("BinaryData", content.binary)):
        if value is not None and (everything or part in wanted):
            parts.append(f"<t:{part}>{base64.b64encode(value).decode()}</t:{part}>")
    return f"<m:UserConfiguration>{''.join(parts)}</m:UserConfiguration>"


def _name(name: etree._Element | None) -> str:
    """Return the name and folder as the client gave them."""
    if name is None:
        return ""
    folder = name[0]
    where, which = etree.QName(folder).localname, attribute(folder.get("Id", ""))
    address = folder.findtext(f"{T}Mailbox/{T}EmailAddress")
    of = f"<t:Mailbox><t:EmailAddress>{text(address)}</t:EmailAddress></t:Mailbox>" if address else ""
    inner = f"<t:{where} Id={which}>{of}</t:{where}>"
    return (
        f"<t:UserConfigurationName Name={attribute(name.get('Name', ''))}>{inner}</t:UserConfigurationName>"
    )


def _setting(element: str, setting: Setting) -> str:
    values = "".join(f"<t:Value>{text(value)}</t:Value>" for value in setting.values)
    return f"<t:{element}><t:Type>{setting.kind}</t:Type>{values}</t:{element}>"


def _content(element: etree._Element) -> Configuration:
    dictionary = element.find(f"{T}Dictionary")
    return Configuration(
        None if dictionary is None else _entries(dictionary),
        _bytes(element.find(f"{T}XmlData")),
        _bytes(element.find(f"{T}BinaryData")),
    )


def _entries(dictionary: etree._Element) -> Entries:
    """Read a dictionary.

    Raises:
        EwsError: ``ErrorInvalidValueForProperty``: a key is there twice.
    """
    entries: dict[Setting, Setting] = {}
    for entry in dictionary:
        key, value = (_read(entry.find(f"{T}{name}")) for name in ("DictionaryKey", "DictionaryValue"))
        if key in entries:
            raise EwsError("ErrorInvalidValueForProperty")
        entries[key] = value
    return tuple(entries.items())


def _read(element: etree._Element | None) -> Setting:
    if element is None:
        raise EwsError("ErrorInvalidValueForProperty")
    kind = element.findtext(f"{T}Type") or ""
    values = tuple(value.text or "" for value in element.iterfind(f"{T}Value"))
    if kind not in userconfiguration.KINDS or (len(values) != 1 and not kind.endswith("Array")):
        raise EwsError("ErrorInvalidValueForProperty")
    if kind == "Boolean":
        values = (boolean(is_true(values[0].strip().lower())),)
    return Setting(kind, values)


def _bytes(element: etree._Element | None) -> bytes | None:
    if element is None:
        return None
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise EwsError("ErrorInvalidValueForProperty") from None
