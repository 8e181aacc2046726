"""Accounts that nobody tries any more since their password was refused twice, as mailboxes are shown."""

from collections.abc import Iterable

from serversync.crm.models import ExchangeAccount, Mailbox


class StoppedAccounts:
    """The accounts that are stopped now; few, and read once for all the mailboxes of a list."""

    def __init__(self, accounts: Iterable[ExchangeAccount]) -> None:
        self._accounts = {account.exchangeaccountid: account for account in accounts}

    @classmethod
    def now(cls) -> "StoppedAccounts":
        """Return those of this moment."""
        return cls(ExchangeAccount.objects.filter(stoppedon__isnull=False))

    def of(self, mailbox: Mailbox) -> ExchangeAccount | None:
        """Return the account that a mailbox is read with, if it is stopped with the credentials that it has now."""
        for row in (mailbox, mailbox.emailserverprofile):
            account = self._accounts.get(row.pk) if row is not None else None
            if account is not None and row is not None and account.credentialsof == row.modifiedon:
                return account
        return None
