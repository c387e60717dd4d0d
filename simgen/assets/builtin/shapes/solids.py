"""Closed low-poly meshes as lofts: stacks of rings connected to each other and capped at both ends.

Rings are (N, 3) points, counter-clockwise when seen from where the stack is going, so faces wind outwards.
"""

from collections.abc import Sequence

import numpy as np
import trimesh
from numpy.typing import ArrayLike

from .....geometry import Pose
from ...model import Mesh, Shape

Ring = np.ndarray


def circle(radius: float, z: float, sides: int = 24, center: tuple[float, float] = (0.0, 0.0)) -> Ring:
    """A regular polygon about the z axis at height z."""
    angles = np.arange(sides) * 2 * np.pi / sides
    x, y = center[0] + radius * np.cos(angles), center[1] + radius * np.sin(angles)
    return np.stack([x, y, np.full(sides, z)], axis=1)


def rounded_rectangle(
    half: tuple[float, float], z: float, corner: float, steps: int = 3, center: tuple[float, float] = (0.0, 0.0)
) -> Ring:
    """A rectangle of half sizes (x, y) at height z, its corners rounded by `steps` points on radius `corner`."""
    radius = min(corner, *half)
    quarter = np.linspace(0, np.pi / 2, steps)
    points = []
    for turn, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        angles = quarter + turn * np.pi / 2
        x = center[0] + sx * (half[0] - radius) + radius * np.cos(angles)
        y = center[1] + sy * (half[1] - radius) + radius * np.sin(angles)
        points.append(np.stack([x, y, np.full(steps, z)], axis=1))
    return np.concatenate(points)


def loft(rings: Sequence[Ring]) -> Mesh:
    """The closed surface through the rings, all of the same number of points, capped at both ends."""
    count, size = len(rings), len(rings[0])
    here = np.arange(size)
    after = (here + 1) % size
    top, start, end = (count - 1) * size, np.full(size, count * size), np.full(size, count * size + 1)
    caps = [np.stack([start, after, here], axis=1), np.stack([end, top + here, top + after], axis=1)]
    vertices = np.concatenate([*rings, rings[0].mean(axis=0)[None], rings[-1].mean(axis=0)[None]])
    return _welded(vertices, np.concatenate([_walls(count, size)[: 2 * size * (count - 1)], *caps]))


def hoop(profile: Sequence[tuple[float, float]], sides: int = 24) -> Mesh:
    """A ring about z: a closed outline of (radius, height) points, counter-clockwise, turned around."""
    return belt([circle(radius, z, sides) for radius, z in profile])


def belt(rings: Sequence[Ring]) -> Mesh:
    """A closed band: the surface through the rings and from the last back to the first, without caps."""
    return Mesh(np.concatenate(rings).astype(np.float32), _walls(len(rings), len(rings[0])).astype(np.int32))


def _walls(count: int, size: int) -> np.ndarray:
    """Triangles from every ring to the next one; the last band leads back to the first ring."""
    here = np.arange(size)
    after = (here + 1) % size
    faces = []
    for level in range(count):
        low, high = level * size, (level + 1) % count * size
        faces.append(np.stack([low + here, low + after, high + after], axis=1))
        faces.append(np.stack([low + here, high + after, high + here], axis=1))
    return np.concatenate(faces)


def _welded(vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    """Merge coincident vertices and drop degenerate triangles, so that a ring of radius zero is a tip."""
    keys = np.round(vertices * 1e7).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    faces = inverse.reshape(-1)[faces]
    solid = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return Mesh(vertices[first].astype(np.float32), faces[solid].astype(np.int32))


def lathe(profile: Sequence[tuple[float, float]], sides: int = 24) -> Mesh:
    """The surface of revolution about z of (radius, height) points, from the bottom outwards and up."""
    return loft([circle(radius, z, sides) for radius, z in profile])


def block(half: tuple[float, float, float], bevel: float = 0.0, center: ArrayLike = (0, 0, 0), steps: int = 3) -> Mesh:
    """A box with bevelled edges and rounded upright corners; a plain box of 12 triangles when `bevel` is 0."""
    x, y, z = half
    if bevel == 0:
        return placed(loft([rounded_rectangle((x, y), level, 0, 1) for level in (-z, z)]), center)
    inner, outer = (x - bevel, y - bevel), (x, y)
    levels = ((inner, -z), (outer, bevel - z), (outer, z - bevel), (inner, z))
    corner = {inner: bevel, outer: 2 * bevel}
    return placed(loft([rounded_rectangle(size, level, corner[size], steps) for size, level in levels]), center)


def placed(mesh: Mesh, at: Pose | ArrayLike) -> Mesh:
    """The mesh moved by a pose, or by an offset (3,)."""
    pose = at if isinstance(at, Pose) else Pose.of(at)
    return Mesh(pose.apply(mesh.vertices).astype(np.float32), mesh.faces)


def merged(*meshes: Mesh) -> Mesh:
    """Several meshes as one."""
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    faces = [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)]
    return Mesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces).astype(np.int32))


def hull(mesh: Mesh) -> Shape:
    """A convex collision piece."""
    return Shape("convex", mesh=mesh)


def wrapped(mesh: Mesh) -> Shape:
    """The convex hull of a mesh that is only nearly convex, as a collision piece."""
    return hull(_mesh(trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).convex_hull))


def convex_mesh(points: np.ndarray) -> Mesh:
    """The convex hull of points (N, 3)."""
    return _mesh(trimesh.PointCloud(points).convex_hull)


def _mesh(solid: trimesh.Trimesh) -> Mesh:
    return Mesh(np.asarray(solid.vertices, dtype=np.float32), np.asarray(solid.faces, dtype=np.int32))


def box_shape(half: tuple[float, float, float], center: ArrayLike = (0, 0, 0)) -> Shape:
    """An axis-aligned collision box."""
    return Shape("box", half, Pose.of(center))


def cylinder_shape(radius: float, low: float, high: float, center: tuple[float, float] = (0.0, 0.0)) -> Shape:
    """An upright collision cylinder from height `low` to `high`."""
    return Shape("cylinder", (radius, (high - low) / 2), Pose.of((*center, (low + high) / 2)))
