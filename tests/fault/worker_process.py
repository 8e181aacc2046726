"""A worker process for the fault tests: works on ``DATABASE_URL`` with a short lease until it is terminated."""

import os
from datetime import timedelta

from serversync import bootstrap, logs
from tests.fault.breaking import breaking


def work(environment: dict[str, str]) -> None:
    """Run a worker in this process, whose environment is ``environment``."""
    os.environ.clear()
    os.environ.update(environment)
    logs.configure()
    with bootstrap.start(migrate=False) as started, breaking():
        from serversync.jobs import loop
        from serversync.jobs.worker import Worker

        lease = timedelta(seconds=float(environment.get("WORKER_LEASE", "1")))
        loop.run(Worker(started.dsn, lease=lease).run(handle_signals=True))


if __name__ == "__main__":
    work(dict(os.environ))
