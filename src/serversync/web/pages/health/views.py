"""Whether this process lives, and whether it can do its work; for load balancers and monitoring, without a log-in."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse


@login_not_required
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200: the process lives. It asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database answers and its tables are up to date, otherwise 503 with the reason."""
    try:
        executor = MigrationExecutor(connection)
        behind = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError:
        return HttpResponse("the database does not answer\n", content_type="text/plain", status=503)
    if behind:
        return HttpResponse("the tables are not up to date\n", content_type="text/plain", status=503)
    return HttpResponse("ready\n", content_type="text/plain")
