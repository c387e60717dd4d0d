"""Publishes a dataset to a Hub on this machine and dies by SIGKILL just before its n-th look at a file (0: lives).

`python dying_publish.py ROOT ENDPOINT TOKEN N`; prints the number of looks when it lives. A look is the opening,
for reading or writing, or the renaming of anything below ROOT: in the export, while hashing, while sending.
"""

import os
import signal
import sys
from pathlib import Path

from aimdata.dataset.publish import publish
from huggingface_hub import constants


def die_before(look: int, root: str) -> list[int]:
    """Arms the death; the list's only entry counts the looks."""
    seen = [0]

    def count(event: str, arguments: tuple) -> None:
        if event in ("open", "os.rename") and str(arguments[0]).startswith(root):
            seen[0] += 1
            if seen[0] == look:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    return seen


if __name__ == "__main__":
    os.fsync = lambda descriptor: None  # what a killed process wrote, the kernel keeps
    constants.HF_HUB_DISABLE_XET = True
    root, endpoint, token, look = sys.argv[1:]
    seen = die_before(int(look), root)
    publish(Path(root), "maria/demos", token=token, endpoint=endpoint)
    print(seen[0])
