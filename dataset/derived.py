"""Value maps drawn while reading, from stored points, events and poses: at another radius, on another canvas.

At the radius and on the canvas they were annotated with they equal the stored canvases bit for bit, so a dataset
annotated with `--points-only` reads like any other, only slower.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..errors import DatasetError, unknown
from ..geometry import Canvas
from .drawing import draw_map, draw_maps
from .motion import Motion
from .recording import InteractionKind, ValueMaps, ValuePoints

if TYPE_CHECKING:
    from .reader import Dataset

MapKind = Literal["next", "pick", "place", "press"]


def value_map(
    dataset: "Dataset",
    uid: str,
    kind: MapKind = "next",
    frames: Sequence[int] | None = None,
    *,
    radius: float | None = None,
    canvas: Canvas | None = None,
) -> np.ndarray:
    """The map of a kind at some frames of an annotated episode, drawn anew.

    Args:
        dataset: where it lies.
        uid: the episode.
        kind: the next event of this kind, or of any (`next`).
        frames: which frames, in the order wanted; all by default.
        radius: standard deviation of a point in the world, m; as annotated by default.
        canvas: what to draw on: any rectangles of the cameras the episode was recorded with; its own by default.

    Returns:
        (F, H, W) uint8.

    Raises:
        UsageError: the episode was not annotated, or lacks a frame or a camera of that name.
        DatasetError: bytes are missing or damaged, or the annotation is of an older format.
    """
    if kind not in get_args(MapKind):
        raise unknown("kind of map", kind, get_args(MapKind))
    points, motion = read_points(dataset, uid), read_motion(dataset, uid, frames)
    if canvas is not None:
        motion = on_canvas(motion, canvas)
    wanted: InteractionKind | None = None if kind == "next" else kind
    return draw_map(motion, points, annotated_radius(dataset, uid) if radius is None else radius, wanted)


def canvas_of(
    dataset: "Dataset", uid: str, name: str, frames: Sequence[int] | None, out: np.ndarray | None
) -> np.ndarray:
    """The array `value_<kind>` as if it were stored; into `out`, if given."""
    kinds: dict[str, MapKind] = {f"value_{kind}": kind for kind in get_args(MapKind)}
    drawn = value_map(dataset, uid, kinds[name], frames)
    if out is None:
        return drawn
    out[:] = drawn
    return out


def all_maps(dataset: "Dataset", uid: str) -> ValueMaps:
    """Everything `annotate` would store of an episode of which it stored the points alone."""
    return draw_maps(read_motion(dataset, uid), read_points(dataset, uid), annotated_radius(dataset, uid))


def read_points(dataset: "Dataset", uid: str) -> ValuePoints:
    """The events and points of an annotated episode, without its canvases."""
    return ValuePoints(**{entry.name: dataset.array(uid, entry.name) for entry in fields(ValuePoints)})


def read_motion(dataset: "Dataset", uid: str, frames: Sequence[int] | None = None) -> Motion:
    """What maps need of some frames of an episode; nothing else of its recording is read."""
    row = dataset.find(uid)
    chosen = range(row.frames) if frames is None else frames
    cameras, step = (dataset.array(row.uid, name, chosen) for name in ("camera_from_world", "step"))
    poses = dataset.array(row.uid, "link_pose")
    return Motion(
        np.asarray(chosen),
        step,
        dataset.config.physics_hz,
        poses.reshape(row.frames, len(poses) // row.frames, 7)[list(chosen)],
        cameras,
        dataset.config.canvas,
    )


def on_canvas(motion: Motion, canvas: Canvas) -> Motion:
    """The same motion, seen on other rectangles; cameras are told apart by their views' names."""
    place = {view.name: index for index, view in enumerate(motion.canvas.views)}
    for view in canvas.views:
        if view.name not in place:
            raise unknown("camera", view.name, place)
    order = [place[view.name] for view in canvas.views]
    return replace(motion, canvas=canvas, camera_from_world=motion.camera_from_world[:, order])


def annotated_radius(dataset: "Dataset", uid: str) -> float:
    """The radius an episode was annotated with, m."""
    radius = dataset.made_by(uid, "value_maps").get("annotator", {}).get("radius")
    if not isinstance(radius, int | float) or not 0 < radius <= 1:
        raise DatasetError(f"{uid} was annotated with radius {radius!r}, expected 0 to 1 m; run annotate again.")
    return float(radius)
