"""Option values are those of the reference."""

from enum import IntEnum
from typing import cast

import pytest

from serversync.crm.models import (
    activityparty,
    appointment,
    email,
    emailserverprofile,
    lead,
    mailboxaction,
    mailboxtrackingfolder,
    messagetrace,
    options,
    recurringappointmentmaster,
    tracelog,
)

REFERENCE = [
    (
        emailserverprofile.ServerType,
        "Exchange Server|Other (POP3/SMTP)|Exchange Server (Hybrid)|Exchange Online (Hybrid)|IMAP/SMTP",
        0,
    ),
    (emailserverprofile.AuthenticationProtocol, "Auto Detect|Negotiate|NTLM|Basic|OAuth", 0),
    (emailserverprofile.ExecutionStatus, "Failure|Success|Warning", 0),
    (options.EmailRouterAccessApproval, "Empty|Approved|Pending Approval|Rejected", 0),
    (options.TestResult, "Not Run|Success|Failure", 0),
    (options.Priority, "Low|Normal|High", 0),
    (options.StateCode, "Active|Inactive", 0),
    (options.StatusCode, "Active|Inactive", 1),
    (email.EmailState, "Open|Completed|Canceled", 0),
    (email.EmailStatus, "Draft|Completed|Sent|Received|Canceled|Pending Send|Sending|Failed", 1),
    (
        email.CorrelationMethod,
        "None|Skipped|XHeader|InReplyTo|TrackingToken|ConversationIndex|SmartMatching|CustomCorrelation",
        0,
    ),
    (
        activityparty.ParticipationTypeMask,
        "Sender|To Recipient|CC Recipient|BCC Recipient|Required attendee|Optional attendee|Organizer|Regarding|Owner|Resource|Customer|Chat Participant",
        1,
    ),
    (activityparty.ResponseStatus, "Unknown|Organizer|Tentative|Accept|Decline|NoResponseReceived", 0),
    (appointment.AppointmentState, "Open|Completed|Canceled|Scheduled", 0),
    (appointment.AppointmentStatus, "Free|Tentative|Completed|Canceled|Busy|Out of Office", 1),
    (recurringappointmentmaster.RecurrencePatternType, "Daily|Weekly|Monthly|Yearly", 0),
    (recurringappointmentmaster.PatternEndType, "No End Date|Occurrences|Pattern End Date", 1),
    (recurringappointmentmaster.Instance, "First|Second|Third|Fourth|Last", 1),
    (tracelog.TraceLevel, "Information|Warning|Error", 1),
    (lead.LeadState, "Open|Qualified|Disqualified", 0),
    (
        messagetrace.TraceOutcome,
        "Tracked|Already tracked|Before the start date|Set aside|Gone|Not mail|Not accepted|Untracked",
        1,
    ),
    (options.NewSender, "None|Contact|Lead", -1),
    (
        mailboxaction.ActionKind,
        "Move to Deleted Items|Add a category|Remove a category|Move to Undeliverable",
        1,
    ),
    (mailboxtrackingfolder.FolderOnboardingStatus, "Not read yet|Read|No longer there", 0),
]


@pytest.mark.parametrize(
    ("choices", "labels", "first"), REFERENCE, ids=lambda value: getattr(value, "__name__", "")
)
def test_option_values_equal_the_reference(choices: type[IntEnum], labels: str, first: int) -> None:
    found = cast("list[tuple[int, str]]", choices.choices)  # type: ignore[attr-defined]
    assert found == list(enumerate(labels.split("|"), first))


def test_delivery_methods_have_the_gaps_of_the_reference() -> None:
    assert [option.value for option in options.IncomingEmailDeliveryMethod] == [0, 1, 2, 3]
    assert [option.value for option in options.QueueIncomingEmailDeliveryMethod] == [0, 2, 3]
    assert [option.value for option in options.QueueOutgoingEmailDeliveryMethod] == [0, 2]
    assert options.IncomingEmailDeliveryMethod(2).label == "Server-Side Synchronization or Email Router"
    assert [option.label for option in options.ActDeliveryMethod] == [
        "Microsoft Dynamics 365 for Outlook",
        "Server-Side Synchronization",
        "None",
    ]
