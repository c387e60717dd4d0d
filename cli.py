"""The command line: parse, build a configuration, call one function, print. The only place where packages meet.

Data go to stdout, logs and progress to stderr. Heavy imports live inside the commands, so that
`aimdata --help` stays quick.
"""

import json as jsonlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import AimdataError, DatasetError, MissingExtra, PartialResult, UsageError, VerificationFailed, unknown

if TYPE_CHECKING:
    from .dataset.check_rerender import Rerender
    from .dataset.reader import Dataset
    from .model.config import TrainConfig
    from .simgen.protocol import EvalConfig
    from .simgen.results import Results

INTERRUPTED = 130

app = typer.Typer(
    help="Regenerate, annotate, look at and train on the data of AIM.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


DatasetFolder = Annotated[
    str | None,
    typer.Option("--dataset", "-d", help="Dataset folder; default $AIMDATA_DIR or ./aim-data.", show_default=False),
]
DatasetPlace = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        "-d",
        help="Dataset folder, or an address such as hf://datasets/me/aim/zarr; default $AIMDATA_DIR or ./aim-data.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines, one object a line.")]


def _place(dataset: str | None) -> str:
    return dataset if dataset is not None else os.environ.get("AIMDATA_DIR", "aim-data")


def _root(dataset: str | None) -> Path:
    from .dataset.places import folder_named

    return folder_named(_place(dataset))


def _print(value: object) -> None:
    typer.echo(jsonlib.dumps(value, sort_keys=True))


def _say(text: str) -> None:
    typer.echo(text, err=True)


@app.command()
def generate(
    tasks: Annotated[str, typer.Option(help="Task names separated by commas, or 'all'.")] = "all",
    episodes: Annotated[int, typer.Option(help="Successful episodes per task and setting.")] = 1,
    setting: Annotated[str, typer.Option(help="easy (a clean table), hard (randomised) or both.")] = "easy",
    seed: Annotated[int, typer.Option(help="First seed; the lowest that succeed from there on are kept.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that simulate side by side.")] = 1,
    render: Annotated[bool, typer.Option("--render/--no-render", help="Draw images, or record the state only.")] = True,
    embodiment: Annotated[str, typer.Option(help="A robot: 'builtin', or one of the assets folder.")] = "builtin",
    assets: Annotated[str, typer.Option(help="'builtin', or a folder in RoboTwin's layout.")] = "builtin",
    jitter_head_camera: Annotated[
        float, typer.Option(metavar="CM", help="In hard episodes, shift the head camera by up to this.")
    ] = 0.0,
    dataset: DatasetFolder = None,
    json: AsJson = False,
) -> None:
    """Simulate scripted demonstrations and record them; goes on where it stopped.

    Example: aimdata generate --tasks click_bell,open_laptop --episodes 2
    """
    from .progress import per_task
    from .simgen import generate as simulation
    from .simgen.check import settings_named
    from .simgen.task import named

    root = _root(dataset)
    if render:
        _need_renderer()
    config = simulation.GenerateConfig(
        root,
        named(tasks),
        episodes,
        seed,
        workers,
        render,
        embodiment,
        assets,
        settings=settings_named(setting),
        jitter_head_camera=jitter_head_camera,
    )
    with per_task(episodes) as progress:
        summary = simulation.generate(config, progress)
    _say(f"{summary.episodes} episodes in {root}; {summary.successes} of {summary.attempts} new attempts succeeded.")
    if json:
        _print({"attempts": summary.attempts, "successes": summary.successes, "episodes": summary.episodes})
    if summary.missing:
        lacking = ", ".join(f"{task} lacks {count}" for task, count in summary.missing.items())
        raise PartialResult(f"Not all have {episodes} episodes ({lacking}); {root}/attempts.jsonl says why.")


@app.command()
def render(
    assets: Annotated[
        str | None, typer.Option(help="The folder of a dataset with RoboTwin's assets.", show_default=False)
    ] = None,
    dataset: DatasetFolder = None,
) -> None:
    """Draw the images of episodes recorded with --no-render.

    Example: aimdata render -d aim-data
    """
    from .progress import counting
    from .simgen.rerender import render_missing

    _need_renderer()
    with counting("rendering") as progress:
        done = render_missing(_root(dataset), progress, assets)
    _say(f"{done} episodes rendered.")


