"""One trial: the expert shows that a seed can be done, then a policy tries it from the same beginning."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol, runtime_checkable

from ..dataset.attempts import Attempt
from ..dataset.policy import Policy
from ..dataset.recording import EpisodeMeta, Recording
from .instructions import takers, wording, write
from .job import Job
from .layout import draw_layout
from .model import AssetLibrary
from .protocol import Wording
from .streams import stream
from .task import find

Player = Callable[[Recording], Policy]
"""Gives the policy for an episode whose demonstration by the expert is known."""


@runtime_checkable
class Marked(Protocol):
    """A policy with figures of its own to report."""

    marks: Mapping[str, float]


def try_seed(job: Job, library: AssetLibrary, player: Player | None, *, sees: bool, told: Wording = "seen") -> Attempt:
    """One trial: `unreachable` if the expert fails, else what the policy (the expert, when None) achieves.

    Args:
        job: the seed.
        library: the assets.
        player: makes the policy.
        sees: whether it is given pictures.
        told: the kind of its instruction's wording.
    """
    from .sapien.attempt import run
    from .sapien.rollout import rollout

    expert = run(job, library)
    if expert.recording is None:
        reason = f"the expert: {expert.attempt.outcome}, {expert.attempt.reason}"
        return replace(expert.attempt, outcome="unreachable", reason=reason)
    if player is None:
        return expert.attempt
    policy, text = player(expert.recording), instruction(job, library, expert.recording.meta, told)
    done = rollout(job, library, policy, text, sees=sees)
    missed = ", ".join(name for name, holds in done.conditions.items() if not holds)
    return Attempt(
        job.task,
        job.setting,
        job.seed,
        "success" if done.success else "failed",
        f"after {len(done.actions)} actions not true: {missed}" if missed else "",
        dict(done.conditions),
        frames=len(done.state),
        marks=dict(policy.marks) if isinstance(policy, Marked) else {},
    )


def instruction(job: Job, library: AssetLibrary, demonstrated: EpisodeMeta, kind: Wording) -> str:
    """What the policy is told: a seen or unseen wording with seen or unseen names; the arms are the expert's."""
    layout = draw_layout(find(job.task)(), job.seed, library, job.setting)
    templates = getattr(wording(job.task), kind)
    names = layout.names if kind == "seen" else layout.unseen_names
    rng = stream(job.task, job.seed, "language")
    return write(templates, names, demonstrated.arms_used, takers(demonstrated), rng)
