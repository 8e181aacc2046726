"""``python -m serversync.simulator``: see ``main``."""

import sys

from serversync.simulator.main import run

if __name__ == "__main__":
    sys.exit(run())
