"""Repairs answers that hold characters which XML forbids, without touching anything else.

Exchange passes on what a mail contained: one ``&#x1F;`` in one subject makes a whole answer invalid. The
offending characters and references are left out, pairs of surrogate references are joined to the character
that they mean, and bytes that are no UTF-8 become U+FFFD. A valid document comes back as it was.
"""

import codecs
import re

from serversync.exchange.xml_text import ILLEGAL, strip_illegal

_REFERENCE = re.compile(
    r"&\#x(?P<high>[dD][89abAB][0-9a-fA-F]{2});&\#x(?P<low>[dD][c-fC-F][0-9a-fA-F]{2});"
    r"|&\#(?:x(?P<hex>[0-9a-fA-F]+)|(?P<decimal>[0-9]+))(?P<end>;?)"
)
_HIGH_AT_END = re.compile(r"&#x[dD][89abAB][0-9a-fA-F]{2};\Z")
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,100}?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_OPENER = re.compile(r"<!\[CDATA\[|<!--|<\?")
_CLOSER = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}


def to_utf8(document: bytes) -> bytes:
    """Return the document as UTF-8 without a byte order mark; what has another mark, or declares another form, is converted."""
    if document.startswith(codecs.BOM_UTF8):
        return document[3:]
    coding = _coding(document)
    if coding is None:
        return document
    try:
        return document.decode(coding, "replace").encode("utf-8", "replace")
    except (LookupError, UnicodeError):
        return document  # a coding that nobody knows: what is legal in UTF-8 is read as that


def _coding(document: bytes) -> str | None:
    """Return how a document is coded that is not UTF-8."""
    if document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if document[:4:2].startswith(b"<") and document[1:4:2] == b"\0\0":
        return "utf-16-le"
    if document[1:4:2].startswith(b"<") and document[:4:2] == b"\0\0":
        return "utf-16-be"
    declared = _DECLARED.match(document)
    name = declared[1].decode().lower() if declared else "utf-8"
    return None if name in ("utf-8", "utf8", "us-ascii", "ascii") else name


def repair(document: bytes) -> bytes:
    """Return the document without illegal characters and references, white space around it cut off.

    Args:
        document: UTF-8 without a byte order mark, see ``to_utf8``.
    """
    text = strip_illegal(document.decode("utf-8", "replace").strip("\ufeff \t\r\n\x00"))
    if "&#" not in text:
        return text.encode()
    pieces: list[str] = []
    position, missing = 0, set[str]()
    while (opener := _next_opener(text, position, missing)) is not None:
        pieces.append(repair_references(text[position : opener[0]]))
        pieces.append(text[opener[0] : opener[1]])
        position = opener[1]
    pieces.append(repair_references(text[position:]))
    return "".join(pieces).encode()


def _next_opener(text: str, position: int, missing: set[str]) -> tuple[int, int] | None:
    """Return where the next part without references (CDATA, comment, instruction) starts and ends."""
    for found in _OPENER.finditer(text, position):
        closer = _CLOSER[found.group()]
        if closer in missing:
            continue
        end = text.find(closer, found.end())
        if end >= 0:
            return found.start(), end + len(closer)
        missing.add(closer)
    return None


def repair_references(text: str) -> str:
    """Return the text without references to characters that XML forbids."""
    return _REFERENCE.sub(_legal, text) if "&#" in text else text


def _legal(found: re.Match[str]) -> str:
    if found["high"]:
        code = 0x10000 + ((int(found["high"], 16) - 0xD800) << 10) + int(found["low"], 16) - 0xDC00
        return chr(code)
    digits = (found["hex"] or found["decimal"]).lstrip("0")
    if len(digits) > 7 or not digits:
        return ""
    code = int(digits, 16 if found["hex"] else 10)
    if code > 0x10FFFF or ILLEGAL.match(chr(code)):
        return ""
    return found[0] if found["end"] else found[0] + ";"


class StreamRepair:
    """The same repair for a document that arrives in pieces; CDATA sections are not looked for.

    At most a few characters are held back, where a reference may continue in the next piece.
    """

    _LONGEST = 40

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._held = ""

    def feed(self, piece: bytes) -> bytes:
        """Return what is certain after the next piece."""
        text = self._held + strip_illegal(self._decode(piece))
        cut = self._uncertain(text)
        self._held = text[cut:]
        return repair_references(text[:cut]).encode()

    def close(self) -> bytes:
        """Return the rest."""
        rest = self._held + strip_illegal(self._decode(b"", final=True))
        self._held = ""
        return repair_references(rest).encode()

    def _uncertain(self, text: str) -> int:
        """Return where a reference, or a pair of them, starts that the end of the text may cut."""
        start = text.rfind("&", max(0, len(text) - self._LONGEST))
        if start < 0 or 0 <= text.find(";", start) < len(text) - 1:
            return len(text)
        return start - 8 if _HIGH_AT_END.search(text, max(0, start - 8), start) else start
