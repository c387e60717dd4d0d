"""RRT-Connect (Kuffner and LaValle, 2000) with shortcutting, bounded by samples and not by time.

mplib wraps OMPL's planner, which stops on wall-clock time and uses a generator that can be seeded only once per
process; either would make recorded episodes irreproducible.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from .paths import joint_line

REACH = 0.4
CHECK_STEP = 0.04
"""Collisions are checked at least this densely along a line (rad); OMPL's default for such an arm is 0.15 rad."""
SAMPLES = 1500
SHORTCUTS = 60
Free = Callable[[np.ndarray], bool]


class Tree:
    """Joint nodes (6,) and the index of each one's parent."""

    def __init__(self, roots: list[np.ndarray]) -> None:
        self.nodes = list(roots)
        self._parents: list[int | None] = [None] * len(roots)

    def extend(self, toward: np.ndarray, free: Free) -> int | None:
        """Grow one step from the nearest node; the new node's index, None when blocked."""
        nearest = int(np.argmin(np.linalg.norm(np.stack(self.nodes) - toward, axis=1)))
        gap = toward - self.nodes[nearest]
        distance = float(np.linalg.norm(gap))
        new = toward if distance <= REACH else self.nodes[nearest] + gap * (REACH / distance)
        if not is_clear(self.nodes[nearest], new, free):
            return None
        self.nodes.append(new)
        self._parents.append(nearest)
        return len(self.nodes) - 1

    def branch(self, index: int) -> list[np.ndarray]:
        """Nodes from this one back to its root."""
        path = []
        at: int | None = index
        while at is not None:
            path.append(self.nodes[at])
            at = self._parents[at]
        return path


def is_clear(first: np.ndarray, second: np.ndarray, free: Free) -> bool:
    """Whether every joint state on the straight line is free.

    Its ends are checked first, then the middle of every gap, which finds a blocked line sooner than going along it.
    """
    line = joint_line(first, second, CHECK_STEP)
    return all(free(line[index]) for index in _bisecting_order(len(line)))


@cache
def _bisecting_order(count: int) -> tuple[int, ...]:
    """0 to count - 1: the last, the first, then the middle of every gap between indices, breadth first."""
    order, gaps = [count - 1, 0], [(0, count - 1)]
    while gaps:
        halves = []
        for low, high in gaps:
            middle = (low + high) // 2
            if low < middle < high:
                order.append(middle)
                halves += [(low, middle), (middle, high)]
        gaps = halves
    return tuple(order[:count])


def search(
    start: np.ndarray, goals: list[np.ndarray], limits: np.ndarray, free: Free, rng: np.random.Generator
) -> np.ndarray | None:
    """Free joint waypoints (N, 6) from start to one of the goals; None when SAMPLES draws find none."""
    ours, theirs = Tree([start]), Tree(goals)
    forward = True
    for _ in range(SAMPLES):
        sample = rng.uniform(limits[:, 0], limits[:, 1])
        grown = ours.extend(sample, free)
        if grown is not None:
            met = _connect(theirs, ours.nodes[grown], free)
            if met is not None:
                path = ours.branch(grown)[::-1] + theirs.branch(met)[1:]
                return _shortcut(np.stack(path if forward else path[::-1]), free, rng)
        ours, theirs, forward = theirs, ours, not forward
    return None


def _connect(tree: Tree, target: np.ndarray, free: Free) -> int | None:
    """Extend the tree until it reaches the target; the index of that node, None when blocked."""
    while True:
        index = tree.extend(target, free)
        if index is None:
            return None
        if np.array_equal(tree.nodes[index], target):
            return index


def _shortcut(path: np.ndarray, free: Free, rng: np.random.Generator) -> np.ndarray:
    for _ in range(SHORTCUTS):
        if len(path) < 3:
            break
        first, last = np.sort(rng.choice(len(path), 2, replace=False))
        if last - first > 1 and is_clear(path[first], path[last], free):
            path = np.concatenate([path[: first + 1], path[last:]])
    return path
