"""What the commands for activities have in common: listing, showing, completing, cancelling."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli.session import Json, with_database

if TYPE_CHECKING:
    from serversync.administration.activities import Kind

Key = Annotated[str, typer.Argument(help="Id of the list.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Whose it is: user name or address.")]
Importance = Annotated[str | None, typer.Option("--importance", help="low, normal or high.")]
Text = str | None


def kind_of(word: str) -> "Kind":
    """Return the kind that a word stands for."""
    from serversync.administration import activities

    return {one.word: one for one in activities.KINDS}[word]


def dated(owner: Any, days: Mapping[str, str], **given: Any) -> dict[str, Any]:
    """Return what was given, with its days as days; a reminder without a zone is in that of the owner."""
    from serversync.administration import entries, timezones

    found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for name, label in days.items():
        if name in found:
            found[name] = entries.day(found[name], label) if found[name].strip() else None
    if "reminder" in found:
        text = found["reminder"].strip()
        found["reminder"] = entries.moment(text, "Reminder", zone=timezones.of(owner)) if text else None
    return found


def people_in(told: Mapping[str, Any]) -> list[str]:
    """Return what is said to people of those who take part in something, a line for each."""
    lines = []
    for one in told.get("participants", ()):
        who = f"{one['name']} <{one['address']}>" if one["name"] else one["address"]
        lines.append(f"{one['part']}: {who}{', ' + one['answer'] if one['answer'] else ''}")
    return lines


def timed(zone: str | None, owner: Any, parts: Iterable[str], **given: Any) -> dict[str, Any]:
    """Return what was given of something in a calendar, with its times as moments, and without empty addresses.

    Args:
        zone: The zone of times without one; where it is missing, that of the owner.
        owner: Whose it is.
        parts: The entries that are lists of addresses.
        **given: What was given.
    """
    from zoneinfo import ZoneInfo

    from serversync.administration import entries, timezones

    found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    where = ZoneInfo(timezones.checked(zone)) if zone else timezones.of(owner)
    for name, label in (("start", "Start"), ("end", "End")):
        if name in found:
            found[name] = entries.moment(found[name], label, zone=where)
    for name in parts:
        if name in found:
            found[name] = [one for one in found[name] if one.strip()]
    return found | {"zone": where}


def register(
    app: typer.Typer, word: str, columns: dict[str, str], more: Callable[[Any], dict[str, Any]]
) -> None:
    """Give an application the commands list, show, complete, cancel, open and delete of a kind."""

    def kind() -> "Kind":
        return kind_of(word)

    def shown(row: Any) -> dict[str, Any]:
        from serversync.administration.records import as_dict

        return {**as_dict(row), **more(row)}

    @app.command("list")
    def find_all(
        *,
        search: Annotated[Text, typer.Option("--search", help="Words in subject or place.")] = None,
        limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
        as_json: Json = False,
    ) -> None:
        """List them, the latest first."""
        with with_database(as_json=as_json) as output:
            from serversync.administration import activities

            rows = map(shown, activities.newest(kind(), search or "", limit=limit))
            output.rows(rows, {"activityid": "Id", **columns}, empty="There are none.")

    @app.command("show")
    def show(key: Key, *, as_json: Json = False) -> None:
        """Show one with everything that it has."""
        with with_database(as_json=as_json) as output:
            from serversync.administration import activities

            told = shown(activities.find(kind(), key))
            output.record(told, lines=people_in(told))

    def state(act: str) -> Callable[..., None]:
        def change(key: Key, *, as_json: Json = False) -> None:
            with with_database(as_json=as_json) as output:
                from serversync.administration import activities

                row = activities.set_state(kind(), activities.find(kind(), key), act)
                if output.as_json:
                    output.json(shown(row))
                else:
                    output.say(f"{row} is {row.get_statuscode_display().lower()} now.")

        return change

    for act, told in (
        ("complete", "Complete one."),
        ("cancel", "Cancel one; whether Exchange hears of it says a setting."),
        ("open", "Open one again."),
    ):
        app.command(act, help=told)(state(act))

    @app.command("delete")
    def delete(key: Key) -> None:
        """Delete one; whether its item in Exchange goes too says a setting."""
        with with_database(as_json=False) as output:
            from serversync.administration import activities

            row = activities.find(kind(), key)
            activities.delete(kind(), row)
            output.say(f"Deleted {row.subject or key}.")
