"""Room for deep calls.

Python keeps the frames of its calls in pieces of 16 KiB. A call that finds no place in a piece gets
a new one from the system, which takes it back when the call returns: some microseconds, again in
each round of a loop. A page fetched 400 pieces, a sixth of its time. The piece that a large frame
gets is larger, and what it does not need is left to the calls that come from it.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# In words of 8 bytes. Its piece is of twice that, 1 MiB, of which only what is used takes memory.
_LARGE = 2**16


def with_room(function: Callable[P, R]) -> Callable[P, R]:
    """The function, called from a large frame."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    call.__code__ = call.__code__.replace(co_stacksize=_LARGE)
    return call
