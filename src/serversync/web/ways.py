"""Turns the commands that remedies name into the way to the same thing in the pages.

Remedies are written once, for whoever reads them: a log, a terminal, a page. Where a page has a button or a field for a
command, whoever reads the remedy in a page is shown the way there instead. What has no page (starting a worker, changing the
key) stays a command.
"""

import re
from typing import Final

_WHO: Final = r"(?:'[^']*'|[^\s;,.()]+(?:[.@][^\s;,.()]+)*)"
"""A name or address as commands have it."""
_PROFILE: Final = r"serversync profile edit (?P<profile>'[^']*'|[^\s;,.()]+) "
_WAYS: Final = (
    (rf"serversync mailbox edit {_WHO} --active", "More Commands > Activate"),
    (rf"serversync mailbox edit {_WHO} --incoming server-side", "Edit > Incoming Email"),
    (rf"serversync mailbox edit {_WHO} --outgoing server-side", "Edit > Outgoing Email"),
    (
        rf"serversync mailbox apply-defaults {_WHO}, or mailbox edit {_WHO} --profile NAME",
        "Apply Default Email Settings, or Edit > Server Profile",
    ),
    (rf"serversync mailbox edit {_WHO} --profile NAME", "Edit > Server Profile"),
    (
        rf"serversync mailbox edit {_WHO} --username USER --password-stdin --use-credentials",
        "Mailboxes > Credentials",
    ),
    (r"serversync mailbox edit --username", "Mailboxes > Credentials"),
    (rf"serversync mailbox approve {_WHO}", "More Commands > Approve Email"),
    (
        rf"serversync mailbox test-enable {_WHO} --primary",
        "Synchronizing organization > Sync items with Exchange from this org only, then Test & Enable",
    ),
    (rf"serversync mailbox test-enable {_WHO}", "Test & Enable"),
    (rf"serversync mailbox edit {_WHO} --act none", "Edit > Appointments, Contacts, and Tasks > None"),
    (
        rf"serversync mailbox edit {_WHO} --act server-side, then mailbox test-enable {_WHO}",
        "Edit > Appointments, Contacts, and Tasks, then Test & Enable",
    ),
    (rf"serversync mailbox sync {_WHO} --dry-run", "Appointments, contacts and tasks > Plan"),
    (rf"serversync mailbox approve-plan {_WHO}", "Appointments, contacts and tasks > Plan > Let it happen"),
    (rf"serversync mailbox held {_WHO} --delete", "Appointments, contacts and tasks > Let it happen"),
    (rf"serversync mailbox held {_WHO} --keep", "Appointments, contacts and tasks > Keep what is left"),
    (rf"serversync mailbox held {_WHO} --fill", "Appointments, contacts and tasks > Fill the mailbox again"),
    (rf"{_PROFILE}--allow {_WHO}", "{profile} > Advanced > Allowed Mailboxes"),
    (rf"{_PROFILE}--auth \w+", "{profile} > Credentials > Authentication"),
    (rf"{_PROFILE}--autodiscover-hosts {_WHO}", "{profile} > General > Autodiscover Hosts"),
    (rf"{_PROFILE}--ca \w+(?:\.\w+)?", "{profile} > Advanced > CA file"),
    (rf"{_PROFILE}--ews-url {_WHO}", "{profile} > General > Incoming Server Location"),
    (rf"{_PROFILE}--max-connections \w+", "{profile} > Advanced > Maximum Concurrent Connections"),
    (rf"{_PROFILE}--password-stdin", "{profile} > Credentials > Password"),
    (rf"{_PROFILE}--proxy \S+ --proxy-password-file \w+", "{profile} > Advanced > Proxy"),
    (r"serversync profile edit '(?P<profile>[^']*)'", "{profile}"),
    (r"serversync profile add NAME --ews-url URL --username USER", "Email Server Profiles > New"),
    (
        r"serversync settings set defaultemailserverprofileid NAME",
        "Email Configuration Settings > Server Profile",
    ),
    (r"serversync user add LOGIN", "Users > New user"),
    (r"Users, or 'serversync user edit LOGIN --role ROLE'", "Users > Roles"),
    (r"serversync user edit LOGIN --ask-password", "Users > New password"),
    (r"List the keys with 'serversync user key list'", "See Keys of the API"),
    (r"serversync user unlock LOGIN", "Users > Lift the pause after failed log-ins"),
    (r"List what exists with 'serversync (?P<kind>\w+) list'", "See the list"),
    (r"serversync doctor", "Overview > Workers"),
    (r"with --mailbox ADDRESS", "under Sample mailbox"),
)
_COMPILED: Final = tuple((re.compile(f"'?{command}'?"), way) for command, way in _WAYS)
_PLACEHOLDER: Final = "PROFILE"


def in_pages(text: str) -> str:
    """Return a text with the ways in the pages in place of commands.

    >>> in_pages("Approve it: serversync mailbox approve ada@example.org.")
    'Approve it: More Commands > Approve Email.'
    >>> in_pages("Allow it: serversync profile edit 'Main Exchange' --allow example.org.")
    'Allow it: Email Server Profiles > Main Exchange > Advanced > Allowed Mailboxes.'
    """
    for command, way in _COMPILED:
        text = command.sub(lambda found, way=way: _way(found, way), text)  # type: ignore[misc]
    return text


def _way(found: re.Match[str], way: str) -> str:
    if "profile" not in found.groupdict():
        return way
    name = found["profile"].strip("'")
    place = "Email Server Profiles" if name == _PLACEHOLDER else f"Email Server Profiles > {name}"
    return way.format(profile=place)
