"""What a policy foresees along a recorded episode, beside what came: its pictures, its maps, its actions.

The policy sees the recorded frames and actions, chunk after chunk, and imagines each chunk before it sees it.

Dimensions: T frames foreseen, 8 a chunk; H W canvas of the model; K actions; P numbers of an action.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..dataset.channels import CHANNELS
from ..dataset.durable import replace
from ..dataset.reader import Dataset
from ..dataset.repacking import repacked
from .backbone import SPATIAL_STRIDE
from .data import FRAMES_PER_CHUNK
from .metrics import psnr, ssim
from .policy import Observations, Policy

HOT = 64
"""Level from which a map shows something."""
SHOWN = 8
LEFT, TOP, GAP, PLOT = 150, 70, 8, 96
SHORTEST = 0.3
"""Range of a curve's axis at least, rad or opening: an arm that rests looks as if it does."""
INK, SOFT, TRUE, FOUND = (30, 30, 30), (225, 225, 225), (70, 70, 70), (225, 90, 20)


@dataclass(frozen=True, eq=False)
class Seen:
    """rgb uint8 (T, H, W, 3), value uint8 (T, H, W), actions (K, P) in rad and opening."""

    rgb: np.ndarray
    value: np.ndarray
    actions: np.ndarray


@dataclass(frozen=True)
class Score:
    """How well an episode was foreseen.

    peaks: share of the frames whose map, in the head's view, peaks within one latent cell of the true one, of those
    that have a peak; NaN where none has. actions: mean error as a share of the channel's range. psnr in dB.
    """

    peaks: float
    actions: float
    psnr: float
    ssim: float


def foresee(policy: Policy, data: Dataset, episode: str) -> tuple[Seen, Seen]:
    """What came and what was foreseen, up to the last chunk that begins in the episode; after its end it rests."""
    row, config, chunk = data.find(episode), policy.meta.data, policy.meta.data.actions
    state, action = (data.array(row.uid, name) for name in ("state", "action"))
    rgb = data.array(row.uid, "rgb")
    policy.reset(row.instruction)
    found = []
    for begin in range(0, row.frames - 1, chunk):
        fresh = slice(max(begin - chunk + 1, 0), begin + 1)
        policy.act(Observations(rgb[fresh], state[fresh]), action[max(begin - chunk, 0) : begin])
        found.append(policy.predict())
    frames = np.minimum(config.stride * np.arange(1, FRAMES_PER_CHUNK * len(found) + 1), row.frames - 1)
    value = data.array(row.uid, "value_next", frames.tolist())
    came = Seen(
        repacked(rgb[frames], policy.meta.canvas, policy.small),
        repacked(value, policy.meta.canvas, policy.small),
        action[np.minimum(np.arange(chunk * len(found)), row.frames - 1)],
    )
    return came, Seen(*(np.concatenate([getattr(f, name) for f in found]) for name in ("rgb", "value", "actions")))


def score(policy: Policy, came: Seen, foreseen: Seen) -> Score:
    """Measures of `foresee`."""
    head, normaliser = policy.small.views[0].slices, policy.meta.normalisation.action
    true, found = (seen.value[:, *head] for seen in (came, foreseen))
    hot = true.reshape(len(true), -1).max(axis=1) >= HOT
    away = np.abs(_peaks(true[hot]) - _peaks(found[hot])).max(axis=1)
    error = np.abs(normaliser.apply(foreseen.actions) - normaliser.apply(came.actions)).mean() / 2
    return Score(
        peaks=float((away <= SPATIAL_STRIDE).mean()) if len(away) else float("nan"),
        actions=float(error),
        psnr=psnr(foreseen.rgb, came.rgb),
        ssim=ssim(foreseen.rgb, came.rgb),
    )


def _peaks(maps: np.ndarray) -> np.ndarray:
    """(T, 2) row and column of the highest pixel of maps (T, H, W)."""
    flat = maps.reshape(len(maps), maps.shape[1] * maps.shape[2])
    return np.stack(np.unravel_index(flat.argmax(axis=1), maps.shape[1:]), axis=1)


def draw(title: str, came: Seen, foreseen: Seen, path: Path) -> None:
    """One PNG: the last frame of up to 8 chunks as it came and as it was foreseen, and all actions as curves.

    Raises:
        DatasetError: the file cannot be written.
    """
    last = np.arange(FRAMES_PER_CHUNK - 1, len(came.rgb), FRAMES_PER_CHUNK)
    last = last[np.unique(np.linspace(0, len(last) - 1, SHOWN).round().astype(int))]
    rows = {
        "RGB": came.rgb,
        "RGB, foreseen": foreseen.rgb,
        "map": _tinted(came.rgb, came.value),
        "map, foreseen": _tinted(foreseen.rgb, foreseen.value),
    }
    height, width = came.rgb.shape[1:3]
    scale = max(1, 192 // height)
    size = (scale * width, scale * height)
    across = LEFT + SHOWN * (size[0] + GAP)
    down = TOP + len(rows) * (size[1] + GAP)
    page = Image.new("RGB", (max(across, 900), down + 50 + 7 * (PLOT + GAP)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(16)
    pen.text((GAP, GAP), title, INK, ImageFont.load_default(20))
    for line, (name, frames) in enumerate(rows.items()):
        top = TOP + line * (size[1] + GAP)
        pen.text((GAP, top), name, INK, font)
        for column, frame in enumerate(last):
            picture = Image.fromarray(frames[frame]).resize(size, Image.Resampling.NEAREST)
            page.paste(picture, (LEFT + column * (size[0] + GAP), top))
    pen.text((GAP, down + 10), "actions: as recorded (grey), as foreseen (orange)", INK, font)
    half = page.width // 2
    for channel, name in enumerate(CHANNELS):
        corner = (GAP + half * (channel // 7), down + 40 + (channel % 7) * (PLOT + GAP))
        _curves(pen, corner, half - 2 * GAP, name, came.actions[:, channel], foreseen.actions[:, channel])
    drawn = BytesIO()
    page.save(drawn, format="PNG")
    replace(path, drawn.getvalue())


def _tinted(rgb: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Dimmed pictures with their maps in orange."""
    heat = value[..., None] / 255 * np.array([255, 140, 0])
    return (0.45 * rgb + heat).clip(0, 255).astype(np.uint8)


def _curves(
    pen: ImageDraw.ImageDraw, corner: tuple[int, int], width: int, name: str, true: np.ndarray, found: np.ndarray
) -> None:
    x, y = corner
    pen.rectangle((x, y, x + width, y + PLOT), outline=SOFT)
    pen.text((x + 4, y + 2), name, INK, ImageFont.load_default(12))
    low, high = min(true.min(), found.min()), max(true.max(), found.max())
    spare = max(0.01, (SHORTEST - (high - low)) / 2)
    low, high = low - spare, high + spare
    for values, color in ((true, TRUE), (found, FOUND)):
        across = x + np.linspace(0, width, len(values))
        pen.line(list(zip(across, y + PLOT * (high - values) / (high - low), strict=True)), color, 2)
