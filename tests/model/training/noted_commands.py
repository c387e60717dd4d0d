"""Stands for aimdata's commands in tests of long studies: notes what is asked for and leaves what each would leave."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

from aimdata.dataset.attempts import Attempt, append
from steps import OutOfTime

FIRST_SEED = 100_000


class Commands:
    """Training leaves a folder of its stage, `eval` trials that are solved as `solved` says. Stops after `most`.

    `solved` takes the folder that is evaluated, the task and the number of a trial.
    """

    def __init__(self, solved: Callable[[Path, str, int], bool], most: int = 10**6) -> None:
        self.asked, self.most, self._solved = [], most, solved

    def __call__(self, *words: str) -> None:
        if len(self.asked) == self.most:
            raise OutOfTime
        self.asked.append(words)
        if words[0] == "train":
            folder = Path(next(word for word in words if word.startswith("run=")).removeprefix("run="))
            (folder / ("stage-2" if "2" in words else "stage-1")).mkdir(parents=True, exist_ok=True)
        if words[0] == "eval":
            tasks, setting, trials, folder = (
                words[words.index(f"--{name}") + 1] for name in ("tasks", "setting", "episodes", "results")
            )
            Path(folder).mkdir(parents=True, exist_ok=True)
            for task, trial in product(tasks.split(","), range(int(trials))):
                outcome = "success" if self._solved(Path(folder).parent, task, trial) else "failed"
                append(Path(folder), Attempt(task, setting, FIRST_SEED + trial, outcome, frames=50))
