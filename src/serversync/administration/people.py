"""Users: the people whose mail is synchronized and who log in to the pages, and the roles that they have."""

import secrets
from collections.abc import Sequence
from typing import Final

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from serversync.administration import actor as actors
from serversync.administration import audit, entries, privileges, searching
from serversync.core.errors import InputInvalid, PrivilegeMissing, RecordNotFound
from serversync.crm.models import Mailbox, SystemUser, SystemUserRoles
from serversync.crm.privileges import SALESPERSON, SYSTEM_ADMINISTRATOR, Privilege

_SHORTEST_PASSWORD = 8
FIRST_ADMINISTRATOR: Final = "admin"
"""Log-in name of the administrator that the first start makes."""


def add(
    login: str,
    *,
    fullname: str | None = None,
    address: str | None = None,
    password: str | None = None,
    administrator: bool = False,
    roles: Sequence[str] | None = None,
) -> SystemUser:
    """Add a user, with a mailbox that has the organization's defaults.

    Args:
        login: The log-in name (``domainname``); an e-mail address stands for ``address`` too.
        fullname: The name to show; the log-in name where it is missing.
        address: The primary e-mail address.
        password: For the log-in to the pages; without one the user cannot log in.
        administrator: Whether the user gets the role System Administrator.
        roles: Names of the roles instead; Salesperson where neither is given.

    Raises:
        InputInvalid: a value cannot be used, or the name or the address is taken.
        RecordNotFound: there is no such role.
        PrivilegeMissing: the actor may not make users, or not give roles.
    """
    privileges.require_organization(Privilege.CREATE_USER)
    name = entries.text(login, "User name", longest=1024)
    if address is None and "@" in name:
        address = name
    mail = entries.address(address, "E-mail address") if address else None
    if password is not None:
        check_password(password)
    if mail:
        refuse_taken_address(mail)
    full = entries.text(fullname, "Full name", longest=200) if fullname else name[:200]
    wanted = _roles(administrator=administrator, roles=roles)
    try:
        with transaction.atomic():
            user = SystemUser.objects.create_user(
                name, password, roles=wanted, fullname=full, internalemailaddress=mail
            )
            audit.created("user.add", user)
            audit.changed("user.roles", user, {}, {"roles": wanted})
            return user
    except IntegrityError as error:
        raise InputInvalid(field="User name", reason=f"there is a user called {name} already") from error


def edit(
    user: SystemUser,
    *,
    fullname: str | None = None,
    address: str | None = None,
    password: str | None = None,
    one_time: bool = False,
    disabled: bool | None = None,
    roles: Sequence[str] | None = None,
) -> SystemUser:
    """Change what is given of a user; everything else stays.

    Args:
        user: Whom to change.
        fullname: Another name to show.
        address: Another primary address; its approval begins anew.
        password: A new password.
        one_time: Whether the new password must be changed at the next log-in.
        disabled: Whether the user may log in, and whether the mailbox is active.
        roles: Exactly these roles from now on.

    Raises:
        InputInvalid: a value cannot be used, the address is taken, or nobody could administer any more.
        RecordNotFound: there is no such role.
        PrivilegeMissing: the actor may not change users, or not give roles.
    """
    privileges.require_for(Privilege.WRITE_USER, [user])
    if password is not None or disabled is not None or roles is not None:
        _refuse_greater(user)
    administered = _administrators().exists()
    with transaction.atomic():
        with audit.changes("user.edit", [user]):
            if fullname is not None:
                user.fullname = entries.text(fullname, "Full name", longest=200)
            if address is not None and address.lower() != (user.internalemailaddress or "").lower():
                mail = entries.address(address, "E-mail address")
                refuse_taken_address(mail)
                user.internalemailaddress = mail
            if password is not None:
                check_password(password)
                user.set_password(password)
                user.mustchangepassword = one_time
            if disabled is not None:
                user.isdisabled = disabled
            user.save()
            user.refresh_from_db()
        if roles is not None:
            _give_roles(user, roles)
        if administered and not _administrators().exists():
            raise InputInvalid(field="Roles", reason="somebody has to keep the role System Administrator")
    return user


def change_own_password(user: SystemUser, old: str, new: str) -> None:
    """Change the password of who acts.

    Raises:
        InputInvalid: the old one is wrong, or the new one cannot be used.
    """
    if not user.check_password(old):
        raise InputInvalid(field="Present password", reason="it is not the right one")
    if old == new:
        raise InputInvalid(field="New password", reason="it is the present one")
    check_password(new)
    with transaction.atomic(), audit.changes("user.password", [user]):
        user.set_password(new)
        user.mustchangepassword = False
        user.save(update_fields=["password", "mustchangepassword", "modifiedon"])


