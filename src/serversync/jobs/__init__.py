"""The schedule and the workers: due mailboxes are claimed, queued in batches and run.

The schedule is a column of ``mailbox``; the queue (Procrastinate) holds only what is to be done now.
"""
