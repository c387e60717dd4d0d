"""Forward and inverse kinematics of one arm, by pinocchio on the chain of links from the robot's root to the hand.

A chain of six joints takes half the time of a model of the whole robot.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import SupportsFloat
from xml.etree import ElementTree

import numpy as np
from mplib.kinematics.pinocchio import PinocchioModel
from mplib.pymp import Pose as MplibPose
from trimesh.transformations import euler_from_quaternion

from ...assets.model import ArmModel, Joint, Link, Model

TOLERANCE, STEP, ITERATIONS, DAMPING = 1e-4, 0.6, 50, 1e-6
"""Of closed-loop inverse kinematics: each iteration removes the share STEP of the error (m and rad)."""
OUT_OF_REACH, NOTHING_NEW = 4, 2
"""No more starts are tried when none of the first OUT_OF_REACH converges, or NOTHING_NEW after a solution add none.

Of 2,448 approaches to grasps that had a solution, the first rule missed none, and twelve starts found no second
solution within the limits of the built-in arm at any.
"""
DISTINCT = 0.05
"""Solutions differ by more than this in some joint (rad)."""


class ArmKinematics:
    """The chain of one arm. `joints` names its joints; those that are not the arm's, such as a lift's, do not move.

    Poses are those of the hand link in the frame of the robot's root.
    """

    def __init__(self, robot: Model, arm: ArmModel) -> None:
        links = _links_to(robot, arm.hand)
        self._model = _pinocchio(robot, arm.hand)
        self._hand = len(links) - 1
        self.joints = tuple(joint.name for joint in _moving(links))
        self._still = [name not in arm.joints for name in self.joints]

    def hand(self, joints: np.ndarray) -> MplibPose:
        """The hand at the chain's joints (N,)."""
        self._model.compute_forward_kinematics(joints)
        return self._model.get_link_pose(self._hand)

    def solve(self, goal: MplibPose, start: np.ndarray) -> np.ndarray | None:
        """The chain's joints (N,) with the hand at `goal`, by iteration from `start`; None if it does not converge.

        Joint limits are ignored.
        """
        solution, found, _ = self._model.compute_IK_CLIK(
            self._hand, goal, start, self._still, eps=TOLERANCE, max_iter=ITERATIONS, dt=STEP, damp=DAMPING
        )
        return np.asarray(solution) if found else None


def distinct_solutions(
    converged: Iterable[np.ndarray | None], within_limits: Callable[[np.ndarray], bool], enough: int
) -> list[np.ndarray]:
    """Up to `enough` different solutions among those that the iteration converges to from many starts, lazily.

    None is a start from which it does not converge.
    """
    found: list[np.ndarray] = []
    reached, since = False, 0
    for count, joints in enumerate(converged, 1):
        if joints is not None and within_limits(joints) and _is_new(joints, found):
            found.append(joints)
            since = 0
        else:
            since += 1
        reached |= joints is not None
        if len(found) >= enough or (found and since >= NOTHING_NEW) or (not reached and count >= OUT_OF_REACH):
            break
    return found


def _is_new(joints: np.ndarray, found: Iterable[np.ndarray]) -> bool:
    return all(np.abs(joints - other).max() > DISTINCT for other in found)


def _links_to(robot: Model, hand: str) -> list[Link]:
    """The links from the root to the hand."""
    chain = [robot.link(hand)]
    while chain[0].parent is not None:
        chain.insert(0, robot.link(chain[0].parent))
    return chain


def _moving(links: list[Link]) -> list[Joint]:
    return [link.joint for link in links if link.joint is not None and link.joint.kind != "fixed"]


@lru_cache(maxsize=8)
def _pinocchio(robot: Model, hand: str) -> PinocchioModel:
    """The chain to a hand, from a URDF of its joints alone; built once for each robot."""
    links = _links_to(robot, hand)
    urdf = ElementTree.Element("robot", name="chain")
    for link in links:
        ElementTree.SubElement(urdf, "link", name=link.name)
        if link.joint is not None and link.parent is not None:
            _add_joint(urdf, link.joint, link.parent, link.name)
    model = PinocchioModel.create_from_urdf_string(ElementTree.tostring(urdf, encoding="unicode"))
    model.set_joint_order([joint.name for joint in _moving(links)])
    model.set_link_order([link.name for link in links])
    return model


def _add_joint(urdf: ElementTree.Element, joint: Joint, parent: str, child: str) -> None:
    element = ElementTree.SubElement(urdf, "joint", name=joint.name, type=joint.kind)
    ElementTree.SubElement(element, "parent", link=parent)
    ElementTree.SubElement(element, "child", link=child)
    ElementTree.SubElement(
        element, "origin", xyz=_numbers(joint.origin.p), rpy=_numbers(euler_from_quaternion(joint.origin.q, "sxyz"))
    )
    ElementTree.SubElement(element, "axis", xyz=_numbers(joint.axis))
    low, high = joint.limits
    limits = {"lower": low, "upper": high, "velocity": joint.velocity, "effort": joint.effort}
    ElementTree.SubElement(element, "limit", {name: repr(float(value)) for name, value in limits.items()})


def _numbers(values: Iterable[SupportsFloat]) -> str:
    return " ".join(repr(float(value)) for value in values)
