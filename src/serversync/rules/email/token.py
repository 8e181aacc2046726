r"""Tracking tokens: the short text at the end of a subject by which replies are found.

A token is a prefix and digits: one digit that tells how long the rest is, the number of the user, the number of
the message: ``CRM:0001001``. The first digit is 0 as long as the message number has the digits that the
organization chose; when it runs over, the token gets longer instead of starting again, and the first digit counts
the digits that were added. So the numbers of one choice of digits never meet, however high they run. Numbers
issued under *different* choices of digits could read alike; therefore the database keeps issued tokens unique, and
whoever issues one that exists takes the next number. See ``docs/adr/0015-tokens-that-never-roll-over.md``.

A token is looked up as a whole, never taken apart: old prefixes and old numbers of digits go on working.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

FEWEST_DIGITS, MOST_DIGITS = 3, 30


class TokenExhausted(Exception):
    """The message number needs ten digits more than were chosen; a bug or a billion messages."""


def issue(prefix: str, *, base: int, user: int, message: int, user_digits: int, message_digits: int) -> str:
    """Return the token of the ``message``-th e-mail of the ``user``-th user.

    >>> issue("CRM:", base=0, user=1, message=1, user_digits=3, message_digits=3)
    'CRM:0001001'
    >>> issue("CRM:", base=0, user=1, message=1000, user_digits=3, message_digits=3)
    'CRM:10011000'

    Args:
        prefix: The prefix in use.
        base: Deployment base tracking number; the first user is ``base + 1``.
        user: The user's number, from 1.
        message: The message's number, from 0.
        user_digits: Digits for the user, 1 to 10; a higher number takes more.
        message_digits: Digits for the message, 1 to 9; a higher number takes more.

    Raises:
        TokenExhausted: the message number has ten digits more than ``message_digits``.
    """
    number = str(message).zfill(message_digits)
    added = len(number) - message_digits
    if added > 9:
        raise TokenExhausted
    return f"{prefix}{added}{str(base + user).zfill(user_digits)}{number}"


@lru_cache(maxsize=64)
def _pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(prefixes, key=len, reverse=True)
    either = "|".join(re.escape(prefix) for prefix in longest_first)
    return re.compile(rf"(?<!\w)(?:{either})\d{{{FEWEST_DIGITS},{MOST_DIGITS}}}(?!\d)", re.ASCII)


def tokens_in(subject: str, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Return the tokens in a subject, the last one first: tokens are put at the end.

    >>> tokens_in("Re: Offer CRM:0001001 CRM:0002417", ["CRM:"])
    ('CRM:0002417', 'CRM:0001001')
    """
    if not any(map(subject.__contains__, prefixes)):
        return ()
    return tuple(dict.fromkeys(reversed(_pattern(tuple(prefixes)).findall(subject))))


def without_tokens(subject: str, prefixes: Sequence[str]) -> str:
    """Return the subject without its tokens."""
    if not tokens_in(subject, prefixes):
        return subject
    return " ".join(_pattern(tuple(prefixes)).sub(" ", subject).split())
