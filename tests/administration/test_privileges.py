"""Who may do what: every role times every act, on what is one's own, the unit's, and somebody else's."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from serversync.administration import (
    activities,
    activity_files,
    actor,
    alerts,
    apikeys,
    appointments,
    audit,
    authorities,
    bulk,
    companies,
    composing,
    connection,
    connection_test,
    correspondence,
    customers,
    diagnostics,
    doctor,
    drafts,
    emails,
    filterpreview,
    filters,
    jobs,
    logon,
    mailboxes,
    organization,
    people,
    pictures,
    privileges,
    profiles,
    queues,
    secret_keys,
    senders,
    sending,
    series,
    series_occurrences,
    services,
    syncfields,
    syncfilters,
    synchronization,
    tasks,
    timeline,
    timezones,
    traces,
    tracked_folders,
    unsynchronized,
)
from serversync.core.errors import InputInvalid, PrivilegeMissing, RecordNotFound
from serversync.crm.models import (
    Account,
    ActivityMimeAttachment,
    ApiKey,
    Appointment,
    AsyncOperation,
    Attachment,
    BusinessUnit,
    Contact,
    Email,
    EmailServerProfile,
    ExchangeSyncIdMapping,
    ExchangeSyncMailbox,
    Fax,
    Letter,
    Mailbox,
    MailboxTrackingFolder,
    MessageTrace,
    PhoneCall,
    Queue,
    RecurringAppointmentMaster,
    Role,
    RolePrivileges,
    ServiceAppointment,
    SystemUser,
    Task,
    TraceLog,
    UserQuery,
)
from serversync.crm.models.exchangesyncmailbox import SyncAnswer
from serversync.crm.privileges import BUILT_IN, Depth, Privilege
from serversync.rules.record import Kind

pytestmark = pytest.mark.django_db

PROFILE: profiles.ProfileEntries = {
    "incomingserverlocation": "mail.example.org",
    "incomingusername": "svc-crm@example.org",
    "incomingpassword": "planted-Secret-4711",
}


@dataclass
class Place:
    """Ada and Ben sell in the root unit, Cleo in one of her own; each has a mailbox, an alert and an e-mail."""

    ada: SystemUser
    ben: SystemUser
    cleo: SystemUser
    unit: BusinessUnit

    def mailbox(self, user: SystemUser) -> Mailbox:
        return Mailbox.objects.get(regardingobjectid=user.pk)

    def alert(self, user: SystemUser) -> TraceLog:
        return TraceLog.objects.get(regardingobjectownerid=user)


@pytest.fixture
def place() -> Place:
    profiles.add("Exchange", PROFILE)
    organization.change("defaultemailserverprofileid", "Exchange")
    root = BusinessUnit.objects.get(parentbusinessunitid=None)
    unit = BusinessUnit.objects.create(name="Lisbon", parentbusinessunitid=root)
    made = [people.add(f"{name}@example.org", fullname=name.title()) for name in ("ada", "ben", "cleo")]
    made[2].businessunitid = unit
    made[2].save()
    for user in made:
        TraceLog.objects.create(
            regardingobjectid=user.defaultmailbox_id,
            regardingobjecttypecode="mailbox",
            regardingobjectownerid=user,
            code="x",
        )
        Email.objects.create(subject=f"Of {user}", ownerid=user)
        Contact.objects.create(lastname=f"Of {user}", ownerid=user)
        Account.objects.create(name=f"Of {user}", ownerid=user)
        AsyncOperation.objects.create(name=f"Of {user}", act="sync", ownerid=user, itemcount=1)
        MailboxTrackingFolder.objects.create(
            mailboxid_id=user.defaultmailbox_id, exchangefolderid="f1", exchangefoldername="Projects"
        )
    return Place(made[0], made[1], made[2], unit)


FILTER = syncfilters.FilterEntries("Other", conditions=[("ownerid", "eq-userid", "")])


NINE = datetime(2026, 5, 1, 9, tzinfo=UTC)
WATCH: series.SeriesEntries = {
    "subject": "Watch",
    "first_day": date(2026, 5, 4),
    "begins": time(9),
    "ends": time(10),
    "pattern": "daily",
    "interval": 1,
}
ACTIVITIES = (
    "read a task",
    "edit a task",
    "complete a task",
    "delete a task",
    "read a phone call",
    "edit a phone call",
    "complete a letter",
    "delete a fax",
    "read a service activity",
    "edit a service activity",
    "complete a service activity",
    "delete a service activity",
    "read an appointment",
    "edit an appointment",
    "attach a file to an appointment",
    "attach a file to a task",
    "take a file of an appointment away",
    "take a file of a task away",
    "read a series",
    "edit a series",
    "cancel a series",
    "change an occurrence",
    "cancel an occurrence",
)


def task_of(user: SystemUser) -> Task:
    return Task.objects.get_or_create(subject="Call", ownerid=user)[0]


def call_of(user: SystemUser) -> PhoneCall:
    return PhoneCall.objects.get_or_create(subject="Call", ownerid=user)[0]


def letter_of(user: SystemUser) -> Letter:
    return Letter.objects.get_or_create(subject="Call", ownerid=user)[0]


def fax_of(user: SystemUser) -> Fax:
    return Fax.objects.get_or_create(subject="Call", ownerid=user)[0]


def repair_of(user: SystemUser) -> ServiceAppointment:
    return ServiceAppointment.objects.get_or_create(
        subject="Repair", ownerid=user, defaults={"scheduledstart": NINE, "scheduledend": NINE}
    )[0]


def tea_of(user: SystemUser) -> Appointment:
    return Appointment.objects.get_or_create(
        subject="Tea", ownerid=user, defaults={"scheduledstart": NINE, "scheduledend": NINE}
    )[0]


def watch_of(user: SystemUser) -> RecurringAppointmentMaster:
    found = RecurringAppointmentMaster.objects.filter(ownerid=user).first()
    if found is None:
        with actor.acting(actor.INSTALLATION):
            found = series.add(WATCH, owner=user.domainname)
    return found


def filter_row(user: SystemUser) -> UserQuery:
    made = UserQuery.objects.filter(ownerid=user).first()
    return made or UserQuery.objects.create(ownerid=user, name="Mine", returnedtypecode="task")


def key_of(user: SystemUser) -> ApiKey:
    made = ApiKey.objects.filter(systemuserid=user).first()
    return made or ApiKey.objects.create(
        systemuserid=user, name="Mine", digest=user.pk.bytes, expireson=datetime(2100, 1, 1, tzinfo=UTC)
    )


def queue_of(user: SystemUser) -> Queue:
    return Queue.objects.get_or_create(name=f"Of {user}", ownerid=user)[0]


def job_of(user: SystemUser) -> AsyncOperation:
    return AsyncOperation.objects.get(ownerid=user)


def email_of(user: SystemUser) -> str:
    return str(Email.objects.get(ownerid=user).pk)


def without_profile(place: "Place", of: SystemUser) -> Mailbox:
    """Exchange is not asked: past the privileges it is refused because there is none."""
    Mailbox.objects.filter(regardingobjectid=of.pk).update(emailserverprofile=None)
    return place.mailbox(of)


def read_customer(kind: customers.Kind, of: SystemUser) -> None:
    if not customers.rows(kind).filter(ownerid=of).exists():
        raise RecordNotFound(kind=kind.word, name=str(of))


def take_file(row: Appointment | Task) -> None:
    made = ActivityMimeAttachment.objects.create(
        activityid_id=row.pk,
        objecttypecode=activity_files.KINDS[type(row)].word,
        attachmentid=Attachment.objects.create(),
        filename="x",
    )
    activity_files.remove(row, made.pk)


def as_user(user: SystemUser) -> Any:
    return actor.acting(actor.Actor(user, channel="test"))


Act = Callable[[Place, SystemUser], object]

SOMEONES: dict[str, Act] = {
    "read a mailbox": lambda place, of: mailboxes.find(of.internalemailaddress or ""),
    "ask why": lambda place, of: traces.why(place.mailbox(of), subject="x"),
    "sync now": lambda place, of: mailboxes.make_due([place.mailbox(of)]),
    "test and enable": lambda place, of: connection.enable([place.mailbox(of)]),
    "edit a mailbox": lambda place, of: mailboxes.edit([place.mailbox(of)], {"active": True}),
    "apply defaults": lambda place, of: mailboxes.apply_defaults([place.mailbox(of)]),
    "approve": lambda place, of: mailboxes.approve([place.mailbox(of)]),
    "reject": lambda place, of: mailboxes.reject([place.mailbox(of)]),
    "read an alert": lambda place, of: alerts.find(str(place.alert(of).pk)),
    "dismiss an alert": lambda place, of: alerts.dismiss([place.alert(of)]),
    "mute an alert": lambda place, of: alerts.mute([place.alert(of)]),
    "read an e-mail": lambda place, of: emails.show(str(Email.objects.get(ownerid=of).pk)),
    "read a user": lambda place, of: people.find(of.domainname),
    "edit a user": lambda place, of: people.edit(of, fullname="Other"),
    "unlock a user": lambda place, of: logon.unlock(of),
    "make a key for the API": lambda place, of: apikeys.add(of.domainname, "Script"),
    "remove a key for the API": lambda place, of: apikeys.remove(str(key_of(of).pk)),
    "read a contact": lambda place, of: read_customer(customers.CONTACT, of),
    "edit a contact": lambda place, of: customers.edit(
        customers.CONTACT, Contact.objects.get(ownerid=of), {"lastname": "x"}
    ),
    "give a contact a photo": lambda place, of: pictures.replace(
        Contact.objects.get(ownerid=of), SimpleUploadedFile("face", b"GIF89a")
    ),
    "take a contact's photo away": lambda place, of: pictures.remove(Contact.objects.get(ownerid=of)),
    "deactivate a contact": lambda place, of: customers.set_state(
        customers.CONTACT, Contact.objects.get(ownerid=of), active=False
    ),
    "read an account": lambda place, of: read_customer(customers.ACCOUNT, of),
    "edit an account": lambda place, of: customers.edit(
        customers.ACCOUNT, Account.objects.get(ownerid=of), {"name": "x"}
    ),
    "read a task": lambda place, of: activities.find(activities.TASK, task_of(of).pk),
    "edit a task": lambda place, of: tasks.edit(task_of(of), {"subject": "x"}),
    "complete a task": lambda place, of: activities.set_state(activities.TASK, task_of(of), "complete"),
    "delete a task": lambda place, of: activities.delete(activities.TASK, task_of(of)),
    "read a phone call": lambda place, of: activities.find(activities.PHONECALL, call_of(of).pk),
    "edit a phone call": lambda place, of: correspondence.edit(
        activities.PHONECALL, call_of(of), {"subject": "x"}
    ),
    "complete a letter": lambda place, of: activities.set_state(activities.LETTER, letter_of(of), "complete"),
    "delete a fax": lambda place, of: activities.delete(activities.FAX, fax_of(of)),
    "read a service activity": lambda place, of: activities.find(activities.SERVICE, repair_of(of).pk),
    "edit a service activity": lambda place, of: services.edit(repair_of(of), {"subject": "x"}),
    "complete a service activity": lambda place, of: activities.set_state(
        activities.SERVICE, repair_of(of), "complete"
    ),
    "delete a service activity": lambda place, of: activities.delete(activities.SERVICE, repair_of(of)),
    "read an appointment": lambda place, of: activities.find(activities.APPOINTMENT, tea_of(of).pk),
    "attach a file to an appointment": lambda place, of: activity_files.attach(
        tea_of(of), [SimpleUploadedFile("plan.txt", b"plan")]
    ),
    "take a file of an appointment away": lambda place, of: take_file(tea_of(of)),
    "attach a file to a task": lambda place, of: activity_files.attach(
        task_of(of), [SimpleUploadedFile("plan.txt", b"plan")]
    ),
    "take a file of a task away": lambda place, of: take_file(task_of(of)),
    "edit an appointment": lambda place, of: appointments.edit(tea_of(of), {"subject": "x"}),
    "read a series": lambda place, of: activities.find(activities.SERIES, watch_of(of).pk),
    "edit a series": lambda place, of: series.edit(watch_of(of), {"subject": "x"}),
    "cancel a series": lambda place, of: activities.set_state(activities.SERIES, watch_of(of), "cancel"),
    "change an occurrence": lambda place, of: series_occurrences.change(
        series_occurrences.find(watch_of(of), "2026-05-06"), {"subject": "x"}
    ),
    "cancel an occurrence": lambda place, of: series_occurrences.cancel(
        series_occurrences.find(watch_of(of), "2026-05-06")
    ),
    "read filters": lambda place, of: syncfilters.of_user(of),
    "add a filter": lambda place, of: syncfilters.add(of, Kind.TASK, FILTER),
    "edit a filter": lambda place, of: syncfilters.edit(filter_row(of), FILTER),
    "see a filter": lambda place, of: syncfilters.find(filter_row(of).pk),
    "deactivate a filter": lambda place, of: syncfilters.set_state(filter_row(of), active=False),
    "delete a filter": lambda place, of: syncfilters.delete(filter_row(of)),
    "reset filters": lambda place, of: syncfilters.reset([of]),
    "preview filters": lambda place, of: filterpreview.replaced(of, []),
    "run a pass by hand": lambda place, of: mailboxes.require_synchronization([place.mailbox(of)]),
    "re-initialise": lambda place, of: bulk.reinitialise([place.mailbox(of)]),
    "take a mailbox over from another organization": lambda place, of: mailboxes.mark_primary(
        [place.mailbox(of)], primary=True
    ),
    "begin a job": lambda place, of: jobs.start("sync", [place.mailbox(of)]),
    "read a job": lambda place, of: jobs.find(str(job_of(of).pk)),
    "cancel a job": lambda place, of: jobs.cancel(job_of(of)),
    "read diagnostics": lambda place, of: diagnostics.document(place.mailbox(of)),
    "read the timeline": lambda place, of: timeline.of(place.mailbox(of)),
    "list tracked folders": lambda place, of: tracked_folders.find_all(place.mailbox(of)),
    "ask Exchange for folders": lambda place, of: tracked_folders.offered(without_profile(place, of)),
    "track a folder": lambda place, of: tracked_folders.add(without_profile(place, of), "Projects"),
    "track a folder no longer": lambda place, of: tracked_folders.remove(place.mailbox(of), "Projects"),
    "see the plan": lambda place, of: synchronization.overview(place.mailbox(of)),
    "let a plan happen": lambda place, of: synchronization.approve_plan([place.mailbox(of)]),
    "let deletions happen": lambda place, of: synchronization.answer(place.mailbox(of), SyncAnswer.DELETE),
    "fill a replaced mailbox": lambda place, of: synchronization.answer(place.mailbox(of), SyncAnswer.FILL),
    "list what is not synchronized": lambda place, of: unsynchronized.find_all(place.mailbox(of)),
    "list conflicts": lambda place, of: unsynchronized.conflicts(place.mailbox(of)),
    "retry an item": lambda place, of: unsynchronized.retry(place.mailbox(of), []),
    "ignore an item": lambda place, of: unsynchronized.ignore(place.mailbox(of), []),
    "forget conflicts": lambda place, of: unsynchronized.dismiss_conflicts(place.mailbox(of), []),
    "choose what is tracked of a user": lambda place, of: filters.set_for_user(of, track="all"),
    "choose the time zone of a user": lambda place, of: timezones.choose(of, "Europe/Lisbon"),
    "choose whether companies of a user are updated": lambda place, of: companies.choose(
        of, are_updated=False
    ),
    "choose what is tracked of a queue": lambda place, of: filters.set_for_queue(
        queue_of(of).name, track="all"
    ),
    "send e-mail as somebody": lambda place, of: senders.require_may_send_as(
        actor.current(), place.mailbox(of)
    ),
    "answer an e-mail": lambda place, of: composing.reply(email_of(of), {"sender": ""}),
    "forward an e-mail": lambda place, of: composing.forward(email_of(of), {"sender": ""}),
    "edit a draft": lambda place, of: drafts.edit(Email.objects.get(ownerid=of), {}),
    "send an e-mail": lambda place, of: sending.send(Email.objects.get(ownerid=of)),
    "take an e-mail back": lambda place, of: sending.take_back(Email.objects.get(ownerid=of)),
    "edit a queue": lambda place, of: queues.edit(queue_of(of), description="x"),
    "deactivate a queue": lambda place, of: queues.set_state(queue_of(of), active=False),
}
"""Acts on what belongs to somebody."""

EVERYBODYS: dict[str, Act] = {
    "read profiles": lambda place, _: profiles.find("Exchange"),
    "add a profile": lambda place, _: profiles.add("Other", PROFILE),
    "edit a profile": lambda place, _: profiles.edit("Exchange", {"description": "x"}),
    "deactivate a profile": lambda place, _: profiles.set_state("Exchange", active=False),
    "read settings": lambda place, _: organization.find_all(),
    "change settings": lambda place, _: organization.change("enablesmartmatching", "yes"),
    "add a user": lambda place, _: people.add("new@example.org"),
    "give a role": lambda place, _: people.edit(place.ben, roles=["System Administrator"]),
    "add a queue": lambda place, _: queues.add("Support", address="support@example.org"),
    "add a contact": lambda place, _: customers.add(customers.CONTACT, {"lastname": "x"}),
    "add an account": lambda place, _: customers.add(customers.ACCOUNT, {"name": "x"}),
    "add a task": lambda place, _: tasks.add({"subject": "x"}),
    "add a phone call": lambda place, _: correspondence.add(activities.PHONECALL, {"subject": "x"}),
    "add a service activity": lambda place, _: services.add({"subject": "x", "start": NINE, "end": NINE}),
    "add an appointment": lambda place, _: appointments.add({"subject": "x", "start": NINE, "end": NINE}),
    "add a series": lambda place, _: series.add(WATCH),
    "read templates of filters": lambda place, _: syncfilters.templates(),
    "add a template of filters": lambda place, _: syncfilters.add_template(Kind.TASK, FILTER),
    "read the audit": lambda place, _: audit.find_all(),
    "list roles": lambda place, _: privileges.roles(),
    "read synchronized fields": lambda place, _: syncfields.find_all(),
    "change synchronized fields": lambda place, _: syncfields.change("contact", {"jobtitle": "to-crm"}),
    "test a connection": lambda place, _: connection_test.plan("Exchange"),
    "test all mailboxes of a profile": lambda place, _: jobs.test_profile_mailboxes(
        EmailServerProfile.objects.get()
    ),
    "keep a certificate": lambda place, _: authorities.store(b"no certificate"),
    "change the secret key": lambda place, _: secret_keys.rotate(),
    "see how the secret key stands": lambda place, _: secret_keys.state(),
    "check the installation": lambda place, _: doctor.require(),
    "list senders": lambda place, _: senders.choices(),
    "write a draft": lambda place, _: composing.compose({"sender": "ada@example.org"}),
}
"""Acts on what belongs to everybody."""

NOT, OWN, UNIT, ALL = 0, 1, 2, 3
"""How far an act reaches: not at all, one's own, the own business unit, the whole organization."""

