"""What a code means: the error that it becomes, and whether the same request may be sent again."""

from enum import Enum

from msgspec import Struct

from serversync.core.errors import Scope, ServiceError


class Retry(Enum):
    """Whether the same request may be sent again."""

    NEVER = "never"
    LATER = "later"
    """After the pause that the server asks for, or a growing one."""
    REDUCED = "reduced"
    """At once, but without what went wrong: the rest of a batch alone, or from an empty sync state."""
    REREAD = "reread"
    """After the item was read again and the change was merged into what it is now."""
    REDISCOVER = "rediscover"
    """Later, after autodiscover was asked again where the mailbox is: it may have another server by now."""


class Rule(Struct, frozen=True, gc=False):
    """What a code means.

    ``remedy`` is set where the one of the error's class is not exact for this code.
    """

    error: type[ServiceError]
    retry: Retry = Retry.NEVER
    remedy: str = ""

    @property
    def scope(self) -> Scope:
        """What stops."""
        return self.error.scope

    @property
    def remedy_text(self) -> str:
        """What the administrator does about it, words in braces not filled in."""
        return self.remedy or self.error.remedy


def table(*families: tuple[Rule, str]) -> dict[str, Rule]:
    """Return the rule of each code.

    Args:
        families: A rule, and the codes that it holds for, separated by white space.

    Raises:
        ValueError: a code stands in two families.
    """
    rules: dict[str, Rule] = {}
    for rule, codes in families:
        for code in codes.split():
            if code in rules:
                raise ValueError(f"{code} stands in two families")
            rules[code] = rule
    return rules
