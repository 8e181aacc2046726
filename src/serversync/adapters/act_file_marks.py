"""By what an attachment is known again without asking for its content."""

from serversync.adapters.act_files import KnownFile
from serversync.core.errors import Permanent, ServiceError
from serversync.exchange.types.attachment import FileAttachment


def of_one_item(error: ServiceError) -> Permanent:
    """Return an error of one item alone.

    Raises:
        ServiceError: the trouble is not of this item alone.
    """
    if not isinstance(error, Permanent):
        raise error
    return error


def is_same(known: KnownFile, found: FileAttachment, change_key: str) -> bool:
    """Tell whether an attachment is still what it was when it was known, given its item's change key."""
    if found.attachment_id is None or known.attachment_id != found.attachment_id.id:
        return False
    if known.change_key and known.change_key == change_key:
        return True
    said = known.size, known.modified_on
    return None not in said and said == (found.size, found.last_modified_time)


def known_as(found: FileAttachment, fileid: str, change_key: str) -> KnownFile:
    """Return what to remember of a file; its item's change key only where Exchange says too little of it."""
    key = found.attachment_id.id if found.attachment_id is not None else ""
    says_enough = found.size is not None and found.last_modified_time is not None
    return KnownFile(
        key, fileid, found.size, found.last_modified_time, change_key="" if says_enough else change_key
    )
