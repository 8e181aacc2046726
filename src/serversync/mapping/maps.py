"""The field maps of all kinds, series among them, for whoever asks which way a field goes."""

from typing import Final

from serversync.mapping.fields import FIELDS, FieldMap
from serversync.mapping.series import SERIES
from serversync.rules.record import Kind

MAPS: Final[dict[Kind, tuple[FieldMap, ...]]] = {**FIELDS, Kind.SERIES: SERIES}
"""The map of each kind."""
WORDS: Final = {
    "contact": Kind.CONTACT,
    "task": Kind.TASK,
    "appointment": Kind.APPOINTMENT,
    "series": Kind.SERIES,
}
"""What people call the kinds."""
