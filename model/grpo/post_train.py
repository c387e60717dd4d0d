"""Stage 2: GRPO on the action head in the simulator. All other weights are frozen, and checked to be.

A step runs groups of episodes with the same start and passes over their chunks `epochs` times in minibatches.
Its episodes and noise are a function of (seed, step) and the weights, so a resumed run is bit-identical.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file
from torch import Tensor

from ...errors import AimdataError, UsageError
from .. import checkpoint
from ..checkpoint import CheckpointMeta
from ..config import TrainConfig, check, result_settings
from ..parallel import Ranks, gather
from ..training.interruption import watch_sigterm
from ..training.learner import ALONE, Learner
from ..training.reporting import Progress, reporting, silent, unreported
from ..training.resume import find_resumable
from .episode import Episode, EpisodeRequest, RunEpisodes, packed, unpacked
from .policy_networks import PolicyNetworks, frozen_hash, load_networks
from .pool import CANDIDATES_PER_SEED, Searched, training_pool, unshown
from .seeds import TaskSettings, evaluation_requests, requests
from .update import update


def supervised(run: Path) -> Path:
    """The checkpoint of stage 1 that stage 2 starts from; UsageError if there is none."""
    path = checkpoint.latest(run / "stage-1")
    if path is None:
        raise UsageError(
            f"{run} holds no model of stage 1; run `aimdata train`, or name its folder with --set run=DIR."
        )
    return path


def post_train(
    config: TrainConfig,
    base: Path,
    starts: TaskSettings,
    run_episodes: RunEpisodes,
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
    networks: PolicyNetworks | None = None,
    ranks: Ranks = ALONE,
    searched: Searched = unshown,
) -> Path:
    """Train the action head of `base`, a checkpoint of stage 1; resumes from the run's newest checkpoint of stage 2.

    Args:
        config: the run; backbone, model and data are those of `base`.
        base: what `supervised` returns.
        starts: tasks and settings.
        run_episodes: runs episodes in the simulator; each rank runs its share of them.
        progress: called with steps done, steps in all, and the loss.
        stop: once it is true, or SIGTERM has arrived, training ends after the current step, with a checkpoint.
        networks: what `load_networks` returned for `base`; loaded here by default.
        ranks: the processes that share the work, each of which calls this function.
        searched: called with seeds found and seeds wanted after each seed tried for the pool.

    Raises:
        KeyboardInterrupt: `stop` was true in the search for the pool, which goes on from there.
        UsageError: a setting is invalid, or the model's actions cannot be sampled alone.
        CheckpointError: the run folder holds a damaged checkpoint or one trained under other settings.
        AimdataError: what is frozen changed.
    """
    check(config)
    meta, section, folder = checkpoint.read_meta(base), config.stage_2, Path(config.run) / "stage-2"
    config = replace(config, backbone=meta.backbone, aim=meta.aim, data=meta.data)
    networks = networks or load_networks(config, base, ranks)
    frozen = frozen_hash(networks.world)
    training = {**result_settings(config), "frozen": frozen, "starts": [list(pair) for pair in starts]}
    meta = replace(meta, stage="2", steps=section.steps, backbone=networks.world.backbone, training=training, files={})
    learner, start = Learner(networks.trained, config, ranks), 0
    previous = find_resumable(config, folder, training)
    if previous is not None:
        start = checkpoint.read_meta(previous).step
        checkpoint.load_into(networks.trained, previous, "trained")
        learner.load(previous, start)
        if start >= section.steps:
            return previous
    run_all, first = _shared(ranks, run_episodes), ranks.rank == 0

    def try_next(found: int, wanted: int) -> None:
        if first:
            searched(found, wanted)
        if ranks.any(stop()):
            raise KeyboardInterrupt

    with _published(networks.reference.state_dict(), folder, 0, ranks) as weights:
        pool = training_pool(section, config.seed, starts, folder, run_all, weights, try_next)
    steps = range(start, section.steps)
    with (
        reporting(folder, steps, progress) if first else nullcontext(unreported) as report,
        watch_sigterm() as terminated,
    ):
        for step in steps:
            with _published(networks.trained_weights(), folder, step, ranks) as weights:
                evaluated = _evaluate(config, starts, step, weights, run_all)
                finished = run_all(requests(section, config.seed, starts, pool, step, weights))
            episodes = [unpacked(episode, networks.used.device) for episode in finished]
            groups, rng = _groups(episodes, section.group), np.random.default_rng((config.seed, step))
            report(step + 1, {**update(networks, section, learner, groups, step, rng), **evaluated})
            stopping = ranks.any(terminated() or stop())
            if stopping or step + 1 == section.steps or (step + 1) % config.save_every == 0:
                _save(networks, learner, folder, replace(meta, step=step + 1), config.keep)
            if stopping:
                break
    final = checkpoint.latest(folder)
    assert final is not None
    return final


def _shared(ranks: Ranks, run_episodes: RunEpisodes) -> RunEpisodes:
    """Run every `ranks.count`-th episode on this rank; all ranks get all episodes."""
    if ranks.count == 1:
        return run_episodes

    def run(asked: Sequence[EpisodeRequest]) -> list[Episode | None]:
        own = slice(ranks.rank, None, ranks.count)
        found: list[Episode | None] = [None] * len(asked)
        found[own] = [packed(episode) for episode in run_episodes(asked[own])]
        return ranks.merged(found)

    return run


def _evaluate(
    config: TrainConfig, starts: TaskSettings, step: int, weights: Path, run_episodes: RunEpisodes
) -> dict[str, float]:
    """Scalars of the evaluation due before this step; none if it is not due."""
    section = config.stage_2
    if not section.eval_seeds or step % section.eval_every:
        return {}
    found = run_episodes(evaluation_requests(section, config.seed, starts, weights))
    episodes = [episode for episode in found if episode is not None]
    if not episodes:
        return {}
    return {
        "eval_success": float(np.mean([episode.success for episode in episodes])),
        "eval_heat": float(np.mean([episode.heat for episode in episodes])),
    }


def training_seeds(meta: CheckpointMeta) -> set[tuple[str, int]]:
    """Tasks and seeds that a checkpoint was trained on in the simulator; none before stage 2."""
    if meta.stage != "2":
        return set()
    section, starts = meta.training["stage_2"], meta.training["starts"]
    first = section["first_seed"]
    if section.get("pool"):
        tried = range(first, first + CANDIDATES_PER_SEED * section["pool"])
        return {(task, seed) for task, _ in starts for seed in tried}
    turns = (divmod(number, len(starts)) for number in range(meta.step * section["groups"]))
    return {(starts[which][0], first + turn) for turn, which in turns}


def _groups(episodes: Sequence[Any], size: int) -> list[list[Any]]:
    """The episodes by group, without those that could not be run."""
    slices = [episodes[start : start + size] for start in range(0, len(episodes), size)]
    return [[episode for episode in group if episode is not None] for group in slices]


@contextmanager
def _published(weights: Mapping[str, Tensor], folder: Path, step: int, ranks: Ranks) -> Iterator[Path]:
    """A file with the weights to act with, written by the first rank, removed afterwards."""
    path = folder.resolve() / f".playing-{step:06d}.safetensors"
    if ranks.rank == 0:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.cpu().contiguous() for name, tensor in weights.items()}, path)
    ranks.wait()
    try:
        yield path
        ranks.wait()
    finally:
        if ranks.rank == 0:
            path.unlink(missing_ok=True)


def _save(networks: PolicyNetworks, learner: Learner, folder: Path, meta: CheckpointMeta, keep: int) -> None:
    """Write a checkpoint, as one process would, on the first rank.

    Raises:
        AimdataError: what is frozen changed.
    """
    if frozen_hash(networks.world) != meta.training["frozen"]:
        raise AimdataError("Weights that stage 2 must not touch have changed; no checkpoint was written.")
    trained = networks.trained_weights()
    optimised = {
        part: {name: gather(tensor).cpu() for name, tensor in tensors.items()}
        for part, tensors in learner.parts().items()
    }
    if learner.ranks.rank == 0:
        aim = {**networks.stored["aim"], **{name: part for name, part in trained.items() if name.startswith("action.")}}
        checkpoint.write(folder, meta, {**networks.stored, "aim": aim, "trained": trained, **optimised}, keep)
    learner.ranks.wait()