REACH: dict[str, dict[str, int]] = {
    "System Administrator": {
        **dict.fromkeys([*SOMEONES, *EVERYBODYS], ALL),
        # With a key one acts as its user: nobody makes one to be somebody else.
        "make a key for the API": OWN,
    },
    "Mailbox Administrator": {
        **dict.fromkeys(SOMEONES, UNIT),
        "read an e-mail": OWN,
        **dict.fromkeys(ACTIVITIES, OWN),
        "edit a user": NOT,
        "unlock a user": NOT,
        "make a key for the API": OWN,
        "remove a key for the API": OWN,
        "edit a contact": NOT,
        "give a contact a photo": NOT,
        "take a contact's photo away": NOT,
        "deactivate a contact": NOT,
        "edit an account": NOT,
        "edit a queue": NOT,
        "deactivate a queue": NOT,
        "choose what is tracked of a queue": NOT,
        **dict.fromkeys(
            (
                "cancel a job",
                "choose what is tracked of a user",
                "choose the time zone of a user",
                "choose whether companies of a user are updated",
                "send e-mail as somebody",
                "answer an e-mail",
                "forward an e-mail",
                "edit a draft",
                "send an e-mail",
                "take an e-mail back",
            ),
            OWN,
        ),
        **dict.fromkeys(EVERYBODYS, NOT),
        "read profiles": ALL,
        "read settings": ALL,
        "read templates of filters": ALL,
        "add a task": ALL,
        "add a phone call": ALL,
        "add a service activity": ALL,
        "add an appointment": ALL,
        "add a series": ALL,
        "list roles": ALL,
        "read synchronized fields": ALL,
        "see how the secret key stands": ALL,
        # Of the profile's mailboxes those are tested that may be.
        "test all mailboxes of a profile": ALL,
        "list senders": ALL,
        "write a draft": ALL,
    },
    "Salesperson": {
        **dict.fromkeys(SOMEONES, NOT),
        **dict.fromkeys(
            (
                "read a mailbox",
                "ask why",
                "make a key for the API",
                "remove a key for the API",
                "sync now",
                "test and enable",
                "read an alert",
                "dismiss an alert",
                "mute an alert",
                "read an e-mail",
                # Unless requireprivilegetoselfapproveemailaddress is set the own address needs no privilege.
                "approve",
                "reject",
                "edit a contact",
                "give a contact a photo",
                "take a contact's photo away",
                "deactivate a contact",
                "edit an account",
                *ACTIVITIES,
                "read filters",
                "add a filter",
                "edit a filter",
                "see a filter",
                "deactivate a filter",
                "delete a filter",
                "reset filters",
                "preview filters",
                "run a pass by hand",
                "begin a job",
                "read a job",
                "cancel a job",
                "read diagnostics",
                "read the timeline",
                "list tracked folders",
                "ask Exchange for folders",
                "track a folder",
                "track a folder no longer",
                "see the plan",
                "let deletions happen",
                "fill a replaced mailbox",
                "list what is not synchronized",
                "list conflicts",
                "retry an item",
                "ignore an item",
                "forget conflicts",
                "choose what is tracked of a user",
                "choose the time zone of a user",
                "choose whether companies of a user are updated",
                "send e-mail as somebody",
                "answer an e-mail",
                "forward an e-mail",
                "edit a draft",
                "send an e-mail",
                "take an e-mail back",
            ),
            OWN,
        ),
        "read a contact": ALL,
        "read an account": ALL,
        **dict.fromkeys(EVERYBODYS, NOT),
        "add a contact": ALL,
        "add an account": ALL,
        "test all mailboxes of a profile": ALL,
        "list senders": ALL,
        "write a draft": ALL,
        "add a task": ALL,
        "add a phone call": ALL,
        "add a service activity": ALL,
        "add an appointment": ALL,
        "add a series": ALL,
    },
    # What of the own mail is tracked, the own time zone and the own keys are everybody's own choice; without prvWriteActivity nothing can be sent as oneself.
    "": {
        **dict.fromkeys([*SOMEONES, *EVERYBODYS], NOT),
        "choose what is tracked of a user": OWN,
        "choose the time zone of a user": OWN,
        "choose whether companies of a user are updated": OWN,
        "send e-mail as somebody": OWN,
        "make a key for the API": OWN,
        "remove a key for the API": OWN,
    },
}


