"""Progress on stderr while a long command runs: a bar, the rate and the time left; silent outside a terminal."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from .app import is_quiet


def rate(done: float, seconds: float) -> str:
    """A rate in the shortest unit of time that gives a number of at least 1: "4.1/s", "12.0/min", "3.0/h"."""
    if done <= 0 or seconds <= 0:
        return ""
    per_second = done / seconds
    if per_second >= 1:
        return f"{per_second:.1f}/s"
    return f"{60 * per_second:.1f}/min" if 60 * per_second >= 1 else f"{3600 * per_second:.1f}/h"


def time_left(done: float, remaining: float, seconds: float) -> str:
    """The time for what remains at the rate so far: "0:40 left", "2:05:00 left"."""
    if done <= 0:
        return ""
    minutes, rest = divmod(round(remaining * seconds / done), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"


class _Pace(ProgressColumn):
    """Rate and time left, of what this run has done; earlier runs' work does not count."""

    def render(self, task: Task) -> Text:
        done, seconds = task.completed - task.fields["before"], task.elapsed or 0.0
        if task.total is None or task.finished:
            return Text("")
        return Text(f"{rate(done, seconds)}  {time_left(done, task.total - task.completed, seconds)}".strip())


def _bars() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), _Pace())
    return Progress(*columns, console=console, expand=True, disable=is_quiet() or not console.is_terminal)


class _Bar:
    """A bar whose first update tells where this run began; shown from then on, or from the beginning."""

    def __init__(self, bars: Progress, what: str, visible: bool = True) -> None:
        self._bars, self._bar = bars, bars.add_task(what, total=None, before=0, visible=visible)
        self._has_begun = False

    def update(self, done: int, total: int, what: str | None = None) -> None:
        """Show `done` of `total` units, the first of them made since the bar was made."""
        if not self._has_begun:
            self._has_begun = True
            self._bars.update(self._bar, before=max(done - 1, 0), visible=True)
        self._bars.update(self._bar, completed=done, total=total, description=what)


@contextmanager
def counting(what: str, stop: Callable[[], bool] = lambda: False) -> Iterator[Callable[[int, int], None]]:
    """A bar for `done` of `total` units; yields the function to call with both after each unit.

    The function raises KeyboardInterrupt when `stop()` is true and units are left, so that work ends between units.
    """
    with _bars() as bars:
        bar = _Bar(bars, what)

        def update(done: int, total: int) -> None:
            bar.update(done, total)
            if stop() and done < total:
                raise KeyboardInterrupt

        yield update


@contextmanager
def training(stage: str) -> Iterator[Callable[[int, int, float], None]]:
    """A bar for the steps of a stage; yields the function to call with steps done, steps in all, and the loss."""
    with _bars() as bars:
        yield _steps(bars, stage)


@contextmanager
def post_training() -> Iterator[tuple[Callable[[int, int], None], Callable[[int, int, float], None]]]:
    """Bars for stage 2; yields the function to call with training seeds found and wanted, and that of `training`."""
    with _bars() as bars:
        yield _Bar(bars, "finding training seeds", visible=False).update, _steps(bars, "2")


def _steps(bars: Progress, stage: str) -> Callable[[int, int, float], None]:
    bar = _Bar(bars, f"stage {stage}")
    return lambda done, total, loss: bar.update(done, total, f"stage {stage}, loss {loss:.4f}")


@contextmanager
def generating(wanted: Mapping[str, int]) -> Iterator[Callable[[str, int], None]]:
    """A bar for the episodes of several tasks; yields the function to call with a task and its successes so far.

    The first report on a task counts what earlier runs made. `wanted` holds each task's episodes.
    """
    with _bars() as bars:
        bar = bars.add_task("generating", total=sum(wanted.values()), before=0)
        done: dict[str, int] = {}

        def update(task: str, successes: int) -> None:
            is_first = task not in done
            done[task] = min(successes, wanted[task])
            made = sum(done.values())
            if is_first:
                bars.update(bar, before=made)
            bars.update(bar, completed=made, description=None if is_first else task)

        yield update
