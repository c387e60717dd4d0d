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
from aimdata.model.config import check
from aimdata.model.presets import preset
from aimdata.model.settings import apply
from steps import OutOfTime, settings
from studies import OtherStudy, some_of

from .noted_commands import Commands

TOY = post_training.Study(demonstrations=4, validation=1, steps=2, updates=3, variants=("1e-4", "3e-4"), trials=40)
SOLVED = {"run": 0.4, "stage-2-1e-4": 0.8, "stage-2-3e-4": 0.4}


def solved(folder: Path, task: str, trial: int) -> bool:
    """Depends on the run and the trial seed in the task of stage 2, on the trial seed alone in the other."""
    run = folder.parent.name if folder.name.startswith("after-") else folder.name
    return np.random.default_rng(trial).random() < (SOLVED[run] if task == TOY.task else 0.6)


def conduct(folder: Path, run: Commands) -> dict:
    try:
        post_training.conduct(TOY, folder, run)
    except OutOfTime:
        assert len(run.asked) == run.most
    return json.loads(json.dumps(post_training.document(TOY, folder)))


def test_every_variant_starts_from_the_same_stage_1_and_is_evaluated_alike(tmp_path):
    run = Commands(solved)
    conduct(tmp_path, run)
    second = [set(words) for words in run.asked if words[0] == "train" and "2" in words]
    assert len(second) == 2
    differing = second[0] ^ second[1]
    folders = [post_training.variant_folder(tmp_path, variant) for variant in TOY.variants]
    own = {f"run={folder}" for folder in folders}
    assert differing == own | {"stage_2.learning_rate=0.0001", "stage_2.learning_rate=0.0003"}
    assert all((folder / "stage-1").is_dir() for folder in folders)
    trials = [set(words) for words in run.asked if words[0] == "eval"]
    assert len(trials) == 3
    assert all({"video_steps=2", ",".join(TOY.tasks), "96"} <= words for words in trials)
    assert all(f"stage_2.tasks={TOY.task}" in words for words in second)


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
    other = found["other task"]
    assert [one["successes"] for one in other["rates"]] == 3 * [sum(solved(Path(), TOY.other, t) for t in range(40))]
    assert all(one["difference"] == 0 for one in other["differences"])
    assert found["cells"] == dict.fromkeys(("stage 1", "stage 2, 1e-4", "stage 2, 3e-4"), "evaluated")


def test_results_of_other_sizes_are_not_taken_for_those_asked_for(tmp_path):
    conduct(tmp_path, Commands(solved))
    longer = replace(TOY, steps=60)
    with pytest.raises(OtherStudy, match=r"holds results with steps 2, not 60"):
        post_training.conduct(longer, tmp_path, Commands(solved))
    more = Commands(solved)
    post_training.conduct(replace(TOY, trials=50), tmp_path, more)
    assert {words[0] for words in more.asked} == {"eval"}, "more trials go on from those there"


def test_asked_for_more_updates_a_variant_goes_on_and_both_results_stay(tmp_path):
    before = conduct(tmp_path, Commands(solved))
    more, longer = Commands(solved), replace(TOY, updates=5)
    post_training.conduct(longer, tmp_path, more)
    assert [words[0] for words in more.asked] == ["train", "eval", "train", "eval"]
    assert "stage_2.steps=5" in more.asked[0]
    assert json.loads(json.dumps(post_training.document(TOY, tmp_path))) == before
    assert post_training.document(longer, tmp_path)["cells"] == before["cells"]


@pytest.mark.parametrize("text", ["", "abc", "1e-4,", "2e-4"])
def test_names_that_a_study_does_not_know_are_refused_before_anything_runs(text):
    parse = some_of(post_training.VARIANTS)
    with pytest.raises(ArgumentTypeError, match=r"is unknown; give some of 1e-4, 3e-5"):
        parse(text)
    assert parse("1e-4,dense") == ("1e-4", "dense")


@pytest.mark.parametrize("variant", post_training.VARIANTS)
def test_training_accepts_the_settings_of_every_variant(variant):
    words = [word for word in settings(stage=2, **post_training.VARIANTS[variant]) if word != "--set"]
    assert check(apply(preset("tiny"), words)).stage_2.reward.of(1.0, True) > 0
