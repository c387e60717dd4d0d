"""Does stage 2 help? A tiny policy in closed loop before and after it, for each of some variants of it.

Stage 1 ends early, so that it succeeds in about half of the trials and leaves room. It learns two tasks, of which
stage 2 trains on the first alone: the other tells what that costs. Stage 2 has a fixed pool of seeds that stage 1
solves in 20 to 80 % of a group. All policies are evaluated on the same unseen seeds, and differences are paired by
seed. Every variant is run once; the interval is over trials alone.

Variants:
    1e-4, 3e-5, 3e-4  learning rates, with the default reward
    repeat            3e-5 with other random numbers
    sparse            3e-5 with a reward for success alone
    dense             3e-5 with a reward for the value map at the commanded TCP alone

    python benchmarks/long/post_training.py --folder post-training --minutes 600

Every step is skipped if its result is there; out of time, the script stops, and the same command goes on. Asked for
more updates, it goes on from those made.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import paired
from aimdata.dataset.storage.atomic import replace
from aimdata.simgen.tasks import tasks
from steps import Clock, once, run_until, settings
from studies import (
    CANVAS,
    VAE,
    Episodes,
    Run,
    claim,
    demonstrate,
    evaluate,
    outcomes,
    some_of,
    until_time_is_up,
)

sys.path.append(str(Path(__file__).parents[1] / "report"))
import curves

SCALARS = {
    "reward": "reward",
    "success": "success",
    "success on fixed seeds": "eval_success",
    "groups kept": "groups_kept",
    "heat (dense reward)": "reward_dense",
    "ratio": "ratio",
    "share clipped": "clip_fraction",
    "KL to stage 1": "kl",
    "spread of first chunks": "spread",
}
BEFORE = "stage 1"
VARIANTS: Mapping[str, Mapping[str, object]] = {
    "1e-4": {"stage_2__learning_rate": 1e-4},
    "3e-5": {"stage_2__learning_rate": 3e-5},
    "3e-4": {"stage_2__learning_rate": 3e-4},
    "repeat": {"stage_2__learning_rate": 3e-5, "seed": 1},
    "sparse": {"stage_2__learning_rate": 3e-5, "stage_2__reward__dense": 0.0},
    "dense": {"stage_2__learning_rate": 3e-5, "stage_2__reward__sparse": 0.0},
}


@dataclass(frozen=True)
class Study:
    """What is run: sizes of the data, of stage 1, of stage 2 for each of `variants`, and of the evaluation.

    Stage 2 trains on `task`; stage 1 learns `other` as well, from as many demonstrations. An episode ends after `limit`
    actions, in training and in evaluation: a demonstration takes about 70, and in RoboTwin's 600 even an untrained
    policy presses by chance. `pool` is the number of training seeds, `eval_seeds` that of the evaluation before every
    tenth update. A chunk of 32 actions is executed whole.
    """

    task: str = "click_alarmclock"
    other: str = "click_bell"
    setting: str = "easy"
    demonstrations: int = 150
    validation: int = 20
    vae_steps: int = 1300
    steps: int = 6500
    updates: int = 60
    variants: tuple[str, ...] = tuple(VARIANTS)
    limit: int = 96
    pool: int = 16
    eval_seeds: int = 32
    video_steps: int = 2
    trials: int = 200
    workers: int = 1

    @property
    def tasks(self) -> tuple[str, ...]:
        """Those that stage 1 learns."""
        return self.task, self.other


def supervise(study: Study, folder: Path, run: Run) -> None:
    """Demonstrations, VAE, latents and stage 1."""
    data, shared = folder / "data", folder / "shared"
    of, shown = ["-d", str(data)], Episodes(study.tasks, study.setting, study.demonstrations, study.workers)
    once(folder / "data.json", lambda: demonstrate(run, data, shown))
    once(folder / "vae.json", lambda: run("train", "--stage", "vae", *of, *_common(study, shared)))
    once(folder / "latents.json", lambda: run("cache", *of, *_common(study, shared)))
    once(folder / "trained.json", lambda: run("train", *of, *_stage_1(study, folder, folder / "run")))


def _common(study: Study, folder: Path, **more: object) -> list[str]:
    vae = {"stage_vae__steps": study.vae_steps, "stage_vae__schedule": "cosine", **VAE}
    return settings(run=folder, **vae, data__offsets=4, data__validation=study.validation, **more)


def _stage_1(study: Study, folder: Path, run_folder: Path, **more: object) -> list[str]:
    one = {"steps": study.steps, "batch": 16, "schedule": "cosine"}
    named = {f"stage_1__{name}": value for name, value in one.items()}
    return _common(study, run_folder, vae_run=folder / "shared", data__latents="true", **named, **more)


def variant_folder(folder: Path, variant: str) -> Path:
    """The run of a variant."""
    return folder / f"stage-2-{variant}"


def trials_folder(study: Study, folder: Path, variant: str) -> Path:
    """The trials of a variant after so many updates."""
    return variant_folder(folder, variant) / f"after-{study.updates}"


def post_train(study: Study, folder: Path, variant: str, run: Run) -> None:
    """Stage 2 with its default sampler, groups and minibatches, in a run folder of its own."""
    own = variant_folder(folder, variant)
    if not (own / "stage-1").exists():
        shutil.copytree(folder / "run" / "stage-1", own / "copying", dirs_exist_ok=True)
        (own / "copying").rename(own / "stage-1")
    two = {"tasks": study.task, "setting": study.setting, "steps": study.updates, "limit": study.limit}
    two |= {"pool": study.pool, "eval_seeds": study.eval_seeds, "video_steps": study.video_steps}
    named = {f"stage_2__{name}": value for name, value in two.items()} | VARIANTS[variant]
    words = _stage_1(study, folder, own, workers=study.workers, save_every=2, **named)
    trained = own / f"trained-{study.updates}.json"
    once(trained, lambda: run("train", "--stage", "2", "-d", str(folder / "data"), *words))


SIZES = ("task", "other", "setting", "demonstrations", "validation", "vae_steps", "steps")
SIZES += ("limit", "pool", "eval_seeds", "video_steps")
"""What decides the results of a variant after some updates."""


def conduct(study: Study, folder: Path, run: Run) -> None:
    """All steps that are missing; OutOfTime when time is up, OtherStudy when the folder holds other sizes."""
    claim(folder, {name: getattr(study, name) for name in SIZES})
    trials = Episodes(study.tasks, study.setting, study.trials, study.workers, study.limit)
    data, first = folder / "data", folder / "run"
    supervise(study, folder, run)
    evaluate(run, first / "stage-1" / f"step-{study.steps:06d}", data, first, trials, video_steps=study.video_steps)
    for variant in study.variants:
        post_train(study, folder, variant, run)
        policy = variant_folder(folder, variant) / "stage-2" / f"step-{study.updates:06d}"
        evaluate(run, policy, data, trials_folder(study, folder, variant), trials, video_steps=study.video_steps)


def document(study: Study, folder: Path) -> dict[str, object]:
    """All results so far, as JSON values: of the task that stage 2 trains on, and of the other."""
    places = {BEFORE: folder / "run"}
    places |= {f"stage 2, {one}": trials_folder(study, folder, one) for one in study.variants}
    boards = {f"stage 2, {one}": variant_folder(folder, one) / "stage-2" / "tensorboard" for one in study.variants}
    return {
        "primary": None,
        "study": {**vars(study), "canvas": CANVAS},
        "cells": {arm: "evaluated" if outcomes(place, study.task) else "pending" for arm, place in places.items()},
        **_compared(study.task, places),
        "other task": _compared(study.other, places),
        "curves": {arm: _curves(board) for arm, board in boards.items()},
    }


def _compared(task: str, places: Mapping[str, Path]) -> dict[str, list]:
    """Success rates in a task, and the differences to stage 1."""
    found = {arm: {0: done} for arm, place in places.items() if (done := outcomes(place, task))}
    pairs = [(arm, [(found[arm], found[BEFORE])]) for arm in found if arm != BEFORE]
    return {
        "rates": [paired.rate(task, arm, done) for arm, done in found.items()],
        "differences": [paired.difference(arm, BEFORE, pair) for arm, pair in pairs],
    }


def _curves(board: Path) -> dict[str, list[list[float]]]:
    """Steps and values of every scalar that was logged."""
    if not board.exists():
        return {}
    found = {name: curves.scalars(board, name) for name in SCALARS.values()}
    return {name: [steps.tolist(), values.tolist()] for name, (steps, values) in found.items() if len(steps)}


def main() -> None:
    """Run for some minutes, then write and print what is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="of all data, runs and results")
    parser.add_argument("--minutes", type=float, required=True, help="after which to stop")
    parser.add_argument("--variants", type=some_of(VARIANTS), default=Study.variants, help="names separated by commas")
    a_task = {"choices": sorted(tasks()), "metavar": "TASK"}
    parser.add_argument("--task", **a_task, default=Study.task, help="that stage 2 trains on")
    parser.add_argument("--other", **a_task, default=Study.other, help="that stage 1 learns as well")
    for name in ("demonstrations", "validation", "vae_steps", "steps", "updates", "pool", "trials", "workers"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Study, name))
    parser.add_argument("--json", type=Path, default=Path(__file__).parents[1] / "post_training.json")
    asked = vars(parser.parse_args())
    folder, results, clock = asked.pop("folder"), asked.pop("json"), Clock(asked.pop("minutes"))
    study = Study(**asked)
    with until_time_is_up(parser):
        conduct(study, folder, lambda *words: run_until(clock, *words))
    found = document(study, folder)
    replace(results, (json.dumps(found, indent=1) + "\n").encode())
    for variant in study.variants:
        board = variant_folder(folder, variant) / "stage-2" / "tensorboard"
        if board.exists():
            panels = [(title, *curves.scalars(board, name)) for title, name in SCALARS.items()]
            curves.draw(panels, folder / f"stage-2-{variant}.png")
    print(paired.table(found))
    print(paired.table({**found, **found["other task"]}))


if __name__ == "__main__":
    main()