@app.command()
def annotate(
    kind: Annotated[str, typer.Option(help="pick, place, press or all; several separated by commas.")] = "all",
    radius: Annotated[float, typer.Option(help="Standard deviation of a point's Gaussian, metres.")] = 0.01,
    points_only: Annotated[
        bool, typer.Option("--points-only", help="Store no maps: they are drawn from the points while reading.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that annotate side by side.")] = 1,
    dataset: DatasetFolder = None,
) -> None:
    """Turn recorded contacts into value maps; may be run again with other parameters.

    Example: aimdata annotate --radius 0.015
    """
    from .annotate.annotator import Annotator
    from .annotate.kinds import kinds_named
    from .annotate.run import annotate as run
    from .progress import counting

    annotator = Annotator(radius=radius, kinds=kinds_named(kind))
    with counting("annotating") as progress:
        done = run(_root(dataset), annotator, points_only=points_only, workers=workers, progress=progress)
    _say(f"{done} episodes annotated.")


@app.command()
def validate(
    deep: Annotated[bool, typer.Option("--deep", help="Decode every chunk and look at every frame.")] = False,
    repair: Annotated[bool, typer.Option("--repair-index", help="First make the index anew from the groups.")] = False,
    rerender: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Render frames of N episodes per task and setting again and compare; 0 without --deep, 1 with it.",
            show_default=False,
            min=0,
        ),
    ] = None,
    assets: Annotated[
        str | None, typer.Option(help="To render: the folder of a dataset with RoboTwin's assets.", show_default=False)
    ] = None,
    dataset: DatasetFolder = None,
    json: AsJson = False,
) -> None:
    """Check a dataset from end to end: files, episodes, pictures, statistics, labels. Exits 4 if anything is wrong.

    Example: aimdata validate --deep
    """
    from dataclasses import asdict
    from functools import partial

    from .annotate import label_report
    from .dataset import check
    from .dataset.layout import read_config
    from .dataset.reader import Dataset
    from .dataset.repair import repair_index
    from .dataset.validate import validate as run
    from .progress import counting
    from .simgen.materials import known_colors

    root = _root(dataset)
    if repair:
        _say(f"The index was made anew, of {repair_index(root)} episodes.")
    materials = None
    with counting("validating") as progress:
        with suppress(DatasetError):
            materials = partial(known_colors, read_config(root).assets)
        again = _rerender(root, int(deep) if rerender is None else rerender, assets)
        checks = run(root, deep=deep, materials=materials, rerender=again, progress=progress)
    rows, wrong = (), [problem for found in checks for problem in found.problems]
    if not wrong:
        with counting("checking labels") as progress:
            rows, unread = label_report.label_rows(Dataset.open(root), deep=deep, progress=progress)
        wrong = [*unread, *label_report.below_threshold(rows)]
    else:
        _say("Labels are checked when nothing else is wrong.")
    if json:
        for line in (*checks, *rows):
            _print(asdict(line))
        _print({"passed": not wrong, "problems": len(wrong)})
    else:
        for line in (*check.table(checks), *label_report.table(rows)):
            typer.echo(line)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise VerificationFailed(f"{root} is not as it should be{more}: {wrong[0]}")


def _rerender(root: Path, each: int, assets: str | None) -> "Rerender | None":
    """How to render a dataset's states again, or why that is not possible here; None when nobody wants it."""
    from .dataset.check_rerender import Rerender
    from .dataset.layout import read_config
    from .simgen.render_probe import renderer_problem
    from .simgen.rerender import renderer

    if not each:
        return None
    try:
        draw = renderer(read_config(root).assets, assets)
    except AimdataError as error:
        return Rerender(each, None, str(error))
    problem = renderer_problem()
    return Rerender(each, None if problem else draw, problem or "")


@app.command()
def stats(dataset: DatasetFolder = None, json: AsJson = False) -> None:
    """Print the normalisation statistics of states and actions, channel by channel.

    Example: aimdata stats --json
    """
    from dataclasses import asdict

    from .dataset.channels import CHANNELS
    from .dataset.stats import ARRAYS, read_stats

    read = read_stats(_root(dataset))
    found = {name: asdict(read[name]) for name in ARRAYS}
    if json:
        _print({**found, "channels": CHANNELS})
        return
    for array, values in found.items():
        typer.echo(f"{array:22}" + "".join(f"{name:>10}" for name in values))
        for index, channel in enumerate(CHANNELS):
            typer.echo(f"  {channel:20}" + "".join(f"{numbers[index]:10.4f}" for numbers in values.values()))


