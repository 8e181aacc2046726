"""Which mailboxes a command is meant for: those ticked, on this page and others, or a whole view."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import QueryDict

from serversync.administration import privileges, systemviews
from serversync.core.errors import InputInvalid
from serversync.crm.models import Mailbox
from serversync.web.pages.mailboxes.queries import profile_key

MOST_TICKED: Final = 10_000
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected: the ids of mailboxes, or a view with its search."""

    keys: tuple[UUID, ...]
    view: str
    search: str
    profile: str
    everything: bool

    @classmethod
    def read(cls, form: QueryDict) -> "Selection":
        """Return what a form selects.

        Raises:
            InputInvalid: it is nothing, or no selection.
        """
        everything = form.get("everything") == "1"
        texts = [*form.getlist("mailbox"), *form.get("more", "").split(",")]
        try:
            keys = tuple(dict.fromkeys(UUID(text) for text in texts if text))
        except ValueError as error:
            raise InputInvalid(field="Mailboxes", reason="the selection cannot be read") from error
        if not everything and not keys:
            raise InputInvalid(field="Mailboxes", reason="none is selected; tick some first")
        if len(keys) > MOST_TICKED:
            raise InputInvalid(
                field="Mailboxes", reason=f"more than {MOST_TICKED} are ticked; take a whole view"
            )
        return cls(
            () if everything else keys,
            form.get("view", systemviews.DEFAULT),
            form.get("q", ""),
            profile_key(form.get("profile", "")),
            everything,
        )

    def mailboxes(self) -> list[Mailbox]:
        """Return the mailboxes; one that may not be read, or is gone, is left out."""
        if self.everything:
            rows = systemviews.select(self.view, search=self.search, profile=self.profile)
        else:
            rows = privileges.mailboxes().filter(pk__in=self.keys)
        return list(rows.select_related("emailserverprofile", "ownerid").order_by("name", "pk"))

    @property
    def joined(self) -> str:
        """The ids as a form carries them on."""
        return ",".join(map(str, self.keys))

    @staticmethod
    def shown(chosen: list[Mailbox]) -> tuple[list[Mailbox], int]:
        """Return the mailboxes that a page names, and how many more there are."""
        return chosen[:_SHOWN], max(0, len(chosen) - _SHOWN)
