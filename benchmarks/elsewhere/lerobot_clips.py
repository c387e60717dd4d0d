"""Clips a second through `LeRobotDataset.__getitem__`; run by an interpreter that has lerobot, which need not be ours.

    LEROBOT_PYTHON lerobot_clips.py FOLDER SECONDS CLOCK INDEX…

reads the frames of these indices of a LeRobot v3 dataset, over and over, each with 9 frames of every camera at stride 4
and 32 actions, and prints {"version", "clips", "seconds", "cameras"} as JSON: the median of the rounds, in
seconds of the clock `process` or `wall`. Torch uses one thread; with two it took three times as long here.
"""

import json
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

FRAMES, STRIDE, ACTIONS = 9, 4, 32


class Stub(ModuleType):
    """A module whose every name is an empty class."""

    __path__ = ()

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def without_torchvision() -> None:
    """Lets lerobot be imported beside a torch that torchvision does not fit; torchcodec decodes all the same."""
    import datasets  # noqa: F401 - it asks whether there is a real one, so it comes first

    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.v2"):
            sys.modules[name] = Stub(name)


def main() -> None:
    """Measures and prints."""
    without_torchvision()
    import torch
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    folder, seconds, indices = Path(sys.argv[1]), float(sys.argv[2]), [int(index) for index in sys.argv[4:]]
    clock = {"process": time.process_time, "wall": time.perf_counter}[sys.argv[3]]
    torch.set_num_threads(1)
    info = json.loads((folder / "meta" / "info.json").read_text())
    cameras = [name for name, feature in info["features"].items() if feature["dtype"] == "video"]
    times = {name: [k * STRIDE / info["fps"] for k in range(FRAMES)] for name in cameras}
    times["action"] = [k / info["fps"] for k in range(ACTIONS)]
    dataset = LeRobotDataset("local/clips", root=folder, delta_timestamps=times, video_backend="torchcodec")
    for index in indices:
        assert all(dataset[index][name].shape[0] == FRAMES for name in cameras)
    taken, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until or len(taken) < 3:
        start = clock()
        for index in indices:
            dataset[index]
        taken.append(clock() - start)
    found = {"version": version("lerobot"), "clips": len(indices), "seconds": statistics.median(taken)}
    print(json.dumps({**found, "cameras": len(cameras)}))


if __name__ == "__main__":
    main()
