"""How well the latents of a VAE say where to touch: a small network reads them and points at the peak of the value map.

A policy sees the scene through these latents alone, so it cannot act better than they tell. The distances, in pixels of
the model's canvas, are medians over episodes held back; beside them those of two networks that bound them: one that
always points at the mean place, and a small CNN that reads the pixels. Then, how far the VAE moves the value maps.

    python benchmarks/long/latent_probe.py --run RUN --dataset DATA

With --body the network tells where that body is, in mm on the table, whatever is to be touched.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from aimdata.dataset.reader import Dataset, EpisodeRow
from aimdata.model.canvas import rgb_video
from aimdata.model.data import Clips, open_source
from aimdata.model.inference.offline_evaluation import HOT
from aimdata.model.network.backbone import VideoCoder
from map_gates import fitted_coder, shift
from steps import print_figure
from torch import Tensor, nn
from torch.nn import functional

EVERY = 5
"""Frames between those that are looked at."""
STEPS, WIDTH = 1500, 128
CNN_STEPS = 300


@dataclass(frozen=True, eq=False)
class Looks:
    """Frames, RGB uint8 (N, H, W, 3), and a place in each (N, 2).

    It is the row and column of the peak in the head view, or x and y of a body in the world, mm.
    """

    rgb: Tensor
    places: Tensor

    @staticmethod
    def of(clips: Clips, body: str | None = None, episodes: int | None = None) -> "Looks":
        """Every fifth frame of so many episodes of these samples, spread evenly; of a peak, those that have one."""
        chosen = np.linspace(0, len(clips.rows) - 1, min(episodes or len(clips.rows), len(clips.rows))).astype(int)
        rows = [clips.rows[number] for number in chosen]
        parts = [_peaks(clips, row) if body is None else _places(clips, row, body) for row in rows]
        return Looks(*(torch.cat([part[side] for part in parts]) for side in (0, 1)))


def _places(clips: Clips, row: EpisodeRow, body: str) -> tuple[Tensor, Tensor]:
    assert isinstance(clips.reader, Dataset)
    meta, frames = clips.reader.meta(row.uid), np.arange(0, row.frames, EVERY)
    names = [meta.bodies[link.body].name for link in meta.links]
    if body not in names:
        raise SystemExit(f"{row.uid} has no body {body!r}; it has {', '.join(dict.fromkeys(names))}.")
    poses = clips.reader.array(row.uid, "link_pose").reshape(row.frames, len(names), 7)
    return clips.read(row, "rgb", frames)[0], torch.from_numpy(1000 * poses[frames, names.index(body), :2])


def _peaks(clips: Clips, row: EpisodeRow) -> tuple[Tensor, Tensor]:
    frames = np.arange(0, row.frames, EVERY)
    value = clips.read(row, "value_next", frames)[0][:, *clips.small.views[0].slices]
    hot = value.flatten(1).amax(1) >= HOT
    peaks = value[hot].flatten(1).argmax(1)
    place = torch.stack([peaks // value.shape[2], peaks % value.shape[2]], 1).float()
    return clips.read(row, "rgb", frames)[0][hot], place


def touch_distance(run: Path, data: Path) -> float:
    """Median distance in pixels between the peak and where a network that reads the latents points."""
    return latent_distance(*_opened(run, data))


def latent_distance(coder: VideoCoder, training: Looks, held_back: Looks) -> float:
    """The median distance of a small network that reads the latents of a VAE."""
    seen, other = (_latents(coder, looks.rgb) for looks in (training, held_back))
    with repeatable():
        return _distance(seen, training.places, other, held_back.places)


@contextmanager
def repeatable() -> Iterator[None]:
    """Networks and batches drawn inside are the same every time; draws outside are not affected."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def _opened(
    run: Path, data: Path, body: str | None = None, episodes: int | None = None
) -> tuple[VideoCoder, Looks, Looks]:
    coder, meta = fitted_coder(run)
    source = open_source(data, meta.data)
    assert isinstance(source.clips, Clips)
    assert isinstance(source.validation, Clips)
    return coder, Looks.of(source.clips, body, episodes), Looks.of(source.validation, body)


