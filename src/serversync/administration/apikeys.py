"""Keys with which programs use the API: making, listing and removing them, and finding out whose a key is.

A key lets a program act as its user, with that user's privileges. It is 256 random bits, shown once; the database has its
SHA-256 only, so it is found by its digest and never compared character by character. Every key expires.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from serversync.administration import actor as actors
from serversync.administration import audit, entries, logon, people, privileges
from serversync.administration.actor import Actor
from serversync.core import clock
from serversync.core.errors import InputInvalid, KeyRefused, PrivilegeMissing, RecordNotFound
from serversync.crm.models import ApiKey, SystemUser
from serversync.crm.privileges import Privilege

PREFIX: Final = "sskey_"
"""What every key begins with, so that people and scanners for secrets recognise one."""
DEFAULT_DAYS: Final = 365
MOST_DAYS: Final = 3650
CHANNEL: Final = "API"
_RANDOM_BYTES: Final = 32
_SHOWN: Final = len(PREFIX) + 6
_LONGEST: Final = 200
_USE_NOTED_EVERY: Final = timedelta(minutes=1)


def add(login: str, name: str, *, days: int = DEFAULT_DAYS) -> tuple[ApiKey, str]:
    """Make a key for a user and return its row and the key itself, which cannot be shown again.

    Args:
        login: Whose it is: oneself; the installation may make keys for everybody.
        name: What it is for; a user has each name once.
        days: So long it is in force.

    Raises:
        RecordNotFound: there is no such user.
        InputInvalid: the name is empty, too long or taken, the number of days is out of bounds, or the user is disabled.
        PrivilegeMissing: the actor is another user: with a key one would act as its user.
    """
    user = _owner(login)
    actor = actors.current()
    if actor.user is not None and actor.user != user:
        raise PrivilegeMissing(
            who=actor.name,
            privilege="to act as somebody else",
            extent=f": the key would be one of {user}",
            remedy=f"Let {user} make the key, or whoever runs commands on the machine of the program.",
        )
    name = entries.text(name, "Name", longest=100)
    if not 1 <= days <= MOST_DAYS:
        raise InputInvalid(field="Days", reason=f"{days} is not between 1 and {MOST_DAYS}")
    if user.isdisabled:
        raise InputInvalid(field="User", reason=f"{user} is disabled")
    key = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    with transaction.atomic():
        # Whoever makes a second key of the same name waits for the first.
        SystemUser.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if ApiKey.objects.filter(systemuserid=user, name=name).exists():
            raise InputInvalid(field="Name", reason=f"{user} has a key called {name} already")
        row = ApiKey.objects.create(
            systemuserid=user,
            name=name,
            firstcharacters=key[:_SHOWN],
            digest=_digest(key),
            expireson=clock.now() + timedelta(days=days),
        )
        audit.noted("user.key-add", user, {"key": str(row), "expireson": row.expireson.isoformat()})
    return row, key


def find_all(login: str | None = None) -> list[ApiKey]:
    """Return all that ``select`` finds.

    Raises:
        RecordNotFound: there is no such user.
    """
    return list(select(login))


def select(login: str | None = None) -> QuerySet[ApiKey]:
    """Return keys, by user and name: one's own, and those of the users whom the actor may change.

    Args:
        login: Only those of this user.

    Raises:
        RecordNotFound: there is no such user.
    """
    rows = _reached().order_by("systemuserid__domainname", "name", "pk")
    return rows.filter(systemuserid=_owner(login)) if login is not None else rows


def remove(reference: str) -> ApiKey:
    """Remove a key by its id; from then on it is refused. Return what it was.

    Raises:
        RecordNotFound: there is none, or it is somebody's whom the actor may not change.
    """
    try:
        wanted = UUID(reference.strip())
    except ValueError:
        wanted = None
    with transaction.atomic():
        row = _reached().filter(pk=wanted).first() if wanted is not None else None
        if row is None:
            raise RecordNotFound(
                kind="key", name=reference, remedy="List the keys with 'serversync user key list'."
            )
        audit.noted("user.key-remove", row.systemuserid, {"key": str(row)})
        ApiKey.objects.filter(pk=row.pk).delete()
    return row


def actor_of(key: str, *, address: str) -> Actor:
    """Return who acts with a key.

    Args:
        key: As it was sent.
        address: From where.

    Raises:
        KeyRefused: nobody has the key, it has expired, or its user is disabled.
        LogOnLocked: so many keys from the address were wrong that a wrong one is not told apart any more for a while.
    """
    row = None
    if key.startswith(PREFIX) and len(key) <= _LONGEST:
        row = ApiKey.objects.select_related("systemuserid").filter(digest=_digest(key)).first()
    if row is None:
        logon.count_failure(address)
        raise KeyRefused(reason="nobody has this one")
    now = clock.now()
    if row.expireson <= now:
        raise KeyRefused(reason=f"the one called {row.name} has expired")
    if row.systemuserid.isdisabled:
        raise KeyRefused(reason=f"the user of the one called {row.name} is disabled")
    unnoted = Q(lastusedon=None) | Q(lastusedon__lte=now - _USE_NOTED_EVERY)
    ApiKey.objects.filter(unnoted, pk=row.pk).update(lastusedon=now)
    return Actor(row.systemuserid, channel=CHANNEL, address=address)


def _owner(login: str) -> SystemUser:
    """Return a user; oneself also without the privilege to see users."""
    own = actors.current().user
    wanted = login.strip()
    if own is not None and wanted.lower() in {
        own.domainname.lower(),
        (own.internalemailaddress or "").lower(),
    }:
        return own
    return people.find(wanted)


def _reached() -> QuerySet[ApiKey]:
    changeable = privileges.reach(Privilege.WRITE_USER, SystemUser.objects.all())
    reached = Q(systemuserid__in=changeable.order_by().values("pk"))
    own = actors.current().user
    if own is not None:
        reached |= Q(systemuserid=own)
    return ApiKey.objects.select_related("systemuserid").filter(reached)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
