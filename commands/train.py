"""`aimdata train`: train AIM on a dataset."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import AsJson, app, dataset_root, need_renderer, print_json
from .training_data import DatasetFolders, dataset_settings, existing_folders

if TYPE_CHECKING:
    from ..model.config import TrainConfig


@app.command()
def train(
    preset: Annotated[str, typer.Option(help="tiny, small or wan2.2-ti2v-5b.")] = "tiny",
    stage: Annotated[
        str, typer.Option(help="vae fits the preset's VAE, 1 trains the model, 2 its action head in the simulator.")
    ] = "1",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="field=value of the configuration; `--set help` lists all.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print settings, parameters and memory; then stop.")
    ] = False,
    gpus: Annotated[int, typer.Option(help="With --dry-run: GPUs the model is sharded over.", min=1)] = 1,
    dataset: DatasetFolders = None,
    json: AsJson = False,
) -> None:
    """Train AIM on a dataset. Resumes from the newest checkpoint of the run folder.

    With several datasets, samples are mixed; LeRobotDatasets are read in place.

    Example: aimdata train --stage vae, then aimdata train, then aimdata train --stage 2 --set stage_2.tasks=click_bell
    """
    from ..model.config import check
    from ..model.presets import preset as preset_named
    from ..model.settings import apply

    if settings is not None and "help" in settings:
        _print_settings(preset_named(preset))
        return
    given = [f"stage={stage}", *(settings or [])]
    check(apply(preset_named(preset), given))
    unread = dry_run or stage == "2"
    folders = [dataset_root(one) for one in dataset or [None]] if unread else existing_folders(dataset)
    config = apply(preset_named(preset), [*dataset_settings(folders), *given])
    from ..model.training.plan import plan
    from .interruption import finish_first

    if dry_run:
        print_json(plan(config, gpus))
    else:
        kept = "the checkpoints and the seeds tried" if stage == "2" else "the checkpoints"
        with finish_first("step", kept) as stop:
            path = (_post_train if stage == "2" else _train)(config, stop)
        print_json({"path": str(path)}) if json else typer.echo(path)


def _print_settings(config: "TrainConfig") -> None:
    from ..model.settings import describe

    for name, kind, value in describe(config):
        typer.echo(f"{name:36} {kind:44} {value}")


def _train(config: "TrainConfig", stop: Callable[[], bool]) -> Path:
    """Stage 1 or the VAE: the model learns from recorded episodes."""
    from ..model.training.train import train as run
    from .progress import training

    with training(config.stage) as progress:
        return run(config, progress, stop)


def _post_train(config: "TrainConfig", stop: Callable[[], bool]) -> Path:
    """Stage 2: the model learns from the episodes that simulators run."""
    from ..model.grpo.policy_networks import load_networks
    from ..model.grpo.post_train import post_train, supervised
    from ..model.grpo.seeds import TaskSettings
    from ..model.parallel import ranks
    from ..simgen.job import parse_settings
    from ..simgen.task_names import parse_tasks
    from .progress import post_training
    from .rollouts import episode_runner

    base, section = supervised(Path(config.run)).resolve(), config.stage_2
    starts: TaskSettings = [
        (task, setting) for task in parse_tasks(section.tasks) for setting in parse_settings(section.setting)
    ]
    if config.executor == "local":
        need_renderer()
    with ranks(config) as own:
        networks = load_networks(config, base, own)
        with episode_runner(config, base, networks) as run_episodes, post_training() as (searched, progress):
            return post_train(config, base, starts, run_episodes, progress, stop, networks, own, searched)
