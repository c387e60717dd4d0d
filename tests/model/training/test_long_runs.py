"""The long measurements reach what they are meant to: hours each, on two cores."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LONG = Path(__file__).parents[3] / "benchmarks" / "long"
pytestmark = [pytest.mark.slow, pytest.mark.sapien, pytest.mark.render, pytest.mark.timeout(4 * 3600)]


def figures(script: str, folder: Path) -> dict[str, dict]:
    """What a long measurement printed, by name."""
    done = subprocess.run([sys.executable, LONG / script, "--folder", folder], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    return {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}


def test_the_small_preset_overfits_eight_episodes(tmp_path):
    found = figures("overfit.py", tmp_path)
    assert found["map peaks within a latent cell"]["value"] >= 0.90
    assert found["action error"]["value"] <= 0.02
    assert (tmp_path / "curves.png").exists()


def test_a_tiny_policy_is_judged_before_and_after_stage_2(tmp_path):
    sizes = {
        "minutes": 230,
        "variants": "1e-4",
        "demonstrations": 60,
        "validation": 6,
        "updates": 10,
        "pool": 4,
        "trials": 50,
    }
    words = [word for name, value in sizes.items() for word in (f"--{name}", str(value))]
    results = tmp_path / "found.json"
    command = [sys.executable, LONG / "post_training.py", "--folder", tmp_path / "runs", "--json", results, *words]
    assert subprocess.run(command).returncode == 0
    found = json.loads(results.read_text())
    assert set(found["cells"].values()) == {"evaluated"}
    assert found["rates"][0]["successes"] > 5, "stage 1 does something at all"
    (compared,) = found["differences"]
    assert compared["pairs"] == 50
