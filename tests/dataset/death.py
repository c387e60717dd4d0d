"""Dying by SIGKILL at a chosen moment, for programs that tests run."""

import os
import signal
import sys
from collections.abc import Callable


def die_before(number: int, counts: Callable[[str, tuple], bool]) -> list[int]:
    """Arms the death just before the `number`-th audit event that `counts` (0: never); the only entry counts them."""
    os.fsync = lambda descriptor: None  # what a killed process wrote, the kernel keeps
    sys.dont_write_bytecode = True  # a first run would count the files that Python keeps for the next
    seen = [0]

    def count(event: str, arguments: tuple) -> None:
        if counts(event, arguments):
            seen[0] += 1
            if seen[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    return seen
