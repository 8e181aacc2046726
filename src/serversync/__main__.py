"""``python -m serversync``: the command line."""

from serversync.cli.main import main

if __name__ == "__main__":
    main()
