"""Where the data is kept: a PostgreSQL of yours, or one that the program brings along and looks after.

``DATABASE_URL`` names yours. Without it an embedded PostgreSQL runs in the data folder for as long as any
process of this program uses it, whichever way those processes end.

    address.py      which database: DATABASE_URL or the embedded one; the address in use
    embedded.py     what every process does: take a lease on the server, give it back
    supervisor.py   the small process that owns the server: starts it, restarts it, stops it after the last lease
    cluster.py      the server's own files and its command line
    locks.py        file locks that the kernel gives back when a process ends
    portable.py     the same promise by simpler means where Linux's process features are missing
    migrations.py   bring the tables up to date, one process at a time
"""
