"""Keeps certificate authorities that are sent through the pages in the data folder, where profiles find them."""

import hashlib
from pathlib import Path
from typing import Final

from serversync.administration import actor as actors
from serversync.administration import privileges
from serversync.core.errors import InputInvalid
from serversync.crm.privileges import Privilege
from serversync.database.address import data_folder
from serversync.exchange.inspection import authorities

LARGEST: Final = 256 * 1024


def store(content: bytes) -> Path:
    """Keep a PEM file under a name of ours and return its path; the same content is kept once.

    Raises:
        InputInvalid: it is too large, or it holds no certificate in PEM form.
        PrivilegeMissing: the actor may neither make nor change profiles.
    """
    if not actors.current().may(Privilege.CREATE_PROFILE):
        privileges.require(Privilege.WRITE_PROFILE)
    if len(content) > LARGEST:
        raise InputInvalid(field="CA file", reason=f"it is larger than {LARGEST // 1024} KB")
    folder = data_folder() / "authorities"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(content).hexdigest()[:32]}.pem"
    if path.exists():
        return path
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    try:
        authorities.read_file(draft)
    except InputInvalid as error:
        draft.unlink()
        raise InputInvalid(
            field="CA file", reason="it holds no certificate in PEM form (BEGIN CERTIFICATE)"
        ) from error
    draft.rename(path)
    return path
