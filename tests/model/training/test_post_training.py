"""The order, resumption and statistics of the stage-2 study, with commands that only note what they were asked for."""

import json
import sys
from pathlib import Path

import numpy as np
from aimdata.dataset.attempts import Attempt, append

sys.path.append(str(Path(__file__).parents[3] / "benchmarks" / "long"))
import post_training
from steps import OutOfTime

TOY = post_training.Study(demonstrations=4, validation=1, steps=2, updates=3, rates=("1e-4", "3e-4"), trials=40)
SOLVED = {"run": 0.4, "rate-1e-4": 0.8, "rate-3e-4": 0.4}


class Commands:
    """Notes commands; training leaves a folder, `eval` trials whose outcomes depend on the run and the trial seed."""

    def __init__(self, most: int = 10**6) -> None:
        self.asked, self.most = [], most

    def __call__(self, *words: str) -> None:
        if len(self.asked) == self.most:
            raise OutOfTime
        self.asked.append(words)
        if words[0] == "train":
            folder = Path(next(word for word in words if word.startswith("run=")).removeprefix("run="))
            (folder / ("stage-2" if "2" in words else "stage-1")).mkdir(parents=True, exist_ok=True)
        if words[0] == "eval":
            folder = Path(words[words.index("--results") + 1])
            folder.mkdir(parents=True, exist_ok=True)
            for seed in range(TOY.trials):
                solved = np.random.default_rng(seed).random() < SOLVED[folder.parent.name]
                append(folder, Attempt("click_bell", "easy", 100_000 + seed, "success" if solved else "failed"))


def conduct(folder: Path, run: Commands) -> dict:
    try:
        post_training.conduct(TOY, folder, run)
    except OutOfTime:
        assert len(run.asked) == run.most
    return json.loads(json.dumps(post_training.document(TOY, folder)))


def test_every_rate_starts_from_the_same_stage_1_and_is_evaluated_alike(tmp_path):
    run = Commands()
    conduct(tmp_path, run)
    second = [set(words) for words in run.asked if words[0] == "train" and "2" in words]
    assert len(second) == 2
    differing = second[0] ^ second[1]
    own = {f"run={tmp_path}/rate-{rate}" for rate in TOY.rates}
    assert differing == own | {f"stage_2.learning_rate={rate}" for rate in TOY.rates}
    assert all((tmp_path / f"rate-{rate}" / "stage-1").is_dir() for rate in TOY.rates)
    trials = [set(words) for words in run.asked if words[0] == "eval"]
    assert len(trials) == 3
    assert all("video_steps=2" in words for words in trials)


def test_stopped_at_any_command_it_ends_with_the_same_document(tmp_path):
    whole = Commands()
    expected = conduct(tmp_path / "whole", whole)
    for most in range(len(whole.asked)):
        folder = tmp_path / str(most)
        conduct(folder, Commands(most))
        rest = Commands()
        assert conduct(folder, rest) == expected
        assert len(rest.asked) <= len(whole.asked) - most + 1, "generate and annotate are one step"


def test_the_difference_is_to_stage_1_on_the_same_seeds(tmp_path):
    found = conduct(tmp_path, Commands())
    better, same = found["differences"]
    assert (better["first"], better["second"], better["pairs"]) == ("stage 2, 1e-4", "stage 1", TOY.trials)
    assert better["low"] > 0
    assert same["difference"] == same["low"] == same["high"] == 0
    assert found["cells"] == dict.fromkeys(("stage 1", "stage 2, 1e-4", "stage 2, 3e-4"), "evaluated")
