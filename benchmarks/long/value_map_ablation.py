"""Does the value map help? AIM against models that differ only in what its actions see of the future.

Arms, with the same data, steps, VAE and parameters:
    aim          actions see the future through the predicted value map alone
    uncond       actions see no predicted future
    typical_wam  actions see future RGB as well as the map
    shuffled     as aim, trained with the value maps of other episodes of the task

On request, arms that tell what the maps convey, which `aim` leaves open: its actions see the current frame, and the
features of the value tokens, which hold what these took from frames. And one that tells what maps are worth as a
training target alone, since `uncond` learns to predict them too:
    bottleneck       as aim, but actions see the value maps themselves, not the features of the value tokens
    bottleneck_only  actions see the value maps themselves and earlier actions, and no frame
    map_only         actions see the features of the value tokens and earlier actions, and no frame
    untaught         as uncond, trained without the loss of the value maps

The primary comparison, fixed before any run, is aim − uncond; then aim − shuffled and aim − typical_wam. Every arm is
trained with 3 seeds and evaluated on the same 200 unseen seeds per task. Paired, 600 trials an arm show a difference of
5 to 6 points, less exactly as far as the trials of a training seed depend on one another.

Gates before any arm is trained: the VAE keeps at least 95 % of the map peaks, moves maps by at most a pixel, as a
median, and its latents of RGB tell where to touch to within a quarter of a latent cell (see latent_probe.py), since a
policy cannot act better than it sees. After training, the error of the actions given true, shuffled and black maps says
offline whether `aim` uses its maps at all.

    python benchmarks/long/value_map_ablation.py --folder ablation --minutes 600

Every step is skipped if its result is there; out of time, the script stops, and the same command goes on.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paired
from aimdata.channels import CHANNELS
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
    share,
    some_of,
    until_time_is_up,
)

ARMS = ("aim", "uncond", "typical_wam", "shuffled")
"""Those of the comparison, run by default."""
ARM_SETTINGS: Mapping[str, Mapping[str, object]] = {
    "aim": {},
    "uncond": {"aim__visibility": "uncond"},
    "typical_wam": {"aim__visibility": "typical_wam"},
    "shuffled": {"data__maps": "shuffled"},
    "bottleneck": {"aim__visibility": "bottleneck"},
    "bottleneck_only": {"aim__visibility": "bottleneck_only"},
    "map_only": {"aim__visibility": "map_only"},
    "untaught": {"aim__visibility": "uncond", "stage_1__value_weight": 0.0},
}
"""Settings of every arm that can be run."""
PRIMARY = ("aim", "uncond")
SECONDARY = (
    ("aim", "shuffled"),
    ("aim", "typical_wam"),
    ("bottleneck", "uncond"),
    ("bottleneck_only", "uncond"),
    ("map_only", "uncond"),
    ("uncond", "untaught"),
)
MAP_SHIFT = 1.0
"""Pixels of the head view by which the VAE may move a map, as a median; about 8 mm on the table."""
TOUCH_DISTANCE = 4.0
"""Pixels, a quarter of a latent cell: how far the latents may miss where to touch, as a median."""


@dataclass(frozen=True)
class Study:
    """What is run. `demonstrations` per task, of which `validation` are held back; sizes of training and evaluation.

    In evaluation a chunk of 32 actions is replaced after `replan` of them, and a trial ends after `limit` actions, or
    RoboTwin's step limit. `peaks_kept` is the share of map peaks that must lie within a latent cell of the true one
    after the VAE.
    """

    tasks: tuple[str, ...] = ("click_bell", "place_empty_cup")
    setting: str = "hard"
    demonstrations: int = 200
    validation: int = 20
    vae_steps: int = 1300
    steps: int = 5000
    batch: int = 16
    arms: tuple[str, ...] = ARMS
    seeds: tuple[int, ...] = (0, 1, 2)
    trials: int = 200
    replan: int = 16
    limit: int | None = None
    action_space: str = "joints"
    peaks_kept: float = 0.95
    workers: int = 1


@dataclass(frozen=True)
class Cell:
    """One training run: a task, an arm and a training seed, in a folder of its own."""

    task: str
    arm: str
    seed: int
    folder: Path


@dataclass(frozen=True)
class Gates:
    """What is measured offline.

    Of a run with a VAE and a dataset: the share of map `peaks` that it keeps, its `shift` of maps in pixels, and the
    distance in pixels by which its latents miss where to `touch`. Of a policy and a dataset: the `errors` of its
    actions by the maps it is given.
    """

    peaks: Callable[[Path, Path], float]
    shift: Callable[[Path, Path], float]
    touch: Callable[[Path, Path], float]
    errors: Callable[[Path, Path], dict[str, float]]


def cells(study: Study, folder: Path) -> Iterator[Cell]:
    """All runs: seed after seed, so that every arm has a first seed before any has a second."""
    for seed in study.seeds:
        for task in study.tasks:
            for arm in study.arms:
                yield Cell(task, arm, seed, folder / task / f"{arm}-{seed}")


def prepare(study: Study, task: str, folder: Path, run: Run, gates: Gates) -> bool:
    """Demonstrations, VAE and latents of a task; whether its VAE passes the gates."""
    data, shared = folder / task / "data", folder / task / "shared"
    of = ["-d", str(data)]
    shown = Episodes((task,), study.setting, study.demonstrations, study.workers)
    once(folder / task / "data.json", lambda: demonstrate(run, data, shown))
    once(folder / task / "vae.json", lambda: run("train", "--stage", "vae", *of, *_common(study, shared)))
    once(folder / task / "peaks.json", lambda: gates.peaks(shared, data))
    once(folder / task / "shift.json", lambda: gates.shift(shared, data))
    once(folder / task / "touch.json", lambda: gates.touch(shared, data))
    kept, moved, missed = (_read(folder / task / f"{name}.json") for name in ("peaks", "shift", "touch"))
    if not (kept >= study.peaks_kept and moved <= MAP_SHIFT and missed <= TOUCH_DISTANCE):
        print(
            f"{task} is not trained: its VAE keeps {kept:.1%} of the map peaks (wanted {study.peaks_kept:.0%}), moves "
            f"maps by {moved:.1f} px (at most {MAP_SHIFT:.0f}) and misses where to touch by {missed:.1f} px (at most "
            f"{TOUCH_DISTANCE:.0f}).",
            file=sys.stderr,
        )
        return False
    once(folder / task / "latents.json", lambda: run("cache", *of, *_common(study, shared)))
    return True


def _common(study: Study, folder: Path, **more: object) -> list[str]:
    vae = {"stage_vae__steps": study.vae_steps, "stage_vae__schedule": "cosine", **VAE}
    data = {"data__offsets": 4, "data__validation": study.validation}
    return settings(run=folder, **vae, **data, **more)


def fill(study: Study, cell: Cell, run: Run, gates: Gates) -> None:
    """Train and evaluate one cell."""
    data, shared = cell.folder.parent / "data", cell.folder.parent / "shared"
    one = {"steps": study.steps, "batch": study.batch, "schedule": "cosine"}
    more = {"seed": cell.seed, "vae_run": shared, "data__latents": "true", "data__action_space": study.action_space}
    more |= ARM_SETTINGS[cell.arm] | {f"stage_1__{name}": value for name, value in one.items()}
    words = ["-d", str(data), *_common(study, cell.folder / "run", **more)]
    once(cell.folder / "trained.json", lambda: run("train", *words))
    policy = cell.folder / "run" / "stage-1" / f"step-{study.steps:06d}"
    once(cell.folder / "errors.json", lambda: gates.errors(policy, data))
    trials = Episodes((cell.task,), study.setting, study.trials, study.workers, study.limit)
    evaluate(run, policy, data, cell.folder, trials, replan=study.replan)


def state(cell: Cell) -> str:
    """How far a cell is; evaluated on few trials, it is evaluated on more when more are asked for."""
    if any(cell.folder.glob("evaluated-*.json")):
        return "evaluated"
    return "trained" if (cell.folder / "trained.json").exists() else "pending"


def document(study: Study, folder: Path) -> dict[str, object]:
    """All results so far, as JSON values."""
    found = {cell: outcomes(cell.folder, cell.task) for cell in cells(study, folder)}
    arms = [paired.rate(task, arm, _of(found, task, arm)) for task in study.tasks for arm in study.arms]
    pairs = [pair for pair in (PRIMARY, *SECONDARY) if set(pair) <= set(study.arms)]
    compared = [paired.difference(a, b, [(_of(found, t, a), _of(found, t, b)) for t in study.tasks]) for a, b in pairs]
    return {
        "primary": f"{PRIMARY[0]} - {PRIMARY[1]}",
        "study": {**vars(study), "canvas": CANVAS},
        "cells": {f"{cell.task}/{cell.arm}/{cell.seed}": state(cell) for cell in found},
        "peaks_kept": {task: _read(folder / task / "peaks.json") for task in study.tasks},
        "map_shift_px": {task: _read(folder / task / "shift.json") for task in study.tasks},
        "touch_distance_px": {task: _read(folder / task / "touch.json") for task in study.tasks},
        "action_errors": {f"{cell.task}/{cell.arm}/{cell.seed}": _read(cell.folder / "errors.json") for cell in found},
        "rates": [one for one in arms if one is not None],
        "differences": [one for one in compared if one is not None],
    }


def _of(found: dict[Cell, dict[int, bool]], task: str, arm: str) -> dict[int, dict[int, bool]]:
    """Outcomes by training seed and trial seed."""
    return {cell.seed: done for cell, done in found.items() if (cell.task, cell.arm) == (task, arm) and done}


def _read(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


SIZES = ("setting", "demonstrations", "validation", "vae_steps", "steps", "batch", "replan", "limit", "action_space")
"""What decides the results of a cell, besides its task, arm and seed."""


def conduct(study: Study, folder: Path, run: Run, gates: Gates) -> None:
    """All steps that are missing; OutOfTime when time is up, OtherStudy when the folder holds other sizes."""
    claim(folder, {name: getattr(study, name) for name in SIZES})
    usable = {task for task in study.tasks if prepare(study, task, folder, run, gates)}
    for cell in cells(study, folder):
        if cell.task in usable:
            fill(study, cell, run, gates)


def main() -> None:
    """Run for some minutes, then write and print what is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="of all data, runs and results")
    parser.add_argument("--minutes", type=float, required=True, help="after which to stop")
    parser.add_argument("--tasks", type=some_of(tasks()), default=Study.tasks, help="names separated by commas")
    parser.add_argument("--setting", choices=("easy", "hard"), default=Study.setting)
    parser.add_argument("--arms", type=some_of(ARM_SETTINGS), default=ARMS, help="names separated by commas")
    for name in ("demonstrations", "validation", "vae_steps", "steps", "trials", "replan"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Study, name))
    parser.add_argument("--limit", type=int, help="most actions of a trial; without it RoboTwin's step limit")
    parser.add_argument("--action-space", choices=tuple(CHANNELS), default=Study.action_space)
    parser.add_argument("--seeds", type=int, default=len(Study.seeds), help="training seeds per arm")
    parser.add_argument("--peaks-kept", type=share, default=Study.peaks_kept, help="share that the VAE must keep")
    parser.add_argument("--workers", type=int, default=1, help="simulator processes")
    parser.add_argument("--json", type=Path, default=Path(__file__).parents[1] / "value_map_ablation.json")
    asked = vars(parser.parse_args())
    import latent_probe
    import map_gates

    folder, results, clock = asked.pop("folder"), asked.pop("json"), Clock(asked.pop("minutes"))
    asked["seeds"] = tuple(range(asked["seeds"]))
    study = Study(**asked)
    with until_time_is_up(parser):
        gates = Gates(map_gates.peaks, map_gates.shift, latent_probe.touch_distance, map_gates.errors)
        conduct(study, folder, lambda *words: run_until(clock, *words), gates)
    found = document(study, folder)
    replace(results, (json.dumps(found, indent=1) + "\n").encode())
    print(paired.table(found))


if __name__ == "__main__":
    main()
