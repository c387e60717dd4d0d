"""Random clips (9 frames, stride 4, of 384 x 320, and 32 actions) from a packed dataset against bare JPEG decoding.

The baseline is the limit: simplejpeg (libjpeg-turbo) decoding the same bytes that already lie in memory, without
actions, in the same run, the two taking turns. The dataset is synthetic and warm in the page cache; no simulator is
needed. Clips on the smaller canvases are compared with decoding at full size and averaging areas, and with full-size
clips. `read_formats.py` reads the same clips from other projects' formats.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import simplejpeg
from aimdata.dataset.clips import ClipRequest, read_clips
from aimdata.dataset.pack import pack
from aimdata.dataset.reader import Dataset
from aimdata.dataset.recording import EpisodeMeta, Images, Recording
from aimdata.dataset.resize import resize_views
from aimdata.dataset.storage.codec import verify_checksum
from aimdata.dataset.storage.layout import FORMAT_VERSION, DatasetConfig, create_or_open
from aimdata.dataset.storage.staging import stage
from aimdata.dataset.tables import specs
from aimdata.geometry import CANVASES, T_POSE, Canvas

FRAMES, STRIDE, ACTIONS = 9, 4, 32


def synthetic_images(rng: np.random.Generator, frames: int) -> Images:
    """Canvases with about the JPEG size of rendered ones (26 KB): shaded areas, edges, texture, a moving blob."""
    height, width = T_POSE.height, T_POSE.width
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    background = np.kron(rng.integers(60, 200, (24, 20, 3)), np.ones((16, 16, 1))) + rng.normal(
        0, 3, (height, width, 3)
    )
    rgb = np.empty((frames, height, width, 3), np.uint8)
    depth = np.empty((frames, height, width), np.uint16)
    for t in range(frames):
        blob = ((x - 60 - t) ** 2 + (y - 130) ** 2 < 900)[..., None]
        rgb[t] = np.clip(np.where(blob, [200, 40, 30], background), 0, 255)
        depth[t] = 700 + y + 40 * blob[..., 0]
    return Images(rgb, depth, (depth > 900).astype(np.uint16))


def synthetic_recording(seed: int, frames: int) -> Recording:
    """Every declared array, filled with noise, at the row counts of a real episode; actions wander smoothly."""
    rng = np.random.default_rng(seed)
    meta = EpisodeMeta(
        "click_bell", "easy", seed, "builtin", "builtin", "Click the bell.", ("left",), frames, 250, 10,
        (), (), (), (), T_POSE, (), (), {}, {}, {},
    )  # fmt: skip
    rows = {"frame": frames, "contact": 20 * frames}
    arrays = {}
    for spec in specs(Recording):
        shape = [rows.get(spec.rows, 0), *(int(dim) if dim.isdigit() else 3 for dim in spec.dims[1:])]
        arrays[spec.name] = rng.normal(size=shape).astype(spec.dtype)
    arrays["action"] = np.cumsum(0.02 * arrays["action"], axis=0, dtype=np.float32)
    return Recording(meta=meta, **arrays)


def make_dataset(root: Path, episodes: int, frames: int) -> Dataset:
    """A packed dataset of that many rendered episodes."""
    create_or_open(root, DatasetConfig(FORMAT_VERSION, T_POSE, 250, 10, "builtin", "builtin", True))
    rng = np.random.default_rng(0)
    for seed in range(episodes):
        stage(root, synthetic_recording(seed, frames), synthetic_images(rng, frames))
    pack(root)
    return Dataset.open(root)


def clips_with_actions(
    dataset: Dataset, requests: list[ClipRequest], threads: ThreadPoolExecutor | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What a training step reads: frames (N, 9, H, W, 3) uint8 and actions (N, 32, 14)."""
    frames = read_clips(dataset, requests, FRAMES, STRIDE, threads)
    actions = np.empty((len(requests), ACTIONS, 14), np.float32)
    for i, request in enumerate(requests):
        dataset.array(request.uid, "action", range(request.start, request.start + ACTIONS), actions[i])
    return frames, actions


def encoded(dataset: Dataset, requests: list[ClipRequest]) -> list[list[bytes]]:
    """The JPEG bytes of the clips' frames, without their checksums."""
    clips = []
    for request in requests:
        frames = range(request.start, request.start + FRAMES * STRIDE, STRIDE)
        clips.append([verify_checksum(chunk).tobytes() for chunk in dataset.read_encoded(request.uid, "rgb", frames)])
    return clips


