"""Words of a request that came with a later version than the server's or the request's own.

A real server holds each request against its schema. Without Microsoft's schemas at hand this knows the words that programs trip
over: properties, folders with a name of their own, and the busy status of those who work elsewhere.
"""

from lxml import etree

from serversync.simulator.kinds.registry import KINDS
from serversync.simulator.response import TYPES_NS, EwsError, SoapFault
from serversync.simulator.versions import Schema

T = f"{{{TYPES_NS}}}"
_S7, _S10, _S13, _S16 = (
    Schema.EXCHANGE2007,
    Schema.EXCHANGE2010,
    Schema.EXCHANGE2013,
    Schema.EXCHANGE2016,
)


def _first_versions() -> dict[str, Schema]:
    """Return the properties that came with 2013 or later; one that several kinds have came with the first of them."""
    found: dict[str, Schema] = {}
    for kind in KINDS.values():
        for one in kind.properties:
            found[one.uri] = min(one.since, found.get(one.uri, one.since))
    return {uri: since for uri, since in found.items() if since >= _S13}


_PROPERTIES = _first_versions() | dict.fromkeys(
    ("folder:DistinguishedFolderId", "folder:PolicyTag", "folder:ArchiveTag"), _S13
)
_FOLDERS: dict[str, Schema] = {
    name: since
    for since, names in (
        (
            _S7,
            (
                "calendar contacts deleteditems drafts inbox journal notes outbox sentitems tasks msgfolderroot "
                "publicfoldersroot root junkemail searchfolders voicemail"
            ),
        ),
        (
            _S10,
            (
                "recoverableitemsroot recoverableitemsdeletions recoverableitemsversions recoverableitemspurges archiveroot "
                "archivemsgfolderroot archivedeleteditems archiverecoverableitemsroot archiverecoverableitemsdeletions "
                "archiverecoverableitemsversions archiverecoverableitemspurges"
            ),
        ),
        (
            _S13,
            (
                "archiveinbox syncissues conflicts localfailures serverfailures recipientcache quickcontacts "
                "conversationhistory adminauditlogs todosearch mycontacts directory imcontactlist peopleconnect favorites"
            ),
        ),
        (
            _S16,
            (
                "recoverableitemsdiscoveryholds archiverecoverableitemsdiscoveryholds mecontact personmetadata "
                "teamspaceactivity teamspacemessaging teamspaceworkitems scheduled orionnotes tagitems alltaggeditems "
                "externalcontacts teamchat yammerroot yammerinbound yammeroutbound yammerfeeds onedriveroot "
                "onedriverecylebin onedrivesystem onedrivevolume allcategorizeditems teamchathistory yammerdata "
                "kaizaladata messageingestion important starred archive"
            ),
        ),
    )
    for name in names.split()
}
"""Distinguished folders by the version whose schema names them first."""


def check_words(request: etree._Element, server: Schema) -> None:
    """Refuse words that the server's own schema does not have.

    Raises:
        SoapFault: ``ErrorSchemaValidation``.
    """
    for element in request.iter(f"{T}DistinguishedFolderId"):
        name = element.get("Id", "")
        if _FOLDERS.get(name, Schema.EXCHANGE2016 + 1) > server:
            raise _violation("Id", name, "DistinguishedFolderIdNameType")
    if server >= _S16:
        return
    for element in request.iter(f"{T}FieldURI"):
        uri = element.get("FieldURI", "")
        if _PROPERTIES.get(uri, server) > server:
            raise _violation("FieldURI", uri, "UnindexedFieldURIType")
    if server < _S13:
        for element in request.iter(f"{T}LegacyFreeBusyStatus"):
            if (element.text or "").strip() == "WorkingElsewhere":
                raise _violation("LegacyFreeBusyStatus", "WorkingElsewhere", "LegacyFreeBusyType")


def _violation(attribute: str, value: str, kind: str) -> SoapFault:
    reason = (
        f"The '{attribute}' attribute is invalid - The value '{value}' is invalid according to its datatype "
        f"'{TYPES_NS}:{kind}' - The Enumeration constraint failed."
    )
    return SoapFault(
        "ErrorSchemaValidation",
        "The request failed schema validation.",
        faultstring=f"The request failed schema validation: {reason}",
        details={"LineNumber": "0", "LinePosition": "0", "Violation": reason},
    )


def newer_property(request: etree._Element, spoken: Schema) -> EwsError | None:
    """Return why a request may not be carried out: it names a property that its own version does not have."""
    if spoken >= _S16:
        return None
    for element in request.iter(f"{T}FieldURI"):
        if _PROPERTIES.get(element.get("FieldURI", ""), spoken) > spoken:
            return EwsError(
                "ErrorInvalidPropertyRequest", "The property is not valid for the requested version."
            )
    return None
