"""How long `aimdata annotate` takes for recorded episodes of all tasks, beside simulating them.

The episodes are made first, state only, an easy and a hard one of every task; then value maps of all of them, canvases
included, by two processes. With --dataset, a copy of recorded episodes is annotated, and nothing simulated.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from aimdata.dataset.info import describe

COMMAND = [sys.executable, "-m", "aimdata.cli"]
WANTED = 60
"""Seconds for 100 episodes on 2 cores."""


def seconds(*arguments: str) -> tuple[float, float]:
    """Wall time of a command, and the processor's time of it and its workers."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def simulate(options: argparse.Namespace, root: Path, workers: tuple[str, str]) -> float:
    """Makes the episodes; seconds of the wall's clock."""
    asked = ("--tasks", options.tasks, "--setting", "both", "--episodes", str(options.episodes), "--no-render")
    return seconds("generate", *asked, *workers, "-d", str(root))[0]


def main() -> None:
    """Makes the episodes, annotates them, prints one figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default="all")
    parser.add_argument("--episodes", type=int, default=1, help="of every task, easy and hard each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--dataset", type=Path, help="recorded episodes; by default they are made")
    options = parser.parse_args()
    workers = ("--workers", str(options.workers))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        simulated = None if options.dataset else simulate(options, root, workers)
        if options.dataset:
            shutil.copytree(options.dataset, root)
        taken, busy = seconds("annotate", *workers, "-d", str(root))
        found = describe(root)
    assert found.with_value_maps == found.episodes
    figure = {
        "name": f"annotate {found.episodes} episodes",
        "value": round(taken, 1),
        "unit": "s",
        "baseline": "simulating them, state only",
        "baseline_value": simulated and round(simulated, 1),
        "ratio": simulated and round(taken / simulated, 3),
        "note": f"{found.frames} frames of {len(found.tasks)} tasks, {options.workers} processes, start and writing "
        f"included, {busy:.0f} s of the processor's time; wanted: under {WANTED} s for 100 on 2 cores",
    }
    print(json.dumps(figure))


if __name__ == "__main__":
    main()
