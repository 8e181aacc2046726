"""Waiting until passes compare nothing as a whole any more, before what they cost is counted."""

import asyncio
from typing import Any, Protocol


class Passing(Protocol):
    """Whoever runs passes."""

    def query(self, text: str, /) -> Any:
        """Return the rows."""
        ...

    async def once(self) -> Any:
        """Run a pass."""
        ...


async def until_nothing_is_compared_any_more(those: Passing) -> None:
    """Everything is compared again as long as a transaction runs that was there at first, also one of another test's."""
    async with asyncio.timeout(120):
        while those.query("select true from exchangesyncfolder where followedfrom is not null"):
            await those.once()