@app.command()
def visualize(
    episode: Annotated[
        str | None, typer.Argument(help="A name (click_bell-easy-000000), task/setting/seed, or a number.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; default EPISODE.png.", show_default=False)] = None,
    mp4: Annotated[bool, typer.Option("--mp4", help="A film instead of a sheet.")] = False,
    rrd: Annotated[Path | None, typer.Option(help="A recording for the rerun viewer, written to this file.")] = None,
    web: Annotated[bool, typer.Option("--web", help="The rerun viewer in the browser.")] = False,
    overview: Annotated[bool, typer.Option("--overview", help="One sheet of all tasks; needs no episode.")] = False,
    frames: Annotated[str | None, typer.Option("--range", help="Frames A:B of a film or recording.")] = None,
    layers: Annotated[str | None, typer.Option(help="What a film or recording shows: rgb,value,overlay,depth…")] = None,
    policy: Annotated[Path | None, typer.Option(help="A checkpoint: what it foresees, beside what came.")] = None,
    dataset: DatasetPlace = None,
) -> None:
    """Draw an episode: a contact sheet with its value maps, a film, a 3-D recording; or the whole dataset.

    Example: aimdata visualize click_bell/easy/0 --mp4 --layers rgb,overlay
    """
    from .dataset.reader import Dataset

    given = {"mp4": mp4, "rrd": rrd, "web": web, "overview": overview, "policy": policy}
    forms = [name for name, wanted in given.items() if wanted]
    _fits_together(forms, episode, frames, layers)
    data = Dataset.open(_place(dataset))
    if episode is None:
        typer.echo(_draw_overview(data, out))
    elif policy is not None:
        typer.echo(_draw_foresight(data, episode, out, policy))
    elif not forms:
        typer.echo(_draw_sheet(data, episode, out))
    else:
        path = _film(data, episode, out, frames, layers) if mp4 else _record(data, episode, rrd, frames, layers)
        if path is not None:
            typer.echo(path)


def _fits_together(forms: list[str], episode: str | None, frames: str | None, layers: str | None) -> None:
    if len(forms) > 1:
        raise UsageError(f"--{forms[0]} and --{forms[1]} are two pictures; ask for one at a time.")
    if (episode is None) != (forms == ["overview"]):
        wrong = "--overview shows the whole dataset; leave the episode out." if episode else "No episode was named."
        raise UsageError(f"{wrong} Example: aimdata visualize click_bell/easy/0, or aimdata visualize --overview.")
    if (frames or layers) and not {"mp4", "rrd", "web"} & set(forms):
        raise UsageError("--range and --layers are for --mp4, --rrd and --web; a sheet shows the whole episode.")


def _draw_overview(data: "Dataset", out: Path | None) -> Path:
    from .annotate.overview import overview as draw
    from .progress import counting

    path = out if out is not None else Path("overview.png")
    with counting("drawing") as progress:
        draw(data, path, progress)
    return path


def _draw_sheet(data: "Dataset", episode: str, out: Path | None) -> Path:
    from .annotate.sheet import contact_sheet

    row = data.find(episode)
    path = out if out is not None else Path(f"{row.uid}.png")
    contact_sheet(data, row.uid, path)
    return path


def _draw_foresight(data: "Dataset", episode: str, out: Path | None, policy: Path) -> Path:
    from .model.foresight import draw, foresee, score
    from .model.policy import Policy

    row, loaded = data.find(episode), Policy.load(policy)
    path = out if out is not None else Path(f"{row.uid}-foreseen.png")
    came, foreseen = foresee(loaded, data, row.uid)
    found = score(loaded, came, foreseen)
    text = (
        f"{row.uid}: {found.peaks:.0%} of map peaks within a latent cell, action error {found.actions:.1%} of range, "
        f"PSNR {found.psnr:.1f} dB, SSIM {found.ssim:.3f}"
    )
    draw(text, came, foreseen, path)
    _say(text)
    return path


