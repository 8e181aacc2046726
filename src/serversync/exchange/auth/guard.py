"""Keeps a wrong password from locking the account: whoever knows of other programs decides who may try it next."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class LogOnGuard(Protocol):
    """Surrounds each log-on with a password that has not been proven, or that was refused last.

    One guard may serve several clients and, behind the scenes, several processes. ``AuthenticationFailed`` that
    leaves the block is a refusal; a block that ends well has proven the password.
    """

    def attempt(self) -> AbstractAsyncContextManager[None]:
        """Wait for the turn to try the password.

        Raises:
            AuthenticationFailed: it was refused often enough; nothing was sent this time.
            ServiceError: the turn did not come.
        """
        ...