def is_allowed(act: Act, place: Place, of: SystemUser) -> bool:
    """Tell whether an act gets past the privileges, whatever becomes of it then."""
    try:
        act(place, of)
    except (PrivilegeMissing, RecordNotFound):
        return False
    except InputInvalid:
        return True
    return True


def test_the_table_of_this_test_has_every_role_and_every_act() -> None:
    assert {role.name for role in BUILT_IN} | {""} == set(REACH)
    for reach in REACH.values():
        assert set(reach) == {*SOMEONES, *EVERYBODYS}


@pytest.mark.parametrize("role", REACH)
@pytest.mark.parametrize("act", SOMEONES)
def test_an_act_reaches_as_far_as_the_role_says(place: Place, role: str, act: str) -> None:
    people.edit(place.ada, roles=[role] if role else [])
    reached = NOT
    for step, of in ((OWN, place.ada), (UNIT, place.ben), (ALL, place.cleo)):
        with as_user(SystemUser.objects.get(pk=place.ada.pk)):
            if is_allowed(SOMEONES[act], place, of):
                assert reached == step - 1, "it reaches farther, but not nearer"
                reached = step
    assert reached == REACH[role][act]


@pytest.mark.parametrize("role", REACH)
@pytest.mark.parametrize("act", EVERYBODYS)
def test_an_act_on_what_is_everybodys_needs_the_role(place: Place, role: str, act: str) -> None:
    people.edit(place.ada, roles=[role] if role else [])
    with as_user(SystemUser.objects.get(pk=place.ada.pk)):
        assert is_allowed(EVERYBODYS[act], place, place.ada) == (REACH[role][act] == ALL)


