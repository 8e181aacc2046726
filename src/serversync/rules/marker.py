"""The marker in a mailbox: which organization keeps its appointments, contacts and tasks in step.

Two organizations that do so with one mailbox would take each other's records for those of people, and double them. The
marker is a few texts that the mailbox holds; here is what they say, not where they are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID

_ID: Final = "OrganizationId"
_NAME: Final = "OrganizationName"
_SINCE: Final = "SetOn"


@dataclass(frozen=True, slots=True)
class SyncingOrganization:
    """An organization; the id tells which, the name is for people."""

    organizationid: UUID
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.organizationid})"


@dataclass(frozen=True, slots=True)
class Marker:
    """Whose the mailbox is, and since when; ``None`` where the marker does not say."""

    organization: SyncingOrganization
    since: datetime | None

    def is_of(self, organization: SyncingOrganization) -> bool:
        """Tell whether it is the marker of an organization, whatever it is called by now."""
        return self.organization.organizationid == organization.organizationid

    def texts(self) -> dict[str, str]:
        """Return what the mailbox holds."""
        since = {} if self.since is None else {_SINCE: self.since.astimezone(UTC).isoformat()}
        return {_ID: str(self.organization.organizationid), _NAME: self.organization.name, **since}

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> Self | None:
        """Return the marker that texts are; ``None`` where they name no organization."""
        try:
            organizationid = UUID(texts.get(_ID, ""))
        except ValueError:
            return None
        return cls(SyncingOrganization(organizationid, texts.get(_NAME, "")), _time(texts.get(_SINCE, "")))


def _time(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when