def _film(data: "Dataset", episode: str, out: Path | None, frames: str | None, layers: str | None) -> Path:
    from .annotate.layers import DEFAULT, frames_in, layers_named
    from .annotate.video import film
    from .progress import counting

    row = data.find(episode)
    path = out if out is not None else Path(f"{row.uid}.mp4")
    chosen, span = layers_named(layers or DEFAULT), frames_in(frames, row.frames)
    with counting("filming") as progress:
        film(data, row.uid, path, chosen, span, progress)
    return path


def _record(data: "Dataset", episode: str, rrd: Path | None, frames: str | None, layers: str | None) -> Path | None:
    from .annotate.layers import RECORDED, frames_in, layers_named
    from .annotate.rerun_file import show_in_browser, write_rrd

    row = data.find(episode)
    chosen, span = layers_named(layers or RECORDED), frames_in(frames, row.frames)
    if rrd is None:
        show_in_browser(data, row.uid, chosen, span)
    else:
        write_rrd(data, row.uid, rrd, chosen, span)
    return rrd


@app.command()
def train(
    preset: Annotated[str, typer.Option(help="tiny, small or wan2.2-ti2v-5b.")] = "tiny",
    stage: Annotated[
        str, typer.Option(help="vae fits the preset's VAE, 1 trains the model, 2 its action head in the simulator.")
    ] = "1",
    settings: Annotated[list[str] | None, typer.Option("--set", help="field=value of the configuration.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Print settings, parameters and memory; then stop.")] = False,
    dataset: DatasetFolder = None,
) -> None:
    """Train AIM on a dataset; goes on from the run folder's newest checkpoint.

    Example: aimdata train --stage vae, then aimdata train, then aimdata train --stage 2 --set stage_2.tasks=click_bell
    """
    from .model.plan import plan
    from .model.presets import preset as preset_named
    from .model.settings import apply
    from .model.train import train as run

    given = [f"dataset={_root(dataset)}", f"stage={stage}", *(settings or [])]
    config = apply(preset_named(preset), given)
    if dry_run:
        _print(plan(config))
    else:
        typer.echo(_post_train(config) if config.stage == "2" else run(config))


def _post_train(config: "TrainConfig") -> Path:
    """Stage 2: the model learns from what simulator processes play."""
    from functools import partial

    from .model.grpo_episode import Player
    from .model.stage2 import Starts, post_train, supervised
    from .simgen.check import settings_named
    from .simgen.rollouts import Simulators
    from .simgen.task import named

    base, section = supervised(Path(config.run)), config.stage_2
    starts: Starts = [(task, setting) for task in named(section.tasks) for setting in settings_named(section.setting)]
    _need_renderer()
    player = partial(Player, base, section, config.device)
    with Simulators(max(config.workers, 1), Path(config.run), "builtin", player) as simulators:
        return post_train(config, base, starts, simulators)


@app.command()
def cache(
    preset: Annotated[str, typer.Option(help="tiny, small or wan2.2-ti2v-5b.")] = "tiny",
    settings: Annotated[list[str] | None, typer.Option("--set", help="field=value of the configuration.")] = None,
    dataset: DatasetFolder = None,
) -> None:
    """Encode every episode with the VAE once; `aimdata train --set data.latents=true` then trains on that.

    Example: aimdata cache --preset tiny
    """
    from .model.latents import encode_all
    from .model.presets import preset as preset_named
    from .model.settings import apply
    from .progress import counting

    config = apply(preset_named(preset), [f"dataset={_root(dataset)}", *(settings or [])])
    with counting("encoding") as progress:
        folder = encode_all(config, progress)
    typer.echo(folder)