@pytest.mark.parametrize("act", [*SOMEONES, *EVERYBODYS])
def test_where_nobody_was_named_nothing_is_possible(place: Place, act: str) -> None:
    with actor.acting(None):
        assert not is_allowed((SOMEONES | EVERYBODYS)[act], place, place.ada)


def test_a_disabled_user_may_do_nothing(place: Place) -> None:
    people.edit(place.ada, roles=["System Administrator"])
    people.edit(place.ben, roles=["System Administrator"])
    ada = people.edit(place.ada, disabled=True)
    with as_user(ada), pytest.raises(PrivilegeMissing):
        organization.find_all()


def test_units_below_are_reached_with_the_depth_for_them(place: Place) -> None:
    role = Role.objects.create(name="Head")
    RolePrivileges.objects.create(
        roleid=role, privilegename=Privilege.READ_MAILBOX.value, privilegedepthmask=Depth.PARENT_CHILD
    )
    people.edit(place.ada, roles=["Head"])
    people.edit(place.cleo, roles=["Head"])
    with as_user(SystemUser.objects.get(pk=place.ada.pk)):
        assert {one.name for one in privileges.mailboxes()} == {"Ada", "Ben", "Cleo"}
    with as_user(SystemUser.objects.get(pk=place.cleo.pk)):
        assert {one.name for one in privileges.mailboxes()} == {"Cleo"}