def decode_eighth(clips: list[list[bytes]]) -> None:
    """Decode at an eighth of the size: entropy decoding, which no scaling avoids, and almost nothing else."""
    for clip in clips:
        for data in clip:
            simplejpeg.decode_jpeg(data, colorspace="RGB", min_height=T_POSE.height // 8, min_width=T_POSE.width // 8)


def decode_clips(clips: list[list[bytes]], threads: ThreadPoolExecutor | None) -> np.ndarray:
    """The baseline: nothing but decoding, into one preallocated buffer."""
    out = np.empty((len(clips), FRAMES, T_POSE.height, T_POSE.width, 3), np.uint8)

    def fill(i: int) -> None:
        for t, data in enumerate(clips[i]):
            simplejpeg.decode_jpeg(data, colorspace="RGB", buffer=out[i, t])

    for _ in map(fill, range(len(clips))) if threads is None else threads.map(fill, range(len(clips))):
        pass
    return out


def rates(
    ours: Callable[[], object],
    limit: Callable[[], object],
    clips: int,
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float]:
    """Clips a second of both, medians over many short turns in changing order, so that other load hits both alike.

    The clock is of the processor's time, which other processes do not take; where threads are compared, of the wall's.
    """
    seconds: dict[Callable[[], object], list[float]] = {ours: [], limit: []}
    for turn in range(rounds):
        for action in (ours, limit) if turn % 2 else (limit, ours):
            start = clock()
            action()
            seconds[action].append(clock() - start)
    return clips / float(np.median(seconds[ours])), clips / float(np.median(seconds[limit]))


def read_smaller(dataset: Dataset, requests: list[ClipRequest], rounds: int, note: str) -> None:
    """Clips on the smaller canvases, one thread: the decoder's scaling, its limit, and both ways without it."""
    clips = encoded(dataset, requests)
    ours, theirs = rates(lambda: decode_eighth(clips), lambda: decode_clips(clips, None), len(requests), rounds)
    report("limit of scaling: simplejpeg at an eighth", ours, "clips/s", "simplejpeg at full size", theirs, note)
    for name in ("small", "tiny"):
        canvas = CANVASES[name]

        def reduced(canvas: Canvas = canvas) -> object:
            return read_clips(dataset, requests, FRAMES, STRIDE, canvas=canvas)

        def averaged(canvas: Canvas = canvas) -> object:
            clips = (dataset.clip(request.uid, request.start, FRAMES, STRIDE) for request in requests)
            return [resize_views(clip, T_POSE, canvas) for clip in clips]

        def whole() -> object:
            return read_clips(dataset, requests, FRAMES, STRIDE)

        against = {"full size, areas averaged": averaged, "full size": whole}
        for baseline, other in against.items():
            ours, theirs = rates(reduced, other, len(requests), rounds)
            report(f"read_clips_{name}, against {baseline}", ours, "clips/s", baseline, theirs, note)


def report(name: str, value: float, unit: str, baseline: str, baseline_value: float, note: str) -> None:
    """One figure, one JSON line."""
    line = {"name": name, "value": round(value, 2), "unit": unit, "baseline": baseline}
    ratio = value / baseline_value
    print(json.dumps({**line, "baseline_value": round(baseline_value, 2), "ratio": round(ratio, 3), "note": note}))


def main() -> None:
    """Builds the dataset, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=30)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--dataset", help="read clips of this dataset on smaller canvases, and nothing else")
    options = parser.parse_args()
    if options.dataset:
        dataset = Dataset.open(options.dataset)
        requests = [ClipRequest(row.uid, 0) for row in dataset.episodes if row.has_images][: options.clips]
        size = np.mean([len(frame) for clip in encoded(dataset, requests) for frame in clip]) / 1024
        note = f"rendered episodes, median of {options.rounds}, one thread, page cache warm, {size:.1f} KB a frame"
        read_smaller(dataset, requests, options.rounds, note)
        return
    with tempfile.TemporaryDirectory() as folder:
        dataset = make_dataset(Path(folder) / "data", options.episodes, options.frames)
        rng = np.random.default_rng(1)
        last = options.frames - FRAMES * STRIDE
        uids = rng.choice([row.uid for row in dataset.episodes], options.clips)
        requests = [ClipRequest(str(uid), int(rng.integers(0, last))) for uid in uids]
        clips = encoded(dataset, requests)
        size = np.mean([len(frame) for clip in clips for frame in clip]) / 1024
        assert (clips_with_actions(dataset, requests)[0] == decode_clips(clips, None)).all()
        rows = options.episodes * options.frames
        note = (
            f"median of {options.rounds}, page cache warm, {size:.1f} KB a frame, checksums checked; "
            f"{ACTIONS} actions a clip, of {rows} stored, read too"
        )
        for count in (1, 2):
            with ThreadPoolExecutor(count) as pool:
                threads = pool if count > 1 else None
                ours, limit = rates(
                    lambda threads=threads: clips_with_actions(dataset, requests, threads),
                    lambda threads=threads: decode_clips(clips, threads),
                    options.clips,
                    options.rounds,
                    time.process_time if count == 1 else time.perf_counter,
                )
            plural = "" if count == 1 else "s"
            report(f"read_clips_{count}_thread{plural}", ours, "clips/s", "simplejpeg decode from memory", limit, note)
        note = f"median of {options.rounds}, one thread, page cache warm, {size:.1f} KB a frame"
        read_smaller(dataset, requests, options.rounds, note)


if __name__ == "__main__":
    main()
