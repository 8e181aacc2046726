"""The settings of the organization that decide about mail, under their own names.

Each field is a column of ``organization``; a test holds them together. The defaults are the columns' defaults.
"""

from dataclasses import dataclass
from functools import lru_cache

HASH_FILTER_KEYWORDS = r"^[\s]*([\w]+\s?:[\s]*)+"


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """What the rules ask of the organization; read once a page, so that a change counts from the next page on."""

    requireapprovalforuseremail: bool = True
    requireapprovalforqueueemail: bool = True
    isfolderbasedtrackingenabled: bool = True
    emailcorrelationenabled: bool = True
    istrackingtokenenabled: bool = True
    enablesmartmatching: bool = False
    disablesmartmatching: bool = False
    disablesmartmatchingemailhashcreation: bool = False
    trackingprefix: str = "CRM:"
    hashfilterkeywords: str = HASH_FILTER_KEYWORDS
    hashmaxcount: int = 20
    hashdeltasubjectcount: int = 0
    hashminaddresscount: int = 2
    ignoreinternalemail: bool = False
    ignoreinternalemailfromqueues: bool = False
    donotignoreinternalemailtoqueues: bool = True
    ignoreinternalemaildetectionenhancement: bool = True
    unresolveemailaddressifmultiplematch: bool = False
    unresolvesenderincaseofmultiplematch: bool = False
    overridev5senderconflictresolution: bool = False
    resolveforinactiveentities: bool = False
    maxuploadfilesize: int = 5_242_880
    blockedattachments: str = ""
    autocreatecontactonpromote: bool = True
    autotracksentfolderitems: bool = False
    createqueueitemforsynchronizingmailbox: bool = True
    createqueueitemsforacceptingqueuerecipients: bool = True
    ssscreateadditionalqueueitemsforalreadytrackedemail: bool = False
    donotautotrackemail: bool = True
    donotcorrelateforwardedemailsasreplies: bool = False
    ignoreconversationindexandinreplytoforcorrelation: bool = False
    restrictirmemailitems: bool = False
    sssforcefilteringmethodforusermailboxes: int = -1
    trackcategorizeditems: bool = True
    usefilteringmethodofsyncingmailboxonlyforcorrelation: bool = False

    @property
    def smart_matching(self) -> bool:
        """Whether replies are found by subject and people."""
        return self.enablesmartmatching and not self.disablesmartmatching

    @property
    def correlates_by_headers(self) -> bool:
        """Whether an e-mail belongs to another by In-Reply-To, References or conversation index."""
        return self.emailcorrelationenabled and not self.ignoreconversationindexandinreplytoforcorrelation

    @property
    def correlates(self) -> bool:
        """Whether an e-mail may belong to another by any method."""
        return self.correlates_by_headers or self.istrackingtokenenabled or self.smart_matching

    @property
    def makes_hashes(self) -> bool:
        """Whether hashes for smart matching are stored; also while it is off, so that it can be switched on."""
        return not self.disablesmartmatchingemailhashcreation

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of tracking tokens that are recognised; the first one is in use.

        >>> EmailSettings(trackingprefix="Contoso;CRM:").prefixes
        ('Contoso', 'CRM:')
        """
        return _prefixes(self.trackingprefix)


@lru_cache(maxsize=64)
def _prefixes(text: str) -> tuple[str, ...]:
    return tuple([one.strip() for one in text.split(";") if one.strip()])
