"""The list of mailboxes, and one mailbox."""
