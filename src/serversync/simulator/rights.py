"""What can be done in a folder, right by right."""

from enum import Flag, auto


class Right(Flag):
    """One thing that may be done in a folder."""

    NONE = 0
    SEE = auto()
    READ = auto()
    CREATE = auto()
    EDIT_OWN = auto()
    EDIT = auto()
    DELETE_OWN = auto()
    DELETE = auto()
    CREATE_FOLDER = auto()
    OWN = auto()
    PRIVATE = auto()


EVERYTHING = ~Right.NONE
"""What the owner of a mailbox may do."""
