"""The engine's contacts, as pairs of link indices whose points are read on demand."""

from collections.abc import Container, Iterable
from typing import Any

import numpy as np

from .scene import PhysicsScene


class Pair:
    """Two links in contact or nearly so; their points are read from the engine when asked for, each value once."""

    __slots__ = ("_contact", "_points", "_separations", "first", "second")

    def __init__(self, first: int, second: int, contact: Any) -> None:
        self.first, self.second, self._contact = first, second, contact
        self._points = self._separations = None

    @property
    def points(self) -> list[Any]:
        """The engine's contact points, read once."""
        if self._points is None:
            self._points = self._contact.points
        return self._points

    @property
    def separations(self) -> list[float]:
        """Separation (m) of each of the points."""
        if self._separations is None:
            self._separations = [point.separation for point in self.points]
        return self._separations

    def presses(self) -> bool:
        """Whether an impulse acts between the two."""
        return any(any(point.impulse.tolist()) for point in self.points)

    def pressing_positions(self) -> np.ndarray:
        """(N, 3) positions (m) of the points through which an impulse acts."""
        pressing = [point.position for point in self.points if any(point.impulse.tolist())]
        return np.array(pressing, dtype=float).reshape(-1, 3)

    def gap(self) -> float:
        """The smallest separation (m), negative when they overlap; infinity without points."""
        return min(self.separations, default=np.inf)


class ContactReader:
    """Reads a scene's contacts after a physics step."""

    def __init__(self, scene: PhysicsScene) -> None:
        self._physics = scene.physics
        self._index = {link.component: index for index, link in enumerate(scene.links) if link.component is not None}
        self._robot = set(scene.links_of(scene.robot))

    def pairs(self) -> list[Pair]:
        """All pairs of links in contact at the last physics step, the robot's with itself included."""
        index = self._index
        return [
            Pair(index[first], index[second], contact)
            for contact in self._physics.get_contacts()
            for first, second in (contact.bodies,)
        ]

    def others(self, pairs: Iterable[Pair], watched: Container[int] | None = None) -> list[Pair]:
        """Those pairs that are not within the robot and have one of the watched links (all, when None)."""
        robot = self._robot
        return [
            pair
            for pair in pairs
            if (watched is None or pair.first in watched or pair.second in watched)
            and not (pair.first in robot and pair.second in robot)
        ]