def test_the_greatest_depth_of_all_roles_counts(place: Place) -> None:
    people.edit(place.ada, roles=["Salesperson", "Mailbox Administrator"])
    ada = actor.Actor(SystemUser.objects.get(pk=place.ada.pk), channel="test")
    assert ada.depth(Privilege.READ_MAILBOX) == Depth.BUSINESS_UNIT


def test_the_own_address_needs_the_privilege_where_the_organization_asks_for_it(place: Place) -> None:
    organization.change("requireprivilegetoselfapproveemailaddress", "yes")
    with as_user(place.ada), pytest.raises(PrivilegeMissing, match="prvApproveRejectEmailAddress"):
        mailboxes.approve([place.mailbox(place.ada)])


def test_nobody_takes_over_a_user_who_may_do_more(place: Place) -> None:
    role = Role.objects.create(name="Help desk")
    for privilege in (Privilege.READ_USER, Privilege.WRITE_USER):
        RolePrivileges.objects.create(
            roleid=role, privilegename=privilege.value, privilegedepthmask=Depth.ORGANIZATION
        )
    people.edit(place.ada, roles=["Help desk"])
    people.edit(place.ben, roles=["System Administrator"])
    with as_user(SystemUser.objects.get(pk=place.ada.pk)):
        with pytest.raises(PrivilegeMissing, match="which Ben has"):
            people.edit(place.ben, password="a new password")
        with pytest.raises(PrivilegeMissing, match="prvAssignRole"):
            people.edit(place.ada, roles=["Salesperson"])


