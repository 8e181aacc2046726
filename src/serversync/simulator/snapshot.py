"""The whole state in a file: mailboxes with folders, items and history, accounts, outbox, rooms.

Item ids, change keys and sync states stay valid, and meeting messages that the attendant has not processed yet still
wait. Subscriptions, faults, budgets and connections are no part of it. Accounts are kept with their passwords, so the
file is readable by its owner alone.
"""

import gzip
import json
import os
from pathlib import Path
from typing import Any

from serversync.simulator.accounts import Account
from serversync.simulator.codec import UnreadableError, decode, encode
from serversync.simulator.exchange import Exchange
from serversync.simulator.folderplan import ARCHIVE, MAILBOX, PUBLIC_FOLDERS, FolderPlan
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.organization import RoomList
from serversync.simulator.seed import SeededMail

_FORM = "serversync-simulator-2"
_MAILBOX = (
    "proxy_addresses",
    "generation",
    "delegates",
    "delegate_rights",
    "meeting_requests_to",
    "send_on_behalf",
    "oof",
    "rules",
    "quota",
    "blocked_senders",
    "working_hours",
    "change_marks",
    "folders",
    "gone",
    "last_change",
)
_HIDDEN = (
    "_last_folder",
    "_removed",
    "_last_rule",
    "_last_item",
    "_items",
    "_seeded",
    "_seeded_folder",
    "_deleted",
    "_seen",
)


def save(exchange: Exchange, path: Path) -> None:
    """Write the state; a file that is there is replaced at once or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    with exchange.lock:
        document = _state(exchange)
    whole = gzip.compress(json.dumps(document).encode(), 1, mtime=0)
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(whole)
    beside.replace(path)


def load(path: Path) -> Exchange:
    """Return the state of a file.

    Raises:
        OSError: the file cannot be read.
        UnreadableError: it holds no snapshot.
    """
    try:
        document = json.loads(gzip.decompress(path.read_bytes()))
        if document.get("form") != _FORM:
            raise UnreadableError("this is no snapshot of a simulator")
        return _exchange(document)
    except (EOFError, gzip.BadGzipFile, ValueError, KeyError, AttributeError, TypeError) as problem:
        raise UnreadableError(f"{path} is no snapshot of a simulator") from problem


def _state(exchange: Exchange) -> dict[str, Any]:
    held, delivered = exchange.kept()
    return {
        "form": _FORM,
        "version": exchange.version.name,
        "domain": exchange.domain,
        "secret": encode(exchange.secret),
        "delivered": delivered,
        "held_by": encode(held),
        "accepted_domains": encode(exchange.accepted_domains),
        "max_message_size": exchange.max_message_size,
        "outbox": encode(exchange.outbox),
        "accounts": encode(exchange.directory.accounts),
        "mailboxes": [_mailbox(one) for one in exchange.mailboxes],
        "public_folders": None if exchange.public_folders is None else _mailbox(exchange.public_folders),
        "clock_skew": encode(exchange.clock_skew),
        "lockout_threshold": exchange.directory.lockout_threshold,
        "throttling": encode(exchange.throttling),
        "attendant": [
            exchange.attendant.is_held,
            [[mailbox.primary_smtp_address, number] for mailbox, number in exchange.attendant.waiting],
        ],
        "room_lists": [
            [one.address, one.name, [room.primary_smtp_address for room in one.rooms]]
            for one in exchange.room_lists.values()
        ],
    }


def _mailbox(mailbox: Mailbox) -> dict[str, Any]:
    source = mailbox.source
    if source is not None and not isinstance(source, SeededMail):
        raise TypeError(f"mail of {type(source).__name__} cannot be kept")
    return {
        "guid": encode(mailbox.guid),
        "address": mailbox.primary_smtp_address,
        "name": mailbox.display_name,
        "sid": mailbox.sid,
        "source": None if source is None else [source.seed, source.attachments],
        "values": {name: encode(getattr(mailbox, name)) for name in (*_MAILBOX, *_HIDDEN)},
        "photo": encode(mailbox.photo),
        "archive": None if mailbox.archive is None else _mailbox(mailbox.archive),
    }


def _exchange(document: dict[str, Any]) -> Exchange:
    exchange = Exchange(document["version"], domain=document["domain"])
    exchange.secret = decode(document["secret"])
    for account in decode(document["accounts"]):
        if not isinstance(account, Account):
            raise UnreadableError("an account is none")
        exchange.directory.add(account)
    for one in document["mailboxes"]:
        mailbox = _restore(exchange, one)
        if one.get("archive") is not None:
            mailbox.archive = _restore(exchange, one["archive"], ARCHIVE, mailbox)
    if document.get("public_folders") is not None:
        exchange.public_folders = _restore(exchange, document["public_folders"], PUBLIC_FOLDERS)
    exchange.accepted_domains = decode(document["accepted_domains"])
    exchange.max_message_size = document["max_message_size"]
    exchange.outbox = decode(document["outbox"])
    exchange.clock_skew = decode(document["clock_skew"])
    exchange.directory.lockout_threshold = document["lockout_threshold"]
    exchange.throttling = decode(document["throttling"])
    exchange.attendant.is_held, waiting = document["attendant"]
    exchange.attendant.waiting = [(exchange.mailbox(address), number) for address, number in waiting]
    for address, name, rooms in document["room_lists"]:
        members = tuple(exchange.mailbox(room) for room in rooms)
        exchange.room_lists[address.lower()] = RoomList(address, name, members)
    exchange.restore(decode(document["held_by"]), document["delivered"])
    return exchange


def _restore(
    exchange: Exchange, kept: dict[str, Any], plan: FolderPlan = MAILBOX, owner: Mailbox | None = None
) -> Mailbox:
    mailbox = Mailbox(
        decode(kept["guid"]),
        kept["address"],
        kept["name"],
        sid=kept["sid"],
        schema=exchange.version.schema,
        now=exchange.now,
        plan=plan,
        owner=owner,
    )
    for name in (*_MAILBOX, *_HIDDEN):
        setattr(mailbox, name, decode(kept["values"][name]))
    source = kept["source"]
    mailbox.resume(None if source is None else SeededMail(source[0], attachments=source[1]))
    mailbox.photo = decode(kept["photo"]) if kept.get("photo") else None
    exchange.adopt(mailbox)
    return mailbox
