"""Django's management commands, on the same database as everything else: ``python -m serversync.manage``.

For those who work on the code (``makemigrations``); people who run the program use ``serversync``.
"""

import sys

from django.core.management import execute_from_command_line

from serversync import bootstrap


def main(arguments: list[str]) -> None:
    """Run a management command while holding a lease on the database; migrations run only when asked for."""
    with bootstrap.start(migrate=False):
        execute_from_command_line(["serversync.manage", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
