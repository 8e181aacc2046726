"""What a worker imports, for the process from which the fault tests fork their workers; it connects to nothing."""

import django

django.setup()

from serversync.jobs import worker  # noqa: E402 - its tables need Django

__all__ = ["worker"]
