"""The ablation's order, gates, resumption and statistics, with commands that only note what they were asked for."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[3] / "benchmarks" / "long"))
sys.path.append(str(Path(__file__).parents[3] / "benchmarks" / "report"))
import dots
import paired
import value_map_ablation as ablation
from steps import Clock, OutOfTime, run_until

from .noted_commands import Commands

TOY = ablation.Study(tasks=("click_bell", "lift_pot"), demonstrations=4, validation=1, steps=2, seeds=(0, 1), trials=30)
SOLVED = {"aim": 0.8, "uncond": 0.5, "typical_wam": 0.8, "shuffled": 0.5}


def solved(folder: Path, task: str, trial: int) -> bool:
    """Depends on the arm, the training seed and the trial seed."""
    arm, seed = folder.name.split("-")
    return np.random.default_rng((trial, int(seed))).random() < SOLVED[arm]


GOOD = ablation.Gates(
    peaks=lambda shared, data: 1.0,
    shift=lambda shared, data: 0.5,
    touch=lambda shared, data: 2.0,
    errors=lambda policy, data: {"true": 0.1},
)


def conduct(folder: Path, run: Commands, gates: ablation.Gates = GOOD, study: ablation.Study = TOY) -> dict:
    try:
        ablation.conduct(study, folder, run, gates)
    except OutOfTime:
        assert len(run.asked) == run.most
    return json.loads(json.dumps(ablation.document(study, folder)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[dict, Commands]:
    run = Commands(solved)
    return conduct(tmp_path_factory.mktemp("whole"), run), run


def test_every_arm_has_the_same_data_steps_vae_and_evaluation(whole):
    _, run = whole
    trained = [words for words in run.asked if words[0] == "train" and "vae" not in words]
    assert len(trained) == len(ablation.ARMS) * 2 * 2
    for task in TOY.tasks:
        of = [set(words) for words in trained if any(f"{task}/data" in word for word in words)]
        common = set.intersection(*of)
        shared = {"stage_1.steps=2", "data.offsets=4", "data.validation=1", "data.latents=true"}
        assert shared | {"data.action_space=joints"} <= common
        for words in of:
            own = {word.partition("=")[0] for word in words - common}
            assert own <= {"run", "seed", "aim.visibility", "data.maps"}
    seeds = {words[words.index("--episodes") + 1] for words in run.asked if words[0] == "eval"}
    assert seeds == {str(TOY.trials)}


@pytest.mark.parametrize("most", [0, 1, 5, 12, 23, 40])
def test_stopped_anywhere_it_ends_with_the_same_results(whole, tmp_path, most):
    wanted, run = whole
    first, second = Commands(solved, most), Commands(solved)
    conduct(tmp_path, first)
    assert conduct(tmp_path, second) == wanted
    repeated = len(first.asked) + len(second.asked) - len(run.asked)
    assert 0 <= repeated <= 1, "at most the command before the one it was stopped at, `generate` before `annotate`"


@pytest.mark.parametrize(("gate", "measured"), [("peaks", 0.5), ("shift", 3.5), ("touch", 8.9)])
def test_a_vae_that_loses_or_moves_maps_or_loses_objects_stops_its_task_before_any_arm(
    tmp_path, capsys, gate, measured
):
    run = Commands(solved)
    found = conduct(tmp_path, run, replace(GOOD, **{gate: lambda shared, data: measured}))
    assert set(found["cells"].values()) == {"pending"}
    assert "lift_pot is not trained: its VAE keeps" in capsys.readouterr().err
    assert found["rates"] == found["differences"] == []
    assert not any(words[0] == "eval" for words in run.asked)
    assert "0 of 16 cells are evaluated" in paired.table(found)


def test_a_lower_gate_runs_the_arms_and_stands_in_the_results(tmp_path):
    study = replace(TOY, tasks=("lift_pot",), arms=("aim",), seeds=(0,), peaks_kept=0.9)
    found = conduct(tmp_path, Commands(solved), replace(GOOD, peaks=lambda shared, data: 0.92), study)
    assert found["study"]["peaks_kept"] == 0.9
    assert found["cells"] == {"lift_pot/aim/0": "evaluated"}


def test_differences_are_those_built_in_and_the_primary_one_comes_first(whole, tmp_path):
    found, _ = whole
    first, control, same = found["differences"]
    assert (first["first"], first["second"], first["pairs"]) == ("aim", "uncond", 2 * 2 * TOY.trials)
    assert first["low"] < 0.3 < first["high"]
    assert control["difference"] == first["difference"]
    assert (same["difference"], same["low"], same["high"]) == (0, 0, 0)
    assert "(primary)" in paired.table(found)
    dots.draw([found], tmp_path / "dots.png")
    assert (tmp_path / "dots.png").stat().st_size > 1000


def test_the_interval_is_wider_when_training_seeds_disagree():
    trials = range(100)
    agree = {seed: {t: t % 2 == 0 for t in trials} for seed in range(3)}
    differ = {seed: {t: t % 2 == 0 or seed == 0 for t in trials} for seed in range(3)}
    none = {seed: dict.fromkeys(trials, False) for seed in range(3)}
    narrow, wide = (paired.difference("a", "b", [(of, none)]) for of in (agree, differ))
    assert wide["high"] - wide["low"] > 1.3 * (narrow["high"] - narrow["low"])


def test_a_command_is_interrupted_when_time_is_up():
    with pytest.raises(OutOfTime):
        run_until(Clock(0), "info")


@pytest.mark.parametrize("words", [("--arms", "aim,foo"), ("--setting", "medium"), ("--peaks-kept", "95")])
def test_bad_options_are_refused_before_anything_runs(tmp_path, monkeypatch, capsys, words):
    folder = tmp_path / "study"
    monkeypatch.setattr(sys, "argv", ["value_map_ablation.py", "--folder", str(folder), "--minutes", "1", *words])
    with pytest.raises(SystemExit):
        ablation.main()
    assert f"error: argument {words[0]}: " in capsys.readouterr().err
    assert not folder.exists()
