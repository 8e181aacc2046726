"""``serversync filter``: which records of the CRM stand in the mailbox of a user, and the organization's defaults."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli.output import Output
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

if TYPE_CHECKING:
    from serversync.administration.filterpreview import Preview
    from serversync.administration.syncfilters import Entered, SyncFilter
    from serversync.crm.models import SystemUser

app = typer.Typer(
    help="Synchronization filters of users, and the organization's templates of them.", no_args_is_help=True
)

_COLUMNS = {"key": "Id", "kind": "Kind", "name": "Name", "lets_in": "Lets in", "statecodename": "State"}
Login = Annotated[
    str | None, typer.Option("--user", help="User name or address; without it, the organization's templates.")
]
Key = Annotated[str, typer.Argument(help="Id of the list.")]
Template = Annotated[bool, typer.Option("--template", help="It is one of the organization's templates.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", help="Attribute, operator and value, such as 'statecode eq Active'; once for each."
    ),
]
Any_ = Annotated[
    bool | None, typer.Option("--any/--all", help="One of the conditions is enough, or all have to hold.")
]
Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")]


def _as_dict(row: "SyncFilter") -> dict[str, Any]:
    from serversync.administration import syncfilters
    from serversync.administration.records import as_dict

    shown = as_dict(row)
    return {
        **shown,
        "key": shown.get("userqueryid") or shown.get("savedqueryid"),
        "kind": syncfilters.word_of(row),
        "lets_in": syncfilters.described(row),
    }


def _conditions(where: list[str] | None) -> "list[Entered] | None":
    if where is None:
        return None
    split = [one.split(None, 2) for one in where]
    if any(len(parts) < 2 for parts in split):
        raise InputInvalid(
            field="Condition", reason="it is not like 'attribute operator' or 'attribute operator value'"
        )
    return [(parts[0], parts[1], parts[2] if len(parts) > 2 else "") for parts in split]


def _find(key: str, *, template: bool) -> "SyncFilter":
    from serversync.administration import syncfilters

    return syncfilters.find_template(key) if template else syncfilters.find(key)


def _tell(output: Output, previews: "list[Preview]") -> None:
    from dataclasses import asdict

    if output.as_json:
        output.json([{**asdict(one), "sentence": one.sentence} for one in previews])
        return
    for one in previews:
        output.say(
            f"{one.kind}: {one.records} in the filters; {one.would_begin} would begin to be synchronized,"
            f" {one.would_return} would go on, {one.would_leave} would leave. {one.sentence}"
        )
        for title in one.leaving:
            output.say(f"  leaves: {title}")


@app.command("list")
def find_all(*, user: Login = None, as_json: Json = False) -> None:
    """List the filters of a user, or the organization's templates."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import people, syncfilters

        rows: list[Any] = syncfilters.of_user(people.find(user)) if user else syncfilters.templates()
        output.rows(map(_as_dict, rows), _COLUMNS, empty="There are none: nothing of any kind is let in.")


