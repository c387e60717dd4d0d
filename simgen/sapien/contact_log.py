"""Contact points of many physics steps, kept as the engine's bytes and returned as columns."""

from collections.abc import Iterable
from struct import Struct

import numpy as np

from .contacts import Pair

MOST_LINKS = 65536
"""Links are stored as uint16."""
_HEADER = Struct("<iiif")
_POINT = np.dtype(
    [
        ("step", "<i4"),
        ("link", "<i4", 2),
        ("separation", "<f4"),
        ("position", "<f4", 3),
        ("normal", "<f4", 3),
        ("impulse", "<f4", 3),
    ]
)
_VECTORS = ("position", "normal", "impulse")


class ContactLog:
    """Collects contact points; bytes, because an object per point makes the garbage collector slow."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def append(self, step: int, pairs: Iterable[Pair], near: float = np.inf) -> None:
        """Add the points of these pairs that press or are closer than `near` (m)."""
        data = self._bytes
        for pair in pairs:
            first, second = pair.first, pair.second
            for point, separation in zip(pair.points, pair.separations, strict=True):
                impulse = point.impulse
                if separation < near or any(impulse.tolist()):
                    header = _HEADER.pack(step, first, second, separation)
                    data += b"".join((header, point.position, point.normal, impulse))

    def columns(self) -> dict[str, np.ndarray]:
        """Step (N,), link (N, 2), position (m), normal and impulse (N s), (N, 3) each, and separation (N,) in m.

        The lower link comes first; normals point and impulses act from the second to the first. Sorted by step, links
        and values, since the engine's order depends on memory addresses.
        """
        points = np.frombuffer(self._bytes, _POINT)
        steps, links = points["step"], points["link"]
        values = np.concatenate([*(points[name] for name in _VECTORS), points["separation"][:, None]], axis=1)
        turned = links[:, 0] > links[:, 1]
        links = np.where(turned[:, None], links[:, ::-1], links)
        values[turned, 3:9] *= -1
        order = _order(steps, links, values)
        steps, links, values = steps[order], links[order], values[order]
        vectors = dict(zip(_VECTORS, (values[:, 0:3], values[:, 3:6], values[:, 6:9]), strict=True))
        return {"step": steps, "link": links, **vectors, "separation": values[:, 9]}


def _order(steps: np.ndarray, links: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The order by step (N,), links (N, 2), separation and the other values (N, 10), the last of them first.

    Sorts by separation, and by the other values only where steps, links and separations are equal.
    """
    pair = (steps.astype(np.int64) * MOST_LINKS + links[:, 0]) * MOST_LINKS + links[:, 1]
    order = np.lexsort((values[:, -1], pair))
    equal = (pair[order][1:] == pair[order][:-1]) & (values[order, -1][1:] == values[order, -1][:-1])
    tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    rows = order[tied]
    order[tied] = rows[np.lexsort((*values[rows].T, pair[rows]))]
    return order