def test_the_last_administrator_stays(place: Place) -> None:
    people.edit(place.ada, roles=["System Administrator"])
    with pytest.raises(InputInvalid, match="somebody has to keep"):
        people.edit(place.ada, roles=["Salesperson"])
    with pytest.raises(InputInvalid, match="somebody has to keep"):
        people.edit(place.ada, disabled=True)
    assert people.roles_of([place.ada]) == {str(place.ada.pk): ["System Administrator"]}


def test_half_of_a_selection_that_may_not_be_changed_leaves_the_other_half_alone(place: Place) -> None:
    people.edit(place.ada, roles=["Mailbox Administrator"])
    with as_user(SystemUser.objects.get(pk=place.ada.pk)), pytest.raises(PrivilegeMissing, match="for Cleo"):
        mailboxes.edit(
            [place.mailbox(place.ben), place.mailbox(place.cleo)], {"outgoingemaildeliverymethod": "none"}
        )
    assert place.mailbox(place.ben).outgoingemaildeliverymethod == 2


def content_of(place: Place, of: SystemUser) -> str:
    """Everything that pages and commands tell of what is in a mailbox, as one text."""
    box = place.mailbox(of)
    ExchangeSyncIdMapping.objects.create(
        mailboxid=box,
        objectid=box.pk,
        objecttypecode="task",
        itemsubject="Planted secret",
        lastsyncerror='act.series-not-in-crm: The recurring task "Planted secret" is not synchronized.',
        conflicts=[
            {"name": "subject", "crm": "Planted secret", "exchange": "Planted secret", "winner": "crm"}
        ],
    )
    ExchangeSyncMailbox.objects.create(
        mailboxid=box,
        plan={"actions": [{"title": "Planted secret"}]},
        held=[{"kind": "task", "titles": ["Planted secret"]}],
    )
    MessageTrace.objects.create(
        mailboxid=box, itemkey=box.pk, subject="Planted secret", senderaddress="planted@secret.example"
    )
    ada = SystemUser.objects.get(pk=place.ada.pk)
    with as_user(ada):
        shown = synchronization.overview(box)
        (trace,) = (one.trace for one in traces.why(box, subject="Planted"))
        assert trace is not None
        told = (unsynchronized.find_all(box), unsynchronized.conflicts(box), shown.plan, shown.held)
        return f"{told} {trace.subject} {trace.senderaddress}".lower()


