"""A worker process for the fault tests: works on ``DATABASE_URL`` with a short lease until it is terminated."""

import os
from datetime import timedelta

from serversync import bootstrap, logs

if __name__ == "__main__":
    logs.configure()
    with bootstrap.start(migrate=False) as environment:
        from serversync.jobs import loop
        from serversync.jobs.worker import Worker

        loop.run(
            Worker(environment.dsn, lease=timedelta(seconds=float(os.environ.get("WORKER_LEASE", "1")))).run(
                handle_signals=True
            )
        )
