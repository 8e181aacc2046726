"""The calls of a pass as its statistics keep them."""

from psycopg.types.json import Jsonb

from serversync.exchange import calls


def latest_calls() -> Jsonb | None:
    """Return the latest calls of the pass under way as a column holds them; ``None`` where there was none."""
    noted = calls.latest()
    if not noted:
        return None
    return Jsonb(
        [
            {
                "at": one.at.isoformat(timespec="milliseconds"),
                "operation": one.operation,
                "status": one.status,
                "requestid": one.request_id,
            }
            for one in noted
        ]
    )
