"""People in the headers of a message: who stands beside which name."""

import pytest

from serversync.rules.email.headers import addresses_by_name


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ("To: =?utf-8?B?SsO8cmdlbg==?= <j@x.example>\r\n", {"jürgen": "j@x.example"}),
        ("To: a@x.example\r\nCc: Friends: Ada <ada@x.example>;\r\n", {"ada": "ada@x.example"}),
        ('Cc: "Hal"\r\n <hal@x.example>\r\n', {"hal": "hal@x.example"}),
        ("To: Hal <hal@x.example>\r\nCc: Hal <other@x.example>\r\n", {}),
        ("To: Hal <IMCEAEX-_O=EXAMPLE_CN=HAL@x.example>\r\n", {}),
        ("To: =?martian?B?!!?= <a@x.example>\r\n", {"=?martian?b?!!?=": "a@x.example"}),
        ("", {}),
        ("no headers at all", {}),
        ("To: <<>>,,, \x00 ;:\r\n", {}),
    ],
)
def test_addresses_are_found_by_the_names_beside_them(headers: str, found: dict[str, str]) -> None:
    assert addresses_by_name(headers) == found
