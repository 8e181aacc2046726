"""What every page shows around its content: the number of open alerts, the product's version."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

import serversync
from serversync.administration import privileges
from serversync.crm.models import SystemUser

_MOST_COUNTED = 100


def frame(request: HttpRequest) -> dict[str, object]:
    """Return the values; the alerts are counted only where a page shows their number."""
    return {
        "version": serversync.__version__,
        "section": request.path.partition("/")[2].partition("/")[0],
        "open_alerts": SimpleLazyObject(lambda: _open_alerts(request)),
    }


def _open_alerts(request: HttpRequest) -> str:
    """Return the number of open alerts up to 100, empty for none."""
    user = getattr(request, "user", None)
    if not isinstance(user, SystemUser):
        return ""
    found = privileges.alerts().filter(resolvedon=None, level__gt=1)[: _MOST_COUNTED + 1].count()
    if not found:
        return ""
    return str(found) if found <= _MOST_COUNTED else f"{_MOST_COUNTED}+"
