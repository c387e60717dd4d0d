"""What the long measurements share: running aimdata commands, which resume, and printing figures."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, perf_counter

from aimdata.dataset.storage.atomic import replace

PATIENCE = 60.0
"""Seconds that an interrupted command has to end by itself."""


def once(marker: Path, step: Callable[[], object]) -> None:
    """Do a step unless its marker is there; what it returns is written into the marker, as JSON."""
    if not marker.exists():
        found = step()
        marker.parent.mkdir(parents=True, exist_ok=True)
        replace(marker, json.dumps(found).encode())


def run(*words: str) -> float:
    """Runs an aimdata command; the minutes it took."""
    began = perf_counter()
    subprocess.run([sys.executable, "-m", "aimdata.cli", *words], check=True, stdout=sys.stderr)
    return (perf_counter() - began) / 60


def settings(**values: object) -> list[str]:
    """`--set` for every value; a double underscore stands for a dot."""
    return [word for name, value in values.items() for word in ("--set", f"{name.replace('__', '.')}={value}")]


def print_figure(
    name: str, value: float, unit: str, note: str, baseline: str = "", baseline_value: float | None = None
) -> None:
    """One line of JSON; the ratio is to the baseline."""
    ratio = value / baseline_value if baseline_value else None
    about = {"baseline": baseline, "baseline_value": baseline_value, "ratio": ratio, "note": note}
    print(json.dumps({"name": name, "value": value, "unit": unit, **about}), flush=True)


class OutOfTime(Exception):
    """The time given to a measurement is up."""


class Clock:
    """Counts down from some minutes."""

    def __init__(self, minutes: float) -> None:
        self._end = monotonic() + 60 * minutes

    def left(self) -> float:
        """Seconds, at least 0."""
        return max(self._end - monotonic(), 0.0)


def run_until(clock: Clock, *words: str) -> None:
    """Runs an aimdata command; interrupts it and raises OutOfTime when time is up. The command resumes next time."""
    process = subprocess.Popen([sys.executable, "-m", "aimdata.cli", *words], stdout=sys.stderr)
    try:
        code = process.wait(clock.left())
    except subprocess.TimeoutExpired as error:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise OutOfTime from error
    if code:
        raise subprocess.CalledProcessError(code, words)
