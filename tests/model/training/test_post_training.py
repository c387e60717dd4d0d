"""The order, resumption and statistics of the stage-2 study, with commands that only note what they were asked for."""

import json
import sys
from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[3] / "benchmarks" / "long"))
import post_training
from steps import OutOfTime
from studies import OtherStudy

from .noted_commands import Commands

TOY = post_training.Study(demonstrations=4, validation=1, steps=2, updates=3, rates=("1e-4", "3e-4"), trials=40)
SOLVED = {"run": 0.4, "rate-1e-4": 0.8, "rate-3e-4": 0.4}


def solved(run: str, trial: int) -> bool:
    """Depends on the run and the trial seed."""
    return np.random.default_rng(trial).random() < SOLVED[run]


def conduct(folder: Path, run: Commands) -> dict:
    try:
        post_training.conduct(TOY, folder, run)
    except OutOfTime:
        assert len(run.asked) == run.most
    return json.loads(json.dumps(post_training.document(TOY, folder)))


def test_every_rate_starts_from_the_same_stage_1_and_is_evaluated_alike(tmp_path):
    run = Commands(solved)
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
    whole = Commands(solved)
    expected = conduct(tmp_path / "whole", whole)
    for most in range(len(whole.asked)):
        folder = tmp_path / str(most)
        conduct(folder, Commands(solved, most))
        rest = Commands(solved)
        assert conduct(folder, rest) == expected
        assert len(rest.asked) <= len(whole.asked) - most + 1, "generate and annotate are one step"


def test_the_difference_is_to_stage_1_on_the_same_seeds(tmp_path):
    found = conduct(tmp_path, Commands(solved))
    better, same = found["differences"]
    assert (better["first"], better["second"], better["pairs"]) == ("stage 2, 1e-4", "stage 1", TOY.trials)
    assert better["low"] > 0
    assert same["difference"] == same["low"] == same["high"] == 0
    quick = found[f"within {TOY.limit} actions"]["rates"][1]
    assert quick["successes"] == sum(solved("rate-1e-4", trial) for trial in range(5)), "frames 50, 60, … 90 of 97"
    assert found["cells"] == dict.fromkeys(("stage 1", "stage 2, 1e-4", "stage 2, 3e-4"), "evaluated")


def test_results_of_other_sizes_are_not_taken_for_those_asked_for(tmp_path):
    conduct(tmp_path, Commands(solved))
    longer = replace(TOY, updates=60)
    with pytest.raises(OtherStudy, match=r"holds results with updates 3, not 60"):
        post_training.conduct(longer, tmp_path, Commands(solved))
    more = Commands(solved)
    post_training.conduct(replace(TOY, trials=50), tmp_path, more)
    assert {words[0] for words in more.asked} == {"eval"}, "more trials go on from those there"


@pytest.mark.parametrize("text", ["", "abc", "1e-4,", "-1", "2", "nan"])
def test_what_is_not_a_learning_rate_is_refused_before_anything_runs(text):
    with pytest.raises(ArgumentTypeError, match="learning rate"):
        post_training.parse_rates(text)
    assert post_training.parse_rates("1e-4,3e-5") == ("1e-4", "3e-5")
