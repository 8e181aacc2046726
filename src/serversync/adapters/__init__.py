"""Each module implements one port of the engine: the CRM store in PostgreSQL, mailboxes over EWS."""