@app.command("eval")
def evaluate(
    policy: Annotated[
        str, typer.Option(help="expert, replay, zero, random, a checkpoint's folder, or http://127.0.0.1:PORT.")
    ] = "expert",
    tasks: Annotated[str, typer.Option(help="Task names separated by commas, or 'all'.")] = "all",
    episodes: Annotated[int, typer.Option(help="Seeds per task and setting that the expert solves.")] = 10,
    setting: Annotated[str, typer.Option(help="easy, hard or both.")] = "both",
    seed: Annotated[int, typer.Option(help="First seed; datasets begin at 0.")] = 100_000,
    wording: Annotated[
        str, typer.Option(help="Instructions: seen, unseen, or auto (seen in easy, unseen in hard).")
    ] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that simulate side by side.")] = 1,
    share_model: Annotated[
        bool, typer.Option("--share-model", help="One model answers all workers, several at a time; else one each.")
    ] = False,
    unseen_objects: Annotated[bool, typer.Option("--unseen-objects", help="Draw objects no dataset holds.")] = False,
    embodiment: Annotated[str, typer.Option(help="A robot: 'builtin', or one of the assets folder.")] = "builtin",
    assets: Annotated[str, typer.Option(help="'builtin', or a folder in RoboTwin's layout.")] = "builtin",
    videos: Annotated[int, typer.Option(help="Films of failed trials, at most so many a task and setting.")] = 1,
    results: Annotated[
        Path | None, typer.Option(help="Folder of the trials; default eval-POLICY.", show_default=False)
    ] = None,
    dataset: DatasetFolder = None,
    json: AsJson = False,
) -> None:
    """Measure a policy closed loop: success rates per task, easy and hard; goes on where it stopped.

    --dataset names what the policy was trained on: its statistics scale what is replayed, its seeds must not be tried.

    Example: aimdata eval --policy replay --tasks click_bell --episodes 5
    """
    from .annotate.score_chart import score_chart
    from .progress import counting
    from .simgen import results as documents
    from .simgen.check import settings_named
    from .simgen.evaluate import evaluate as run
    from .simgen.protocol import EvalConfig
    from .simgen.task import named

    config = EvalConfig(
        results if results is not None else Path(f"eval-{Path(policy).name}"),
        named(tasks),
        settings_named(setting),
        episodes,
        seed,
        workers,
        unseen_objects,
        wording,
        embodiment,
        assets,
        policy=policy,
        about=_about(policy, dataset),
        videos=videos,
    )
    sees = policy not in BLIND
    if share_model and (not sees or "://" in policy):
        raise UsageError(f"--share-model is for checkpoints; '{policy}' has no model here to share.")
    if sees:
        _need_renderer()
        _keep_apart(config, dataset)
    film = _filming() if sees and videos else None
    with _player(policy, dataset, workers, share_model) as make_player, counting("evaluating") as progress:
        done = run(config, make_player, sees=sees, film=film, progress=progress)
    found = documents.results(config, done.trials)
    page = documents.write(found, config.results)
    score_chart(f"{policy}: success rates", found.protocol.sentences(), found.lines, config.results / documents.CHART)
    _print_results(found, config.results / documents.RESULTS) if json else typer.echo(page)
    if done.lacking:
        raise PartialResult(done.lacking)


BLIND = ("expert", "replay", "zero", "random")
"""Policies that need no pictures; all others are checkpoints and addresses."""


def _print_results(found: "Results", path: Path) -> None:
    from dataclasses import asdict

    for line in found.lines:
        _print(asdict(line))
    _print({"protocol": asdict(found.protocol), "results": str(path)})


def _about(policy: str, dataset: str | None) -> str:
    """What a policy is beyond its name; UsageError when there is none."""
    if policy == "replay":
        source = "each demonstration's own quantiles" if dataset is None else f"the statistics of {dataset}"
        return f"recorded actions, normalised and restored with {source}"
    if policy in BLIND or "://" in policy:
        return ""
    if not Path(policy).exists():
        raise unknown("policy", policy, [*BLIND, "a checkpoint's folder", "http://127.0.0.1:PORT"])
    from hashlib import sha256

    from .model import checkpoint

    meta = checkpoint.read_meta(Path(policy))
    document = sha256((Path(policy) / checkpoint.DOCUMENT).read_bytes()).hexdigest()
    return f"stage {meta.stage}, step {meta.step}, sha256 {document[:16]}"


def _keep_apart(config: "EvalConfig", dataset: str | None) -> None:
    """Refuses seeds a policy was trained on; says so where that is not known."""
    from .dataset.info import describe
    from .dataset.reader import Dataset
    from .model.checkpoint import read_meta
    from .model.stage2 import seeds_played
    from .simgen.protocol import keep_apart

    root, meta = _root(dataset), None if "://" in config.policy else read_meta(Path(config.policy))
    if meta is not None:
        keep_apart(config, seeds_played(meta), f"The training of {config.policy}")
    known = dataset is not None
    with suppress(DatasetError):
        known = describe(root).content_hash == meta.content_hash if meta is not None else known
        if known:
            seeds = {(row.task, row.seed) for row in Dataset.open(root).episodes}
            keep_apart(config, seeds, f"The dataset {root}")
            return
    _say(
        f"warning: {root} is not known to be the dataset of this policy, so nobody has checked that its seeds are not "
        f"among those tried ({config.seed} and up); name it with --dataset."
    )


