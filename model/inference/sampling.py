"""Sampling a future chunk: Euler steps of RGB and value maps, and of the actions, each on its own time grid."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar, cast

import torch
from torch import Tensor

from ..network.aim import Aim
from ..network.attention import ancestors
from ..network.cache import Cache
from ..network.chunk import Chunk, Future
from ..network.flow import euler, grid
from ..network.instruction import Instruction
from .config import SamplingConfig


def schedule(config: SamplingConfig) -> list[tuple[float, float]]:
    """(t_video, t_action) before the first step and after each step."""
    video = grid(config.video_steps, config.shift_video).tolist()
    steps = config.video_steps if config.order == "sync" else config.action_steps
    action = grid(steps, config.shift_action).tolist()
    if config.order == "sequential":
        return [(t, 1.0) for t in video] + [(0.0, t) for t in action[1:]]
    longest = max(len(video), len(action))
    video, action = (times + [0.0] * (longest - len(times)) for times in (video, action))
    return list(zip(video, action, strict=True))


def sample(aim: Aim, text: Instruction | Tensor, cache: Cache, noise: Chunk, config: SamplingConfig) -> Chunk:
    """Denoise pure noise to a clean chunk."""
    *_, (chunk, _) = denoise(aim, text, cache, noise, config)
    return chunk


def denoise(
    aim: Aim,
    text: Instruction | Tensor,
    cache: Cache,
    noise: Chunk,
    config: SamplingConfig,
    frozen: Tensor | None = None,
) -> Iterator[tuple[Chunk, bool]]:
    """Denoise pure noise to a clean chunk; yields the chunk after each step and whether its actions are final.

    Parts that do not change are not recomputed: while only the video is denoised there are no action tokens, unless the
    video sees them; once the video is clean, its keys and values join the cache and only action tokens are computed.
    The depth branch runs only in the video's last step. The first actions are kept at `frozen` (B, *, P), noised to the
    level of each step, so that the others continue them.
    """
    chunk, mutual = noise, "a" in ancestors(aim.table, "x") | ancestors(aim.table, "m")
    with_video: Cache | None = None
    for (video, action), (video_next, action_next) in pairwise(schedule(config)):
        with torch.no_grad():  # not around the yield: what is left suspended there could not end with the program
            t_video, t_action = (_level(t, noise.actions) for t in (video, action))
            if video == 0 and not mutual:
                with_video = with_video or aim.extend_cache(text, None, [chunk.as_future()], cache)
                shown = Future(chunk.now, actions=chunk.actions, t_action=t_action)
            else:
                shown = chunk.as_future(t_video, t_action if mutual or action_next < action else None)
            (v,) = aim(text, None, [shown], with_video or cache, depth=video > video_next == 0)
            chunk = replace(
                chunk,
                video=_moved(chunk.video, v.video, video, video_next),
                value=_moved(chunk.value, v.value, video, video_next),
                actions=_moved(chunk.actions, v.actions, action, action_next),
                ends=_moved(chunk.ends, v.ends, action, action_next),
                depth=chunk.depth if v.depth is None else v.depth,
            )
            if frozen is not None and action_next < action:
                known = (1 - action_next) * frozen + action_next * noise.actions[:, : frozen.shape[1]]
                chunk = replace(chunk, actions=torch.cat([known, chunk.actions[:, frozen.shape[1] :]], dim=1))
        yield chunk, action_next == 0


Latents = TypeVar("Latents", Tensor, Tensor | None)


def _moved(z: Latents, v: Tensor | None, start: float, stop: float) -> Latents:
    return z if z is None or v is None else cast(Latents, euler(z, v, start, stop))


def _level(t: float, actions: Tensor) -> Tensor:
    return torch.full((len(actions),), t, dtype=torch.float32, device=actions.device)
