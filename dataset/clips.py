"""Many clips at once: what `Dataset.clip` reads, spread over threads (decoding frees the interpreter lock)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from ..geometry import Canvas
from .reader import Dataset


@dataclass(frozen=True)
class ClipRequest:
    """Frames start, start + stride, … of an episode."""

    uid: str
    start: int


def read_clips(
    dataset: Dataset,
    requests: Sequence[ClipRequest],
    frames: int = 9,
    stride: int = 4,
    threads: ThreadPoolExecutor | None = None,
    canvas: Canvas | None = None,
) -> np.ndarray:
    """(len(requests), frames, H, W, 3) uint8 RGB, in the order of the requests.

    Args:
        dataset: where they lie.
        requests: what to read; at least one.
        frames: frames of a clip.
        stride: from one frame of a clip to its next.
        threads: reads clips side by side in them; without, one after another.
        canvas: where the views shall lie, and how large, if not as recorded.
    """
    if not requests:
        raise UsageError("No clip was asked for; give at least one.")
    canvas = canvas or dataset.config.canvas
    out = np.empty((len(requests), frames, canvas.height, canvas.width, 3), np.uint8)

    def fill(i: int) -> None:
        dataset.clip(requests[i].uid, requests[i].start, frames, stride, out[i], canvas)

    for _ in map(fill, range(len(requests))) if threads is None else threads.map(fill, range(len(requests))):
        pass
    return out