def _filming() -> Callable | None:
    from importlib.util import find_spec

    from .annotate.trial_film import trial_film

    if find_spec("av") is None:
        _say("No films: PyAV is not installed; pip install 'aimdata[video]'.")
        return None
    return trial_film


@contextmanager
def _player(policy: str, dataset: str | None, workers: int, share: bool) -> Iterator[Callable | None]:
    """What makes the policy in a worker: None for the expert; a client of one server where the model is shared."""
    from functools import partial

    from .simgen import policies

    if policy == "replay":
        yield partial(_replay_player, dataset)
    elif policy in BLIND:
        yield {"expert": None, "zero": policies.zero, "random": policies.random}[policy]
    elif "://" in policy:
        yield partial(_remote_player, policy)
    elif share:
        with _serving(Path(policy)) as url:
            yield partial(_remote_player, url)
    else:
        yield partial(_checkpoint_player, Path(policy), max((os.cpu_count() or 1) // workers, 1))


@contextmanager
def _serving(policy: Path) -> Iterator[str]:
    """A server of the policy in this process, for as long as it is needed; yields its address."""
    from threading import Thread

    from .model.serve import policy_server

    with policy_server(policy, port=0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.url
        finally:
            server.shutdown()


def _replay_player(dataset: str | None) -> Callable:
    """Recorded actions through the normaliser that a policy trained on the dataset, or on just them, would use."""
    import numpy as np

    from .dataset.stats import read_stats
    from .model.normalise import Normaliser
    from .simgen.policies import replay

    if dataset is None:
        return replay(lambda actions: Normaliser.of(*np.quantile(actions, (0.01, 0.99), axis=0)))
    stats = read_stats(_root(dataset))["action"]
    normaliser = Normaliser.of(stats.q01, stats.q99)
    return replay(lambda actions: normaliser)


def _checkpoint_player(path: Path, threads: int) -> Callable:
    """A model of this worker's own, which leaves the other workers their share of the cores."""
    import torch

    from .model.device import device_named
    from .model.policy import Policy

    loaded = Policy.load(path, device_named("auto"))
    torch.set_num_threads(min(threads, torch.get_num_threads()))
    return lambda demonstration: loaded


def _remote_player(url: str) -> Callable:
    from .model.remote import RemotePolicy

    remote = RemotePolicy(url)
    return lambda demonstration: remote


@app.command()
def serve(
    policy: Annotated[Path, typer.Option(help="A checkpoint's folder.")],
    port: Annotated[int, typer.Option(help="Of 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 8000,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="field=value of sampling: video_steps, order, seed…")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Serve a policy to programs on this machine, several at a time, until interrupted.

    Example: aimdata serve --policy aim-runs/tiny/stage-1/step-000300, then aimdata eval --policy http://127.0.0.1:8000
    """
    from .model.sampling import SamplingConfig
    from .model.serve import policy_server
    from .model.settings import apply

    with policy_server(policy, port, device, apply(SamplingConfig(), settings or [])) as server:
        typer.echo(server.url)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


@app.command("export")
def export_to(
    form: Annotated[
        str, typer.Argument(metavar="FORMAT", help="lerobot, gr00t, replay-buffer, robomimic or robotwin-hdf5.")
    ],
    out: Annotated[Path, typer.Argument(help="The folder or file to make.")],
    tasks: Annotated[str, typer.Option(help="Task names separated by commas, or 'all'.")] = "all",
    setting: Annotated[str, typer.Option(help="easy, hard or both.")] = "both",
    maps: Annotated[str, typer.Option(help="Value maps to carry: none, next or all.")] = "next",
    layout: Annotated[str, typer.Option(help="views (a picture per camera) or canvas.")] = "views",
    depth: Annotated[bool, typer.Option("--depth", help="Carry depth, where the format can.")] = False,
    generation: Annotated[str, typer.Option(help="Of RoboTwin's HDF5: classic or xpolicylab.")] = "classic",
    dataset: DatasetFolder = None,
    json: AsJson = False,
) -> None:
    """Write episodes in another project's format; goes on where it stopped, and says what it cannot carry.

    Example: aimdata export lerobot click-bell-lerobot --tasks click_bell
    """
    from dataclasses import asdict

    from .dataset.convert.formats import export
    from .dataset.convert.job import ExportOptions
    from .dataset.reader import Dataset
    from .progress import counting

    options = ExportOptions(maps, layout, depth, generation)
    with counting("exporting") as progress:
        done = export(Dataset.open(_root(dataset)), form, out, options, tasks, setting, progress)
    for note in done.notes:
        _say(note)
    _print({**asdict(done), "path": str(done.path)}) if json else typer.echo(done.path)


@app.command("import")
def import_from(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="robotwin (HDF5, both generations) or lerobot.")],
    source: Annotated[Path, typer.Argument(help="The folder to read; of RoboTwin also one file.")],
    task: Annotated[str | None, typer.Option(help="The task's name, where the source does not tell.")] = None,
    setting: Annotated[str | None, typer.Option(help="easy or hard, where the source does not tell.")] = None,
    embodiment: Annotated[str | None, typer.Option(help="The robot's name, where the source does not tell.")] = None,
    fps: Annotated[str | None, typer.Option(help="The true frame rate, for instance 25 or 250/15.")] = None,
    colors: Annotated[str, typer.Option(help="RoboTwin's red and blue: auto, swapped or plain.")] = "auto",
    dataset: DatasetFolder = None,
    json: AsJson = False,
) -> None:
    """Read episodes of another project's format into a dataset of their own; goes on where it stopped.

    Example: aimdata import robotwin data/click_bell/demo_clean -d robotwin-data
    """
    from dataclasses import asdict

    from .dataset.convert.formats import import_from as run
    from .dataset.convert.intake import ImportOptions
    from .progress import counting

    root = _root(dataset)
    with counting("importing") as progress:
        done = run(form, root, source, ImportOptions(task, setting, embodiment, fps, colors), progress)
    for line in (*done.notes, *done.refused):
        _say(line)
    _print(asdict(done)) if json else _say(f"{done.imported} episodes imported, {done.present} were there before.")
    if done.refused:
        raise PartialResult(f"{len(done.refused)} episodes of {source} were left out; the lines above say why.")


@app.command("publish-hf")
def publish_hf(
    repo: Annotated[str, typer.Option(help="user/name on the Hugging Face Hub.")],
    private: Annotated[bool, typer.Option("--private", help="Make the repository private.")] = False,
    zarr_only: Annotated[bool, typer.Option("--zarr-only", help="Leave LeRobot's files out.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be sent and stop.")] = False,
    dataset: DatasetFolder = None,
) -> None:
    """Upload a dataset, also as LeRobot's, with its card; run again after an interruption.

    Example: aimdata publish-hf --repo me/aim-demo --dry-run
    """
    from .dataset.publish import plan, publish
    from .progress import counting

    root = _root(dataset)
    planned = plan(root, repo, zarr_only=zarr_only)
    for warning in planned.warnings:
        _say(f"warning: {warning}")
    if dry_run:
        typer.echo(planned)
    else:
        with counting("exporting") as progress:
            sent = publish(root, repo, private=private, zarr_only=zarr_only, progress=progress)
        typer.echo(sent.url)


@app.command()
def info(dataset: DatasetPlace = None, json: AsJson = False) -> None:
    """Describe a dataset: episodes, frames, tasks, content hash.

    Example: aimdata info --json
    """
    from dataclasses import asdict

    from .dataset.info import describe

    found = asdict(describe(_place(dataset)))
    if json:
        _print(found)
    else:
        _table((name, str(value)) for name, value in found.items())


@app.command()
def tasks(
    check: Annotated[
        bool, typer.Option("--check", help="Attempt seeds of the tasks and count; goes on where it stopped.")
    ] = False,
    stats: Annotated[
        Path | None, typer.Option(help="Count the attempts of a dataset or results folder.", show_default=False)
    ] = None,
    only: Annotated[str, typer.Option("--tasks", help="With --check: task names, or 'all'.")] = "all",
    setting: Annotated[str, typer.Option(help="With --check: easy, hard or both.")] = "both",
    seeds: Annotated[int, typer.Option(help="With --check: consecutive seeds a task and setting.")] = 20,
    seed: Annotated[int, typer.Option(help="With --check: the first seed.")] = 0,
    workers: Annotated[int, typer.Option(help="With --check: processes that simulate side by side.")] = 1,
    shard: Annotated[str, typer.Option(help="With --check: I/N does every N-th attempt, from the I-th on.")] = "1/1",
    results: Annotated[Path, typer.Option(help="With --check: folder of the attempts' log.")] = Path("task-check"),
    json: AsJson = False,
) -> None:
    """List the tasks, attempt them (--check), or count what was attempted (--stats).

    Example: aimdata tasks --check --tasks click_bell --seeds 5
    """
    from .dataset import attempts
    from .simgen.task import named
    from .simgen.task import tasks as registered

    if check:
        from .annotate.count import count_events
        from .progress import counting
        from .simgen.check import CheckConfig, settings_named, shard_named
        from .simgen.check import check as run

        config = CheckConfig(results, named(only), settings_named(setting), seeds, seed, workers, shard_named(shard))
        with counting("attempting") as progress:
            _task_stats(run(config, count_events, progress), json, judge=True)
    elif stats is not None:
        _task_stats(attempts.read(stats), json)
    else:
        for name, task in registered().items():
            if json:
                _print({"name": name, "objects": sorted(task.objects()), "limit": task.limit})
            else:
                about = (sys.modules[task.__module__].__doc__ or "").strip().splitlines()[0]
                typer.echo(f"{name:28} {about}")


def _task_stats(attempts: Iterable, json: bool, *, judge: bool = False) -> None:
    from dataclasses import asdict

    from .simgen.stats import LEAST, MEAN, shortcomings, summarise, table

    rows = summarise(attempts)
    if json:
        for row in rows:
            _print(asdict(row))
    else:
        for line in table(rows):
            typer.echo(line)
    missed = shortcomings(rows, LEAST, MEAN) if judge else []
    if missed:
        raise VerificationFailed("The tasks are not done as well as they should be: " + "; ".join(missed) + ".")


@app.command()
def doctor(json: AsJson = False) -> None:
    """Check this machine: renderer, versions, GPU, disk; says what to install.

    Example: aimdata doctor
    """
    from dataclasses import asdict

    from .simgen.doctor import diagnose, exit_code

    findings = diagnose(_root(None))
    for finding in findings:
        if json:
            _print(asdict(finding))
        else:
            advice = f"\n{'':24}{finding.advice}" if finding.advice else ""
            typer.echo(f"{finding.status:5} {finding.name:16}  {finding.found}{advice}")
    raise typer.Exit(exit_code(findings))


@app.command()
def card(
    dataset: DatasetPlace = None,
    format_only: Annotated[bool, typer.Option("--format-only", help="The format alone, without a dataset.")] = False,
) -> None:
    """Print the dataset card.

    Example: aimdata card --format-only > DATASET_CARD.md
    """
    from .dataset.card import render as render_card
    from .dataset.reader import Dataset

    typer.echo(render_card(None if format_only else Dataset.open(_place(dataset))), nl=False)


def _need_renderer() -> None:
    from .simgen.render_probe import renderer_problem

    problem = renderer_problem()
    if problem is not None:
        raise MissingExtra(f"{problem} Or record the state alone with --no-render.")


def _table(rows: Iterable[tuple[str, str]]) -> None:
    for name, value in rows:
        typer.echo(f"{name:16} {value}")


def main() -> None:
    """Entry point: turns errors a user can meet into one sentence and an exit code."""
    try:
        app()
    except AimdataError as error:
        _say(f"aimdata: {error}")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as end:  # typer turns the one into the other
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        _say("aimdata: interrupted; finished episodes are kept, run the same command to go on.")
        sys.exit(INTERRUPTED)
    except OSError as error:
        _say(f"aimdata: {error.filename or 'The output'} cannot be used ({error.strerror}); free or change that place.")
        _drop_output()
        sys.exit(1)


def _drop_output() -> None:
    """What could not be written would be tried again, and fail again, at the interpreter's end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
