"""People who act for the owner of a mailbox, and what they may do in its folders."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DELEGATE_FOLDERS = ("Calendar", "Tasks", "Inbox", "Contacts", "Notes", "Journal")
"""Folders that a delegate has a permission level for, in the order of the schema."""


@dataclass(frozen=True, slots=True)
class Delegate:
    """What somebody may do for the owner.

    Attributes:
        levels: Permission level (``None``, ``Reviewer``, ``Author``, ``Editor``, ``Custom``) by folder.
        receives_copies: Whether meeting messages are copied to the delegate.
        sees_private: Whether private items are shown.
    """

    levels: Mapping[str, str] = field(default_factory=dict)
    receives_copies: bool = False
    sees_private: bool = False
