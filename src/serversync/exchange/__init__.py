"""Reads mailboxes of Exchange Server on-premises over Exchange Web Services (EWS).

An asyncio library of its own: it has never heard of the CRM, and somebody could use it without the rest.

    endpoint = Endpoint.parse("mail.example.org")
    credentials = Credentials(username="svc@example.org", password=password)
    async with EwsClient(endpoint, credentials) as client:
        outcomes = await client.call(
            GetFolder(folder_ids=(DistinguishedFolderId("inbox"),)), mailbox="ada@example.org"
        )

What it promises: HTTPS with verified certificates only; one outcome per requested item, in order; every
failure is a class of ``serversync.core.errors``; nothing secret in an error, a log or a ``repr``.
"""
