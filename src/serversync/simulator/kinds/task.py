"""Tasks; status, percentage and completion are one thing said three ways."""

from datetime import datetime

from serversync.simulator.calendar.recurrence import read_recurrence, write_recurrence
from serversync.simulator.calendar.taskseries import begin
from serversync.simulator.compose import compose
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import BOOLEAN, DAY, DECIMAL, FRAGMENT, INTEGER, STRINGS, TIME, choice
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.property import DEFAULT, Access, ItemKind, Property
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredItem

_TASK = "00062003-0000-0000-c000-000000000046"
_TASKS_ONLY = "ErrorCannotCreateTaskInNonTaskFolder"
STATUS = choice("NotStarted", "InProgress", "Completed", "WaitingOnOthers", "Deferred")
_DESCRIPTIONS = {
    "NotStarted": "Not Started",
    "InProgress": "In Progress",
    "Completed": "Completed",
    "WaitingOnOthers": "Waiting on someone else",
    "Deferred": "Deferred",
}


def _is_complete(view: ItemView) -> bool:
    return bool(view.get("task:Status") == "Completed")


def _status_description(view: ItemView) -> str:
    return _DESCRIPTIONS[view.get("task:Status") or "NotStarted"]


def _recurrence(view: ItemView) -> str:
    """Return ``Recurrence`` with dates as real servers write them: with an offset."""
    fragment = view.get("task:Recurrence")
    return write_recurrence(read_recurrence(fragment), "Z") if fragment else ""


def _settle(item: StoredItem, changed: frozenset[str], now: datetime) -> None:
    """Keep status, percentage and date of completion in step: what was set last decides."""
    given = item.properties
    if given is None:
        return
    begin(given)
    percent, status = given.get("task:PercentComplete"), given.get("task:Status")
    if percent is not None and not 0 <= percent <= 100:
        raise EwsError("ErrorInvalidPercentCompleteValue")
    if "task:CompleteDate" in changed and given.get("task:CompleteDate"):
        if given["task:CompleteDate"] > now:
            raise EwsError("ErrorInvalidCompleteDate")
        status = "Completed"
    elif "task:Status" not in changed and "task:PercentComplete" in changed and percent is not None:
        status = "Completed" if percent == 100 else "InProgress" if percent > 0 else "NotStarted"
    if status == "Completed":
        given["task:PercentComplete"] = 100.0
        given["task:CompleteDate"] = given.get("task:CompleteDate") or now
    elif status is not None:
        given.pop("task:CompleteDate", None)
        if percent == 100:
            given["task:PercentComplete"] = 0.0
    if status is not None:
        given["task:Status"] = status


TASK_PROPERTIES: tuple[Property, ...] = (
    Property("task:ActualWork", INTEGER, access=Access.WRITE, named=(_TASK, "33040")),
    Property("task:AssignedTime", TIME),
    Property("task:BillingInformation", access=Access.WRITE),
    Property(
        "task:ChangeCount", INTEGER, lambda view: view.item.content_change - view.item.created_change + 1
    ),
    Property("task:Companies", STRINGS, access=Access.WRITE),
    Property("task:CompleteDate", DAY, level=DEFAULT, access=Access.WRITE, named=(_TASK, "33039")),
    Property("task:Contacts", STRINGS, access=Access.WRITE),
    Property("task:DelegationState", default=lambda _view: "NoMatch"),
    Property("task:Delegator"),
    Property("task:DueDate", DAY, level=DEFAULT, access=Access.WRITE, named=(_TASK, "33029")),
    Property("task:IsAssignmentEditable", INTEGER, lambda _view: 0),
    Property("task:IsComplete", BOOLEAN, _is_complete, level=DEFAULT, named=(_TASK, "33052")),
    Property("task:IsRecurring", BOOLEAN, lambda view: bool(view.get("task:Recurrence"))),
    Property("task:IsTeamTask", BOOLEAN, lambda _view: False),
    Property("task:Mileage", access=Access.WRITE),
    Property("task:Owner", default=lambda view: view.mailbox.display_name, named=(_TASK, "33055")),
    Property("task:PercentComplete", DECIMAL, lambda _view: 0.0, DEFAULT, access=Access.WRITE),
    Property("task:Recurrence", FRAGMENT, is_listed=False, access=Access.WRITE, render=_recurrence),
    Property("task:StartDate", DAY, level=DEFAULT, access=Access.WRITE, named=(_TASK, "33028")),
    Property(
        "task:Status",
        STATUS,
        lambda _view: "NotStarted",
        level=DEFAULT,
        access=Access.WRITE,
        named=(_TASK, "33025"),
    ),
    Property("task:StatusDescription", default=_status_description),
    Property("task:TotalWork", INTEGER, access=Access.WRITE, named=(_TASK, "33041")),
)
"""What Task adds to Item, in the order of the schema."""

TASK = ItemKind(
    "Task",
    "IPM.Task",
    ITEM_PROPERTIES + TASK_PROPERTIES,
    classes=("IPM.TASK",),
    folder="tasks",
    needs_folder={"IPF.Note": _TASKS_ONLY, "IPF.Appointment": _TASKS_ONLY, "IPF.Contact": _TASKS_ONLY},
    settle=_settle,
    mime=compose,
)
