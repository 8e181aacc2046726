"""What became of each thing that was asked for: it worked, it worked with a remark, or it failed.

A batch answers with one outcome per requested item, in order; an error of one never hides the others.
"""

from typing import Generic, NoReturn, TypeVar

from msgspec import Struct

from serversync.core.errors import ServiceError

R_co = TypeVar("R_co", covariant=True)


class Success(Struct, Generic[R_co], frozen=True, gc=False):
    """The item was answered."""

    value: R_co

    def unwrap(self) -> R_co:
        """Return the value."""
        return self.value


class Warned(Struct, Generic[R_co], frozen=True, gc=False):
    """The item was answered, with a remark of the server (``ResponseClass="Warning"``)."""

    value: R_co
    code: str
    text: str = ""

    def unwrap(self) -> R_co:
        """Return the value; the remark stays here."""
        return self.value


class Failure(Struct, frozen=True, gc=False):
    """The item was not answered; ``error`` says what happens next, ``code`` is the server's own word."""

    error: ServiceError
    code: str = ""
    text: str = ""

    def unwrap(self) -> NoReturn:
        """Raise the error.

        Raises:
            ServiceError: always.
        """
        raise self.error


Outcome = Success[R_co] | Warned[R_co] | Failure
