"""Settings that a program keeps in a folder: a hidden item with a name of its own, which holds a dictionary of texts.

Source: ``UserConfigurationType`` of ``types.xsd`` from 2010 on; [MS-OXOCFG] for how they are stored.
"""

from collections.abc import Mapping

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import t
from serversync.exchange.types.ids import AnyFolderId
from serversync.exchange.xml_text import attribute, escape

_DICTIONARY = t("Dictionary")
_KEY, _VALUE = t("DictionaryKey"), t("DictionaryValue")
_TYPE, _CONTENT = t("Type"), t("Value")
_STRING = "String"


class UserConfigurationName(Struct, frozen=True, gc=False):
    """Where settings are kept, and under which name; letters, digits and dots, which do not tell case."""

    name: str
    folder: AnyFolderId

    def to_xml(self, prefix: str) -> str:
        """Return the element; ``prefix`` is that of the name space in which a request has it."""
        element = f"{prefix}:UserConfigurationName"
        return f'<{element} Name="{attribute(self.name)}">{self.folder.to_xml()}</{element}>'


def write_user_configuration(name: UserConfigurationName, texts: Mapping[str, str]) -> str:
    """Return settings as a request has them."""
    entries = "".join(
        f"<t:DictionaryEntry>{_text('DictionaryKey', key)}{_text('DictionaryValue', value)}</t:DictionaryEntry>"
        for key, value in texts.items()
    )
    return (
        f"<m:UserConfiguration>{name.to_xml('t')}<t:Dictionary>{entries}</t:Dictionary></m:UserConfiguration>"
    )


def read_texts(configuration: _Element) -> dict[str, str]:
    """Return the entries of a dictionary of which key and value are texts; others are not ours and are left out."""
    found: dict[str, str] = {}
    dictionary = configuration.find(_DICTIONARY)
    for entry in () if dictionary is None else dictionary:
        key, value = _text_of(entry.find(_KEY)), _text_of(entry.find(_VALUE))
        if key is not None and value is not None:
            found[key] = value
    return found


def _text(element: str, text: str) -> str:
    return f"<t:{element}><t:Type>{_STRING}</t:Type><t:Value>{escape(text)}</t:Value></t:{element}>"


def _text_of(element: _Element | None) -> str | None:
    if element is None or (element.findtext(_TYPE) or "").strip() != _STRING:
        return None
    return element.findtext(_CONTENT)
