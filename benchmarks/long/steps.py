"""What the long measurements share: running aimdata's commands, which go on where they stopped, and saying figures."""

import json
import subprocess
import sys
from time import perf_counter


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