@torch.no_grad()
def _latents(coder: VideoCoder, rgb: Tensor) -> Tensor:
    return torch.cat([coder.encode(rgb_video(part[:, None])).flatten(1) for part in rgb.split(64)])


def _distance(seen: Tensor, peaks: Tensor, other: Tensor, true: Tensor) -> float:
    """Fit on (seen, peaks); the median distance on (other, true), at the best of all hundreds of steps."""
    mean, std = peaks.mean(0), peaks.std(0)
    inner, spread = seen.mean(0), seen.std(0) + 1e-6
    network = nn.Sequential(
        nn.Linear(seen.shape[1], WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 2)
    )

    def pointed(x: Tensor) -> Tensor:
        return network((x - inner) / spread) * std + mean

    def loss(chosen: Tensor) -> Tensor:
        return ((pointed(seen[chosen]) - peaks[chosen]) / std).pow(2).mean()

    return _best(network, loss, lambda: pointed(other), true, len(seen), STEPS)


def cnn_distance(training: Looks, held_back: Looks) -> float:
    """The median distance of a small CNN that reads the pixels of the head view, which is square."""
    side = int(training.rgb.shape[2])

    def layer(channels: int, out: int, stride: int = 1) -> nn.Module:
        return nn.Sequential(nn.Conv2d(channels, out, 3, stride, 1), nn.GroupNorm(4, out), nn.SiLU())

    down = [layer(3, 16), layer(16, 32, 2), layer(32, 32), layer(32, 64, 2), layer(64, 64), layer(64, 64, 2)]
    network = nn.Sequential(*down, layer(64, 64), nn.Upsample(scale_factor=4), layer(64, 32), nn.Conv2d(32, 1, 1))

    def heat(looks: Looks, chosen: Tensor | slice) -> Tensor:
        return network(looks.rgb[chosen, :side].permute(0, 3, 1, 2) / 255 - 0.5).flatten(1)

    def loss(chosen: Tensor) -> Tensor:
        cells = (training.places[chosen] / 2).long()
        return functional.cross_entropy(heat(training, chosen), cells[:, 0] * (side // 2) + cells[:, 1])

    def pointed() -> Tensor:
        cell = heat(held_back, slice(None)).argmax(1)
        return torch.stack([cell // (side // 2), cell % (side // 2)], 1) * 2 + 0.5

    return _best(network, loss, pointed, held_back.places, len(training.rgb), CNN_STEPS)


def _best(
    network: nn.Module,
    loss: Callable[[Tensor], Tensor],
    pointed: Callable[[], Tensor],
    true: Tensor,
    count: int,
    steps: int,
) -> float:
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.05)
    found = []
    for step in range(steps):
        optimiser.zero_grad()
        loss(torch.randint(count, (64,))).backward()
        optimiser.step()
        if step % 100 == 99:
            with torch.no_grad():
                found.append(float((pointed() - true).norm(dim=1).median()))
    return min(found)


def main() -> None:
    """Print the distances as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="with a fitted VAE, stage-vae")
    parser.add_argument("--dataset", type=Path, required=True, help="annotated; some episodes are held back")
    parser.add_argument("--body", help="tell the place of this body, such as cup, in mm")
    parser.add_argument("--episodes", type=int, help="to fit the network on; default: all that are not held back")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    coder, training, held_back = _opened(asked.run, asked.dataset, asked.body, asked.episodes)
    blind = float((held_back.places - training.places.mean(0)).norm(dim=1).median())
    note = f"median over {len(held_back.rgb)} frames held back, head view {training.rgb.shape[2]} px wide, best step"
    unit, found = "px" if asked.body is None else "mm", latent_distance(coder, training, held_back)
    print_figure("from the latents", found, unit, note, "the mean place", blind)
    if asked.body is not None:
        return
    with repeatable():
        found = cnn_distance(training, held_back)
    print_figure("from the pixels by a CNN", found, "px", note, "the mean place", blind)
    print_figure("moved by the VAE", shift(asked.run, asked.dataset), "px", "median over maps of episodes held back")


if __name__ == "__main__":
    main()
