"""Users: the people whose mail is synchronized and who log in to the pages."""

from django.db import IntegrityError, transaction
from django.db.models import Q

from serversync.administration import entries
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import Mailbox, SystemUser

_SHORTEST_PASSWORD = 8


def add(
    login: str,
    *,
    fullname: str | None = None,
    address: str | None = None,
    password: str | None = None,
    administrator: bool = False,
) -> SystemUser:
    """Add a user, with a mailbox that has the organization's defaults.

    Args:
        login: The log-in name (``domainname``); an e-mail address stands for ``address`` too.
        fullname: The name to show; the log-in name where it is missing.
        address: The primary e-mail address.
        password: For the log-in to the pages; without one the user cannot log in.
        administrator: Whether the user may do everything.

    Raises:
        InputInvalid: a value cannot be used, or the name or the address is taken.
    """
    name = entries.text(login, "User name", longest=1024)
    if address is None and "@" in name:
        address = name
    mail = entries.address(address, "E-mail address") if address else None
    if password is not None and len(password) < _SHORTEST_PASSWORD:
        raise InputInvalid(field="Password", reason=f"it is shorter than {_SHORTEST_PASSWORD} characters")
    if mail:
        refuse_taken_address(mail)
    full = entries.text(fullname, "Full name", longest=200) if fullname else name[:200]
    try:
        with transaction.atomic():
            return SystemUser.objects.create_user(
                name, password, fullname=full, internalemailaddress=mail, is_superuser=administrator
            )
    except IntegrityError as error:
        raise InputInvalid(field="User name", reason=f"there is a user called {name} already") from error


def find_all(search: str | None = None) -> list[SystemUser]:
    """Return the users, by name; only those with ``search`` in name or address where it is given."""
    users = SystemUser.objects.select_related("defaultmailbox").order_by("fullname", "domainname")
    if search:
        users = users.filter(
            Q(fullname__icontains=search)
            | Q(domainname__icontains=search)
            | Q(internalemailaddress__icontains=search)
        )
    return list(users)


def find(login: str) -> SystemUser:
    """Return a user by log-in name or primary address.

    Raises:
        RecordNotFound: nobody has it.
    """
    wanted = login.strip()
    user = (
        SystemUser.objects.filter(domainname=wanted).first()
        or SystemUser.objects.filter(internalemailaddress__iexact=wanted).first()
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
