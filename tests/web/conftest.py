"""The company that every page is tried with."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.web.company import Company


@pytest.fixture
def company(db: None) -> "Company":
    """Dora administrates, Ada and Ben each have a mailbox; the models need Django, which is set up by now."""
    from tests.web.company import found

    return found()
