"""The fixed pool of training seeds: those that the policy of stage 1 solves sometimes. Its search resumes."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ...dataset.storage.atomic import replace
from ...dataset.storage.json_documents import from_json
from ...errors import AimdataError, DatasetError
from ..config import GrpoTraining
from .episode import Episode, RunEpisodes
from .seeds import SEARCH, TaskSettings, group

POOL = "pool.json"
CANDIDATES_PER_SEED = 8
"""Seeds tried for each seed of the pool before the search is given up."""
Searched = Callable[[int, int], None]
"""Receives the number of seeds found for the pool and the number wanted, after every seed tried."""


@dataclass
class PoolSearch:
    """Success rates of the policy of stage 1 by "task/setting" and seed; None where no episode of the group could run.

    `of` stands for that policy and all settings that the rates depend on.
    """

    of: str
    rates: dict[str, dict[int, float | None]] = field(default_factory=dict)


def unshown(found: int, wanted: int) -> None:
    """Show no progress."""


def training_pool(
    section: GrpoTraining,
    run_seed: int,
    starts: TaskSettings,
    folder: Path,
    run: RunEpisodes,
    weights: Path,
    searched: Searched = unshown,
) -> list[list[int]]:
    """The pool of a run, a list of seeds for each task and setting: the first ones with a rate within `pool_success`.

    Every rate is stored in the folder before the next seed is tried, and none is measured twice.

    Raises:
        AimdataError: too few seeds have a success rate within `pool_success`, or the stored rates are damaged.
    """
    if not section.pool:
        return []
    path = folder / POOL
    search = _stored(path, _policy(section, run_seed, weights))
    pool: list[list[int]] = []
    for start in starts:
        rates, found = search.rates.setdefault("/".join(start), {}), list[int]()
        for seed in range(section.first_seed, section.first_seed + CANDIDATES_PER_SEED * section.pool):
            if seed not in rates:
                rates[seed] = _rate(run(group(section, start, seed, (run_seed, SEARCH, seed), weights)))
                replace(path, msgspec.json.encode(search))
            if _fits(section, rates[seed]):
                found.append(seed)
            searched(section.pool * len(pool) + len(found), section.pool * len(starts))
            if len(found) == section.pool:
                break
        else:
            raise _too_few(section, start[0], len(found))
        pool.append(found)
    return pool


def _policy(section: GrpoTraining, run_seed: int, weights: Path) -> str:
    """sha256 of the weights and of the settings that decide the rates."""
    deciding = [run_seed, section.group, section.limit, section.video_steps, section.shift_video, section.sampler]
    digest = hashlib.sha256(msgspec.json.encode(deciding))
    with weights.open("rb") as file:
        digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _stored(path: Path, policy: str) -> PoolSearch:
    """The search of this policy, empty where another one or none is stored."""
    if not path.exists():
        return PoolSearch(policy)
    try:
        search = from_json(path.read_bytes(), PoolSearch, path)
    except DatasetError as error:
        raise AimdataError(f"{error} Remove the file to search again.") from error
    return search if search.of == policy else PoolSearch(policy)


def _rate(episodes: Sequence[Episode | None]) -> float | None:
    """The success rate of the episodes that could be run."""
    ran = [episode.success for episode in episodes if episode is not None]
    return sum(ran) / len(ran) if ran else None


def _fits(section: GrpoTraining, rate: float | None) -> bool:
    low, high = section.pool_success
    return rate is not None and low <= rate <= high


def _too_few(section: GrpoTraining, task: str, found: int) -> AimdataError:
    low, high = section.pool_success
    return AimdataError(
        f"Only {found} of {CANDIDATES_PER_SEED * section.pool} seeds of {task} have a success rate from {low:g} to "
        f"{high:g} under the policy of stage 1; lower stage_2.pool, widen stage_2.pool_success or train stage 1 longer."
    )
