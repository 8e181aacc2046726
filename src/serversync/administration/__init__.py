"""What people can ask for: users, queues, profiles, mailboxes, mail, alerts and a check-up of everything.

Plain functions, the same for the command line and for the pages. They print nothing; what cannot be done is a class of
``serversync.core.errors`` that says what is wrong, where, and what to do.
"""
