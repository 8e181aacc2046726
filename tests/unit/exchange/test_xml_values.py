"""Single values."""

from datetime import UTC, datetime

import pytest

from serversync.exchange.xml_values import integer, parse_base64, parse_datetime


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-24T10:00:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24T10:00:00", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24T10:00:00+01:00", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        (" 2026-11-24T10:00:00.1234567Z\n", datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)),
        ("4501-01-01T00:00:00Z", datetime(4501, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("-0001-01-01T00:00:00Z", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_times_are_utc_or_nothing(text: str, value: datetime | None) -> None:
    assert parse_datetime(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), (" -3 ", -3), ("1e3", None), ("", None), ("9" * 5000, None)]
)
def test_whole_numbers_or_nothing(text: str, value: int | None) -> None:
    assert integer(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("QUJD", b"ABC"), ("QU\nJD", b"ABC"), ("", b""), ("Q", None), ("ü", None)]
)
def test_binary_or_nothing(text: str, value: bytes | None) -> None:
    assert parse_base64(text) == value
