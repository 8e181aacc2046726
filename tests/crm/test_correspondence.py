"""The database keeps state and date of completion of phone calls, letters and faxes together, whichever way a row comes in."""

from datetime import date

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

TABLES = [("phonecall", 1, 2), ("letter", 2, 4), ("fax", 1, 2)]


def made(table: str, **columns: object) -> str:
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} ({names}) values ({marks}) returning activityid", [*columns.values()]
        )
        return str(cursor.fetchone()[0])


def changed(table: str, key: str, assignments: str) -> tuple[int, int, bool | None]:
    """Change one; return state, status, and whether it was completed today, ``None`` where it was not."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} set {assignments} where activityid = %s"
            " returning statecode, statuscode, actualend = current_date",
            [key],
        )
        state, status, is_today = cursor.fetchone()
        return state, status, is_today


@pytest.mark.parametrize(("table", "begun", "done"), TABLES)
def test_what_is_completed_has_a_day_and_what_is_open_has_none(table: str, begun: int, done: int) -> None:
    key = made(table, subject="Offer")
    assert changed(table, key, "subject = 'Other'") == (0, begun, None)
    assert changed(table, key, f"statecode = 1, statuscode = {done}") == (1, done, True)
    assert changed(table, key, f"statecode = 0, statuscode = {begun}") == (0, begun, None)


@pytest.mark.parametrize(("table", "begun", "done"), TABLES)
def test_a_day_of_completion_completes(table: str, begun: int, done: int) -> None:
    key = made(table, subject="Offer")
    assert changed(table, key, "actualend = '2026-07-01'") == (1, done, False)
    past = made(table, subject="Offer", actualend=date(2026, 7, 1))
    assert changed(table, past, "subject = 'Other'") == (1, done, False)
    assert changed(table, past, f"statecode = 0, statuscode = {begun}, actualend = '2026-07-02'") == (
        0,
        begun,
        None,
    )


@pytest.mark.parametrize(("table", "canceled"), [("phonecall", 3), ("letter", 5), ("fax", 5)])
def test_what_was_cancelled_stays_as_it_is(table: str, canceled: int) -> None:
    key = made(table, subject="Offer")
    assert changed(table, key, f"statecode = 2, statuscode = {canceled}") == (2, canceled, None)
    assert changed(table, key, "actualend = '2026-07-01'") == (2, canceled, False)


@pytest.mark.parametrize(("table", "status"), [("phonecall", 4), ("letter", 3), ("fax", 4)])
def test_another_status_of_completion_is_kept(table: str, status: int) -> None:
    key = made(table, subject="Offer")
    assert changed(table, key, f"statecode = 1, statuscode = {status}, actualend = '2026-07-01'") == (
        1,
        status,
        False,
    )
