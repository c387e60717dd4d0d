"""A tiny policy of one task, judged in the simulator before and after stage 2; about two hours on two cores."""

import argparse
import json
import sys
from pathlib import Path

from aimdata.model import checkpoint
from steps import print_figure, run, settings

sys.path.append(str(Path(__file__).parents[1] / "report"))
import curves

TASK = "click_bell"
EPISODES, TRIALS, LIMIT = 60, 50, 96
"""Demonstrations, seeds to judge on, and actions of an episode that stage 2 plays."""
VAE_STEPS, STEPS, UPDATES = 500, 5000, 20
SCALARS = {
    "reward": "reward",
    "success": "success",
    "heat (dense reward)": "reward_dense",
    "ratio": "ratio",
    "share clipped": "clip_fraction",
    "KL to stage 1": "kl",
    "spread of first chunks": "spread",
}


def demonstrate(data: Path) -> None:
    """Episodes and their value maps."""
    run("generate", "--tasks", TASK, "--episodes", str(EPISODES), "--workers", "2", "-d", str(data))
    run("annotate", "-d", str(data))


def supervise(data: Path, folder: Path) -> None:
    """The VAE and stage 1."""
    own = ["-d", str(data), *settings(run=folder)]
    run("train", "--stage", "vae", *own, *settings(stage_vae__steps=VAE_STEPS, stage_vae__schedule="cosine"))
    run("cache", *own)
    one = {"data__latents": "true", "stage_1__steps": STEPS, "stage_1__schedule": "cosine", "stage_1__batch": 16}
    run("train", *own, *settings(**one))


def post_train(data: Path, folder: Path) -> None:
    """Stage 2."""
    two = {"tasks": TASK, "steps": UPDATES, "groups": 4, "group": 8, "limit": LIMIT, "learning_rate": 1e-4}
    named = {f"stage_2__{name}": value for name, value in two.items()}
    run("train", "--stage", "2", "-d", str(data), *settings(run=folder, workers=2, save_every=2, **named))


def judge(stage: str, folder: Path) -> tuple[float, str]:
    """Success rate in the simulator, and in words with its interval."""
    path, results = checkpoint.latest(folder / stage), folder / f"eval-{stage}"
    assert path is not None
    play = ["--policy", str(path), "--tasks", TASK, "--setting", "easy", "--episodes", str(TRIALS)]
    run("eval", *play, "--workers", "2", "--results", str(results))
    lines = json.loads((results / "results.json").read_text())["lines"]
    (row,) = (line["measured"]["easy"] for line in lines if line["task"] == TASK)
    interval = f"95 % Wilson interval {100 * row['low']:.0f} to {100 * row['high']:.0f} %"
    return row["successes"] / row["trials"], f"{row['successes']} of {row['trials']} seeds of {TASK}, easy; {interval}"


def main() -> None:
    """Train, judge, train on, judge again, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("post-training"), help="of the dataset, run and results")
    folder = parser.parse_args().folder
    data, own = folder / "data", folder / "run"
    demonstrate(data)
    supervise(data, own)
    before, said = judge("stage-1", own)
    print_figure("success of stage 1", before, "", said)
    post_train(data, own)
    board = own / "stage-2" / "tensorboard"
    curves.draw([(title, *curves.scalars(board, name)) for title, name in SCALARS.items()], folder / "curves.png")
    after, said = judge("stage-2", own)
    print_figure("success of stage 2", after, "", said, "stage 1", before)


if __name__ == "__main__":
    main()
