"""Offline gates of the value-map ablation: what the VAE keeps of the maps, and whether the actions depend on them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from aimdata.model import checkpoint
from aimdata.model.canvas import scale_canvas, value_video, video_value
from aimdata.model.config import SamplerConfig
from aimdata.model.data import Batch, Clips, StepSampler, collate, open_source
from aimdata.model.data_config import DataConfig
from aimdata.model.grpo.explorer import velocity_of
from aimdata.model.grpo.sampler import follow_ode
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.offline_evaluation import HOT, peaks_found
from aimdata.model.inference.policy import Policy
from aimdata.model.inference.sampling import sample
from aimdata.model.network.aim import Aim
from aimdata.model.network.backbone import VideoCoder
from aimdata.model.network.cache import Cache
from aimdata.model.network.chunk import Chunk
from aimdata.model.network.instruction import Instruction
from torch.utils.data import DataLoader

BATCHES, BATCH = 8, 8
ODE = SamplerConfig(steps=10)


def peaks(run: Path, data: Path) -> float:
    """Share of the map peaks of episodes held back that lie within a latent cell after the VAE of a run."""
    return peaks_found(*_maps(run, data))


def shift(run: Path, data: Path) -> float:
    """How far the VAE of a run moves the value maps of episodes held back: a median, in pixels of the head view."""
    true, found = _maps(run, data)
    hot = true.max(axis=(1, 2)) >= HOT
    return float(np.median(shifts(true[hot], found[hot])))


def shifts(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Pixels (T,) between the places of maps (T, H, W); a map that is lost, black, has moved by the diagonal.

    The place of a map is the mean position of its pixels of at least half its peak, weighted by their levels.
    """
    moved = np.linalg.norm(_places(after) - _places(before), axis=1)
    return np.nan_to_num(moved, nan=float(np.hypot(*before.shape[1:])))


def _places(maps: np.ndarray) -> np.ndarray:
    """(T, 2) rows and columns; NaN for black maps."""
    level = np.where(maps >= maps.max(axis=(1, 2), keepdims=True) / 2, maps, 0).astype(float)
    moments = np.stack([(level * axis).sum(axis=(1, 2)) for axis in np.indices(maps.shape[1:])], axis=1)
    total = level.sum(axis=(1, 2))[:, None]
    return np.divide(moments, total, out=np.full_like(moments, np.nan), where=total > 0)


@torch.no_grad()
def _maps(run: Path, data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Value maps (T, H, W) uint8 in the head view, of episodes held back, before and after the VAE of a run."""
    coder, meta = fitted_coder(run)
    head = scale_canvas(meta.canvas, meta.data.height, meta.data.width).views[0].slices
    true = [batch.value[:, 0] for batch in _batches(_held_back(data, meta.data))]
    found = [video_value(coder.decode(coder.encode(value_video(value)))) for value in true]
    before, after = (torch.cat(part).flatten(0, 1)[:, *head].numpy() for part in (true, found))
    return before, after


def fitted_coder(run: Path) -> tuple[VideoCoder, checkpoint.CheckpointMeta]:
    """The VAE of a run, and what its checkpoint says of it."""
    path = checkpoint.latest(run / "stage-vae")
    assert path is not None
    meta = checkpoint.read_meta(path)
    coder = VideoCoder(meta.backbone)
    checkpoint.load_into(coder.vae, path, "vae")
    return coder, meta


@torch.no_grad()
def errors(policy: Path, data: Path) -> dict[str, float]:
    """Mean absolute error of the actions, as a share of their range, given true, shuffled, black and imagined maps.

    Future RGB is the true one, except for `imagined`, where the policy imagines both as in a rollout. Samples are of
    episodes held back; `shuffled` maps are those of another sample.
    """
    loaded = Policy.load(policy)
    totals = {"true": 0.0, "shuffled": 0.0, "black": 0.0, "imagined": 0.0}
    for number, batch in enumerate(_batches(_held_back(data, loaded.meta.data))):
        maps = {"true": batch.value, "shuffled": batch.value.roll(1, 0), "black": torch.zeros_like(batch.value)}
        for name, value in maps.items():
            totals[name] += _error(loaded, replace(batch, value=value), number) / BATCHES
        totals["imagined"] += _error(loaded, batch, number, imagined=True) / BATCHES
    return totals


def _error(policy: Policy, batch: Batch, number: int, *, imagined: bool = False) -> float:
    world, aim = policy.world, policy.world.aim
    encoded = world.encode(batch)
    future, text = encoded.futures[0], aim.encode_text(encoded.text)
    seen = aim.extend_cache(text, encoded.past)
    shown = _imagined(aim, text, seen, future, number) if imagined else future
    cache = aim.extend_cache(text, None, [shown.as_future()], seen)
    noise = torch.randn(future.actions.shape, generator=torch.Generator().manual_seed(number))
    actions = follow_ode(ODE, velocity_of(world, text, future.now, cache), noise)
    return float((actions - future.actions).abs().mean() / 2)


def _imagined(aim: Aim, text: Instruction, seen: Cache, future: Chunk, number: int) -> Chunk:
    """The chunk with RGB and maps that the model imagines."""
    video, value = torch.randn((2, *future.video.shape), generator=torch.Generator().manual_seed(number))
    return sample(aim, text, seen, replace(future, video=video, value=value), SamplingConfig())


def _held_back(data: Path, config: DataConfig) -> Clips:
    """Samples with pictures, of the episodes held back or, without any, of all."""
    source = open_source(data, replace(config, latents=False, maps="own", chunks=1))
    return source.validation or source.clips


def _batches(clips: Clips) -> Iterator[Batch]:
    yield from DataLoader(clips, batch_sampler=StepSampler(len(clips), BATCH, 0, range(BATCHES)), collate_fn=collate)
