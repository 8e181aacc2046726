"""The CRM store: Dataverse's tables for mail and mailboxes, kept in PostgreSQL, under Dataverse's own names.

The models and their migrations own the schema: types, defaults, ranges and option values are constraints of the
database, so that a row is right whichever way it comes in (ORM, COPY, plain SQL).
"""
