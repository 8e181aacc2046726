"""How long the headers of an answer may be: Exchange and what stands before it send more of them than most."""

from typing import Final, TypedDict


class _Limits(TypedDict):
    max_line_size: int
    max_field_size: int
    max_headers: int


HTTP_LIMITS: Final[_Limits] = {"max_line_size": 1 << 15, "max_field_size": 1 << 16, "max_headers": 512}
"""A token of Kerberos, a list of trusted issuers or the cookies of a proxy can fill 8 KB, which is the usual limit."""