def ensure_administrator() -> tuple[str, str] | None:
    """Make the first administrator where nobody can administer the pages yet.

    Returns:
        Log-in name and one-time password, to be shown once; ``None`` where there is an administrator already.
    """
    without_password = Q(systemuserid__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    if _administrators().exclude(without_password).exists():
        return None
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        user = SystemUser.objects.filter(domainname=FIRST_ADMINISTRATOR).first()
        if user is None:
            user = SystemUser.objects.create_user(
                FIRST_ADMINISTRATOR, password, roles=(SYSTEM_ADMINISTRATOR.name,), fullname="Administrator"
            )
        user.set_password(password)
        user.mustchangepassword = True
        user.set_roles([SYSTEM_ADMINISTRATOR.name])
        user.save()
        with actors.acting(actors.INSTALLATION):
            audit.noted("user.first-administrator", user)
    return user.domainname, password


def roles_of(users: Sequence[SystemUser]) -> dict[str, list[str]]:
    """Return the names of the roles that users have, by id."""
    found: dict[str, list[str]] = {}
    rows = SystemUserRoles.objects.filter(systemuserid__in=users).order_by("roleid__name")
    for key, name in rows.values_list("systemuserid", "roleid__name"):
        found.setdefault(str(key), []).append(name)
    return found


def find_all(search: str | None = None) -> list[SystemUser]:
    """Return the users, by name; only those with ``search`` in name or address where it is given."""
    users = privileges.users().select_related("defaultmailbox").order_by("fullname", "domainname")
    return list(searching.narrow(users, search))


def find(login: str) -> SystemUser:
    """Return a user by log-in name or primary address.

    Raises:
        RecordNotFound: nobody has it.
    """
    wanted = login.strip()
    visible = privileges.users()
    user = (
        visible.filter(domainname=wanted).first()
        or visible.filter(internalemailaddress__iexact=wanted).first()
    )
    if user is None:
        raise RecordNotFound(kind="user", name=wanted)
    return user


def refuse_taken_address(address: str) -> None:
    """Keep two mailboxes from having one address.

    Raises:
        InputInvalid: another mailbox has it.
    """
    taken = Mailbox.objects.filter(emailaddress__iexact=address).first()
    if taken is not None:
        raise InputInvalid(
            field="E-mail address", reason=f"the mailbox of {taken.name} has {address} already"
        )


def check_password(password: str) -> None:
    """Refuse a password that is too short.

    Raises:
        InputInvalid: it is.
    """
    if len(password) < _SHORTEST_PASSWORD:
        raise InputInvalid(field="Password", reason=f"it is shorter than {_SHORTEST_PASSWORD} characters")


def _roles(*, administrator: bool, roles: Sequence[str] | None) -> list[str]:
    """Return the names of the roles to give; more than Salesperson needs the privilege to give roles."""
    if administrator:
        roles = [SYSTEM_ADMINISTRATOR.name, *(roles or [])]
    if roles is None:
        return [SALESPERSON.name]
    privileges.require_organization(Privilege.ASSIGN_ROLE)
    return sorted({role.name for role in privileges.find_roles(roles)})


def _give_roles(user: SystemUser, roles: Sequence[str]) -> None:
    privileges.require_organization(Privilege.ASSIGN_ROLE)
    wanted = sorted({role.name for role in privileges.find_roles(roles)})
    before = roles_of([user]).get(str(user.pk), [])
    user.set_roles(wanted)
    audit.changed("user.roles", user, {"roles": before}, {"roles": wanted})


def _administrators() -> QuerySet[SystemUserRoles]:
    found = SystemUserRoles.objects.filter(roleid__roletemplateid=SYSTEM_ADMINISTRATOR.template)
    return found.filter(systemuserid__isdisabled=False)


def _refuse_greater(user: SystemUser) -> None:
    """Keep somebody from taking over a user who may do more: by a new password one would become that user."""
    actor = actors.current()
    theirs = actors.Actor(user, channel=actor.channel).privileges
    for privilege, depth in theirs.items():
        if (actor.depth(privilege) or 0) < depth:
            raise PrivilegeMissing(who=actor.name, privilege=privilege.value, extent=f", which {user} has")
