"""What studies of trained policies share: demonstrations, evaluation, and a folder that belongs to one study."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aimdata.dataset import attempts
from steps import OutOfTime, once, settings

Run = Callable[..., None]
"""Runs an aimdata command, given its words."""
CANVAS = "tiny"
STUDY = "study.json"
VAE = {"stage_vae__roles": 10, "stage_vae__frames": 5, "stage_vae__batch": 4, "backbone__vae__multipliers": "[1,2,4,4]"}
"""Without these the tiny VAE loses the objects in the hard setting."""


class OtherStudy(Exception):
    """The folder holds results of other sizes."""


def claim(folder: Path, sizes: Mapping[str, object]) -> None:
    """Keep the sizes that decide the results of a folder; OtherStudy when it has results of other sizes."""
    path, wanted = folder / STUDY, json.loads(json.dumps(sizes))
    once(path, lambda: wanted)
    kept = json.loads(path.read_text())
    for name, value in wanted.items():
        if kept.get(name) != value:
            raise OtherStudy(
                f"{folder} holds results with {name} {kept.get(name)!r}, not {value!r}; repeat the options it was "
                f"begun with, or give another --folder."
            )


@contextmanager
def until_time_is_up(parser: argparse.ArgumentParser) -> Iterator[None]:
    """End with one line: the same command goes on, the folder holds another study, or an aimdata command failed."""
    try:
        yield
    except OutOfTime:
        print("Out of time; the same command goes on.", file=sys.stderr)
    except OtherStudy as error:
        parser.error(str(error))
    except subprocess.CalledProcessError as error:
        parser.exit(1, f"aimdata {error.cmd[0]} failed, see above; once that is mended, the same command goes on.\n")


def some_of(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """The argparse type of names of `known`, separated by commas and checked before anything runs."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is unknown; give some of {', '.join(known)}")
        return names

    return parse


def share(text: str) -> float:
    """The argparse type of a share, 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


@dataclass(frozen=True)
class Episodes:
    """So many episodes of each of some tasks in a setting, by so many simulators.

    A trial ends after `limit` actions, or after RoboTwin's step limit of its task.
    """

    tasks: tuple[str, ...]
    setting: str
    count: int
    workers: int
    limit: int | None = None

    def words(self) -> list[str]:
        """The options that ask a command for them."""
        which = ["--tasks", ",".join(self.tasks), "--setting", self.setting]
        return [*which, "--episodes", str(self.count), "--workers", str(self.workers)]


def demonstrate(run: Run, data: Path, episodes: Episodes) -> None:
    """Demonstrations and their value maps."""
    run("generate", *episodes.words(), "--canvas", CANVAS, "-d", str(data))
    run("annotate", "-d", str(data))


def evaluate(run: Run, policy: Path, data: Path, folder: Path, episodes: Episodes, **sampling: int) -> None:
    """Trials of a policy trained on `data`, into `folder`/eval; they go on when more are asked for than before."""
    words = [*episodes.words(), "--videos", "0", *settings(**sampling), "--results", str(folder / "eval")]
    words += [] if episodes.limit is None else ["--limit", str(episodes.limit)]
    once(
        folder / f"evaluated-{episodes.count}.json",
        lambda: run("eval", "--policy", str(policy), *words, "-d", str(data)),
    )


def outcomes(folder: Path, task: str) -> dict[int, bool]:
    """Success by trial seed of a task in an evaluated folder, empty before."""
    if not any(folder.glob("evaluated-*.json")):
        return {}
    made = (trial for trial in attempts.read(folder / "eval") if trial.outcome in ("success", "failed"))
    return {trial.seed: trial.outcome == "success" for trial in made if trial.task == task}
