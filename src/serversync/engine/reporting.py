"""What reports say of e-mails that were sent: found and noted, whether or not the report itself is tracked.

A report that a message did not reach somebody is mail like other mail, and whether it becomes an activity is for the
filters to say. The e-mail that it is about is marked in any case, in the transaction of the page.
"""

from collections.abc import Sequence

from serversync.core.errors import NotDelivered
from serversync.engine.ports import Alerts, ExchangeMailbox, MailboxRun, MailStore, Told
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.reports import (
    Fate,
    Report,
    Reported,
    is_of_failure,
    is_report,
    keys_of_report,
    may_be_bounce,
    read_report,
    subject_of_report,
)
from serversync.rules.email.settings import EmailSettings


def reports_among(messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
    """Return what may be a report on delivery among messages."""
    return [one for one in messages if is_report(one) or may_be_bounce(one)]


async def what_reports_tell(
    reports: Sequence[ReceivedMessage],
    exchange: ExchangeMailbox,
    store: MailStore,
    settings: EmailSettings,
) -> list[Told]:
    """Read reports whole, and return what they say of e-mails that were sent from here.

    A report that does not name its e-mail in its own headers is given the reference that its content has.
    """
    read: list[tuple[ReceivedMessage, Report]] = []
    for message, data in zip(reports, await exchange.whole(reports), strict=True):
        is_marked = is_report(message)
        report = read_report(data, in_words_alone=not is_marked) if data is not None else Report()
        if not is_marked and not report.recipients:
            continue
        if report.message_ids and not message.in_reply_to and not message.references:
            message.references = " ".join(report.message_ids)
        read.append((message, report))
    keys = [keys_of_report(message, report, settings.prefixes) for message, report in read]
    looking = [one for one in keys if any(one)]
    if not looking:
        return []
    book = await store.earlier(looking)
    told = []
    for (message, report), key in zip(read, keys, strict=True):
        recipients = report.recipients
        if not recipients and is_of_failure(message.item_class):
            recipients = (Reported("", Fate.NOT_DELIVERED),)
        found = subject_of_report(message, key, book)
        if found is not None and recipients:
            told.append(Told(found.activityid, found.subject, recipients, message.received_on))
    return told


async def alert_about(told: Sequence[Told], run: MailboxRun, alerts: Alerts) -> None:
    """Tell the owner of the mailbox of each e-mail that did not reach somebody."""
    for one in told:
        failed = [each for each in one.recipients if each.fate is Fate.NOT_DELIVERED]
        if failed:
            await alerts.raise_for_report(
                run,
                NotDelivered(
                    subject=one.subject,
                    mailbox=run.address,
                    recipients=", ".join(each.address for each in failed if each.address) or "a recipient",
                    reason=next((words_of(each) for each in failed if words_of(each)), "no reason is given"),
                ),
            )


def words_of(reported: Reported) -> str:
    """Return why a recipient was not reached, in the words of the server that said so."""
    if reported.status and reported.status not in reported.reason:
        return f"{reported.status} {reported.reason}".strip()
    return reported.reason
