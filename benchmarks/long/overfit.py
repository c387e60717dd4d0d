"""It learns: the preset `small`, from nothing, fitted to eight episodes; within two hours on two cores.

Every command it runs goes on where it stopped, and so does this program.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from aimdata.dataset.reader import Dataset
from aimdata.model import checkpoint
from aimdata.model.foresight import Score, Seen, draw, foresee, score
from aimdata.model.policy import Policy

sys.path.append(str(Path(__file__).parents[1] / "report"))
import curves

TASKS = "beat_block_hammer,click_bell,open_laptop,place_empty_cup"
EPISODES = 2
STEPS = 3000
PEAKS, ACTIONS = 0.90, 0.02
"""What is wanted: frames whose map peaks within a latent cell of the true one; action error as a share of range."""


def run(*words: str) -> float:
    """Runs an aimdata command; the minutes it took."""
    began = perf_counter()
    subprocess.run([sys.executable, "-m", "aimdata.cli", *words], check=True, stdout=sys.stderr)
    return (perf_counter() - began) / 60


def train(data: Path, folder: Path) -> dict[str, float]:
    """From nothing to a policy; minutes by what they were spent on."""
    of, own = ["-d", str(data)], ["--preset", "small", "-d", str(data), "--set", f"run={folder}"]
    steps = ["--set", "data.latents=true", "--set", f"stage_1.steps={STEPS}"]
    return {
        "generate": run("generate", "--tasks", TASKS, "--episodes", str(EPISODES), "--workers", "2", *of),
        "annotate": run("annotate", "--workers", "2", *of),
        "vae": run("train", "--stage", "vae", *own),
        "cache": run("cache", *own),
        "stage 1": run("train", *own, *steps),
    }


def judge(data: Dataset, policy: Policy, pictures: Path) -> Score:
    """The score over all episodes together, each drawn as well."""
    pairs = []
    for row in data.episodes:
        came, foreseen = foresee(policy, data, row.uid)
        draw(row.uid, came, foreseen, pictures / f"{row.uid}.png")
        pairs.append((came, foreseen))
    return score(policy, *(_joined([pair[side] for pair in pairs]) for side in (0, 1)))


def _joined(parts: list[Seen]) -> Seen:
    return Seen(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("rgb", "value", "actions")))


def print_figure(name: str, value: float, unit: str, baseline: str = "", wanted: float | None = None) -> None:
    """One line of JSON."""
    ratio = value / wanted if wanted else None
    about = {"baseline": baseline, "baseline_value": wanted, "ratio": ratio}
    print(
        json.dumps({"name": name, "value": value, "unit": unit, **about, "note": f"8 episodes of {TASKS}"}), flush=True
    )


def main() -> None:
    """Train, judge, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("overfit"), help="of the dataset, the run and the pictures")
    folder = parser.parse_args().folder
    data, own = folder / "data", folder / "run"
    minutes = train(data, own)
    path = checkpoint.latest(own / "stage-1")
    assert path is not None
    found = judge(Dataset.open(data), Policy.load(path), folder)
    board = own / "stage-1" / "tensorboard"
    losses = {"loss of RGB": "rgb", "loss of value maps": "value", "loss of actions": "action"}
    curves.draw([(title, *curves.scalars(board, name)) for title, name in losses.items()], folder / "curves.png")
    print_figure("map peaks within a latent cell", found.peaks, "of future frames", "wanted", PEAKS)
    print_figure("action error", found.actions, "of range", "wanted at most", ACTIONS)
    print_figure("PSNR of foreseen RGB", found.psnr, "dB")
    print_figure("SSIM of foreseen RGB", found.ssim, "")
    for name, spent in minutes.items():
        print_figure(f"time of {name}", spent, "min")


if __name__ == "__main__":
    main()