@app.command("attributes")
def attributes(
    kind: Annotated[
        str, typer.Argument(help="contact, appointment, series, task, phonecall, letter or fax.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """List what records of a kind can be asked about, and with which operators."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import syncfilters
        from serversync.crm import filterable
        from serversync.rules.filters import OPERATORS

        rows = [
            {
                "name": one.name,
                "label": one.label,
                "type": one.type.value,
                "operators": ", ".join(each.value for each in OPERATORS[one.type]),
                "options": ", ".join(f"{number} ({label})" for number, label in one.options.items()),
            }
            for one in filterable.attributes(syncfilters.kind_of(kind)).values()
        ]
        columns = {"name": "Attribute", "label": "Label", "operators": "Operators", "options": "Options"}
        output.rows(rows, columns, empty="There are none.")


@app.command("add")
def add(
    kind: Annotated[
        str, typer.Argument(help="contact, appointment, series, task, phonecall, letter or fax.")
    ],
    name: Annotated[str, typer.Argument(help="Name of the filter.")],
    *,
    where: Where = None,
    is_any: Any_ = None,
    description: Description = None,
    user: Login = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Add a filter of a user, or a template; of several filters one is enough to be let in."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import filterpreview, people, syncfilters
        from serversync.crm.models import UserQuery

        chosen = syncfilters.kind_of(kind)
        given = syncfilters.FilterEntries(name, description, _conditions(where), is_any)
        if user is None:
            made: SyncFilter = syncfilters.add_template(chosen, given)
        else:
            owner = people.find(user)
            if dry_run:
                draft = UserQuery(ownerid=owner, returnedtypecode=chosen.value)
                _tell(output, [filterpreview.changed(owner, syncfilters.drafted(draft, given))])
                return
            made = syncfilters.add(owner, chosen, given)
        _said(output, made, "Added")


@app.command("edit")
def edit(
    key: Key,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    where: Where = None,
    is_any: Any_ = None,
    description: Description = None,
    template: Template = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change a filter; --where replaces all conditions. --dry-run says first what would come and leave."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import filterpreview, syncfilters
        from serversync.crm.models import UserQuery

        row = _find(key, template=template)
        given = syncfilters.FilterEntries(name, description, _conditions(where), is_any)
        if given == syncfilters.FilterEntries():
            raise InputInvalid(field="Change", reason="nothing to change was given")
        if dry_run and isinstance(row, UserQuery):
            _tell(output, [filterpreview.changed(row.ownerid, syncfilters.drafted(row, given))])
            return
        _said(output, syncfilters.edit(row, given), "Changed")


@app.command("activate")
def activate(key: Key, *, template: Template = False, as_json: Json = False) -> None:
    """Let a filter count again, or have new users get a template."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import syncfilters

        _said(output, syncfilters.set_state(_find(key, template=template), active=True), "Activated")


@app.command("deactivate")
def deactivate(
    key: Key, *, template: Template = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Let a filter count no more, or have no new user get a template."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import filterpreview, syncfilters
        from serversync.crm.models import UserQuery

        row = _find(key, template=template)
        if dry_run and isinstance(row, UserQuery):
            _tell(output, [filterpreview.changed(row.ownerid, row, is_active=False)])
            return
        _said(output, syncfilters.set_state(row, active=False), "Deactivated")


@app.command("delete")
def delete(key: Key, *, template: Template = False) -> None:
    """Delete a filter or a template."""
    with with_database(as_json=False) as output:
        from serversync.administration import syncfilters

        row = _find(key, template=template)
        syncfilters.delete(row)
        output.say(f"Deleted {row}.")


@app.command("preview")
def preview(
    login: Annotated[str, typer.Argument(help="User name or address.")], *, as_json: Json = False
) -> None:
    """Say how many records the filters of a user let in, and what their next pass brings and takes."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import filterpreview, people, syncfilters

        owner = people.find(login)
        rows = [one for one in syncfilters.of_user(owner) if not one.statecode]
        _tell(output, filterpreview.replaced(owner, rows))


@app.command("reset")
def reset(
    logins: Annotated[list[str] | None, typer.Argument(help="User names or addresses.")] = None,
    *,
    everybody: Annotated[bool, typer.Option("--everybody", help="All users.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give users the organization's default filters in place of their own; --dry-run says what would leave."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import filterpreview, people, syncfilters

        if bool(logins) == everybody:
            raise InputInvalid(field="Users", reason="name users, or --everybody")
        chosen: list[SystemUser] = (
            people.find_all() if everybody else [people.find(one) for one in logins or ()]
        )
        if dry_run:
            _tell(
                output,
                [
                    one
                    for each in chosen
                    for one in filterpreview.replaced(each, syncfilters.defaults_for(each))
                ],
            )
            return
        replaced = syncfilters.reset(chosen)
        if output.as_json:
            output.json({"users": len(chosen), "replaced": replaced})
        else:
            output.say(f"{len(chosen)} users have the default filters now; {replaced} filters were replaced.")


def _said(output: Output, row: "SyncFilter", verb: str) -> None:
    shown = _as_dict(row)
    if output.as_json:
        output.json(shown)
    else:
        output.say(f"{verb} the filter {row}: {shown['lets_in']}.")
