"""Who asks for something: a user with the privileges of his roles, or the installation itself.

Every process says at its edge who acts (a page's middleware, a command, a job) with ``acting``; use cases ask
``current`` for the actor and check his privileges. Where nobody was named nobody may do anything, so that an edge that
forgets to say it opens nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Final
from uuid import UUID

from serversync.core.errors import PrivilegeMissing
from serversync.crm.models import BusinessUnit, RolePrivileges, SystemUser, SystemUserRoles
from serversync.crm.privileges import SYSTEM_ADMINISTRATOR, Depth, Privilege


class Actor:
    """Somebody who acts, by which way, and from where."""

    def __init__(self, user: SystemUser | None, *, channel: str, address: str = "") -> None:
        """Take the user (``None``: the installation itself); privileges are read when they are first needed."""
        self.user = user
        self.channel = channel
        self.address = address

    def __repr__(self) -> str:
        return f"Actor({self.name!r}, channel={self.channel!r})"

    @property
    def name(self) -> str:
        """What to call the actor."""
        return str(self.user) if self.user is not None else "The installation"

    @cached_property
    def privileges(self) -> Mapping[Privilege, Depth]:
        """Every privilege that the actor has, each at its greatest depth."""
        if self.user is None:
            return SYSTEM_ADMINISTRATOR.privileges
        if self.user.isdisabled:
            return {}
        return _privileges_of(self.user)

    def depth(self, privilege: Privilege) -> Depth | None:
        """Return how far a privilege reaches; ``None`` where the actor does not have it."""
        return self.privileges.get(privilege)

    def may(self, privilege: Privilege) -> bool:
        """Tell whether the actor has a privilege at any depth."""
        return privilege in self.privileges

    @cached_property
    def units(self) -> frozenset[UUID | None]:
        """The actor's own business unit; ``None`` stands for the root too."""
        return self._unit_and({self._unit})

    @cached_property
    def units_below(self) -> frozenset[UUID | None]:
        """The actor's own business unit and all below it."""
        children: dict[UUID | None, set[UUID | None]] = {}
        for key, parent in BusinessUnit.objects.values_list("pk", "parentbusinessunitid"):
            children.setdefault(parent, set()).add(key)
        found: set[UUID | None] = {self._unit}
        look: set[UUID | None] = set(found)
        while look:
            look = {child for one in look for child in children.get(one, ())} - found
            found |= look
        return self._unit_and(found)

    @cached_property
    def _root(self) -> UUID | None:
        return BusinessUnit.objects.filter(parentbusinessunitid=None).values_list("pk", flat=True).first()

    @property
    def _unit(self) -> UUID | None:
        own = getattr(self.user, "businessunitid_id", None)
        return own or self._root

    def _unit_and(self, units: set[UUID | None]) -> frozenset[UUID | None]:
        return frozenset(units | {None}) if self._root in units else frozenset(units)


def _privileges_of(user: SystemUser) -> dict[Privilege, Depth]:
    roles = SystemUserRoles.objects.filter(systemuserid=user)
    rows = list(roles.values_list("roleid", "roleid__roletemplateid"))
    if any(template == SYSTEM_ADMINISTRATOR.template for _, template in rows):
        return dict(SYSTEM_ADMINISTRATOR.privileges)
    given: dict[Privilege, Depth] = {}
    known = {one.value: one for one in Privilege}
    for name, mask in RolePrivileges.objects.filter(roleid__in=[key for key, _ in rows]).values_list(
        "privilegename", "privilegedepthmask"
    ):
        if name in known:
            depth = Depth(mask)
            given[known[name]] = max(depth, given.get(known[name], depth))
    return given


INSTALLATION: Final = Actor(None, channel="installation")
"""The program itself, and whoever can run its commands on its machine."""

_current: ContextVar[Actor | None] = ContextVar("serversync_actor", default=None)


def current() -> Actor:
    """Return who acts.

    Raises:
        PrivilegeMissing: nobody was named.
    """
    actor = _current.get()
    if actor is None:
        raise PrivilegeMissing(who="Nobody", privilege="to act", extent=": nobody was named")
    return actor


@contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """Let somebody act for the length of the block; ``None`` lets nobody act."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)
