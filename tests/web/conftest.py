"""The company that every page is tried with."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.web.company import Company


@pytest.fixture
def company(db: None) -> "Company":
    """Dora administrates, Ada and Ben each have a mailbox; the models need Django, which is set up by now."""
    from tests.web.company import found

    return found()


@pytest.fixture(autouse=True)
def _nobody_acts() -> Iterator[None]:
    """Whatever acts in a page was named by its middleware, not left over from the test."""
    from serversync.administration import actor

    with actor.acting(None):
        yield