def test_what_is_in_a_mailbox_is_hidden_from_who_may_not_read_its_mail(place: Place) -> None:
    people.edit(place.ada, roles=["Mailbox Administrator"])
    told = content_of(place, place.ben)
    assert "planted" not in told
    assert told.count("***") == 8


def test_what_is_in_the_own_mailbox_is_shown(place: Place) -> None:
    people.edit(place.ada, roles=["Mailbox Administrator"])
    assert "***" not in content_of(place, place.ada)


def test_an_administrator_sees_what_is_in_a_mailbox(place: Place) -> None:
    people.edit(place.ada, roles=["System Administrator"])
    assert "***" not in content_of(place, place.cleo)


ADMINISTRATION = Path(people.__file__).parent
NARROWED = {
    "activities.may_write": "tells what may be changed",
    "activities.newest": "lists what may be read",
    "activities.owner_of_new": "is what adding an appointment or a task asks",
    "activities.rows": "lists what may be read",
    "alerts.find_all": "lists what may be read",
    "alerts.of_mailboxes": "lists what may be read",
    "audit.changes": "notes what the act did",
    "audit.rows": "is what audit.find_all reads",
    "connection_test.examine": "begins with connection_test.plan",
    "customers.newest": "lists what may be read",
    "customers.rows": "lists what may be read",
    "diagnostics.as_json": "is diagnostics.document as text",
    "diagnostics.as_markdown": "is diagnostics.document as text",
    "doctor.examine": "begins with doctor.require",
    "doctor.parts": "begins with doctor.require",
    "emails.find_all": "lists what may be read",
    "exchange_links.of": "lists what may be read",
    "apikeys.find_all": "lists what may be read",
    "apikeys.select": "lists what may be read",
    "filterpreview.changed": "is filterpreview.preview of one filter",
    "filterpreview.preview": "is what filterpreview.replaced calls",
    "jobs.find_all": "lists what may be read",
    "mailboxes.choose": "lists what may be read",
    "mailboxes.find_all": "lists what may be read",
    "mailboxes.find_page": "lists what may be read",
    "mailboxes.require_administration": "is what the acts of administration ask",
    "mailboxes.require_approval": "is what approve and reject ask",
    "mailboxes.show": "is mailboxes.find with more columns",
    "organization.change_all": "is what organization.change calls",
    "outage.watch": "is called by the worker, as the installation",
    "people.change_own_password": "is about oneself",
    "people.find_all": "lists what may be read",
    "profiles.find_all": "lists what may be read",
    "profiles.names": "lists what may be read",
    "queues.find_all": "lists what may be read",
    "queues.rows": "lists what may be read",
    "senders.require_may_send_as": "is what composing and sending ask",
    "sending.find": "is emails.show without the rest",
    "syncfilters.find_template": "finds what syncfilters.templates lists",
    "syncfilters.visible_users": "lists what may be read",
    "systemviews.count_states": "counts what may be read",
    "systemviews.late": "lists what may be read",
    "systemviews.select": "lists what may be read",
    "tracked_folders.find_record": "finds what may be read",
    "tracked_folders.records": "lists what may be read",
    "composing.begin_forward": "begins with emails.show",
    "composing.begin_reply": "begins with emails.show",
    "traces.as_may_be_read": "hides what may not be read",
    "work.done": "sums up what may be read",
}
"""Functions that ask for privileges and are no acts of the table, with the reason."""


def calls_of_administration() -> dict[str, set[str]]:
    """Each function of the use cases with the names that it uses."""
    found = {}
    for path in ADMINISTRATION.glob("*.py"):
        for one in ast.parse(path.read_text()).body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{path.stem}.{one.name}"] = names_in(one, path.stem)
    return found


def names_in(tree: ast.AST, module: str) -> set[str]:
    used = set()
    for one in ast.walk(tree):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            used.add(f"{one.value.id}.{one.attr}")
        elif isinstance(one, ast.Name):
            used.add(f"{module}.{one.id}")
    return used


def test_every_use_case_that_asks_for_a_privilege_is_in_the_table() -> None:
    calls = calls_of_administration()
    guarded = {"privileges.require", "privileges.reach"}
    while more := {name for name, used in calls.items() if used & guarded} - guarded:
        guarded |= more
    public = {name for name in guarded if "._" not in name and not name.startswith("privileges.")}
    acts = names_in(ast.parse(Path(__file__).read_text()), "")
    assert public - acts == set(NARROWED) - acts, "an act is missing in the table of this test"
    assert set(NARROWED) <= public, "NARROWED has a function that is gone"
