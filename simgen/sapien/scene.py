"""Build a PhysX scene from models, with flat tables of its bodies, links and joints."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
import sapien
from sapien import physx

from ...dataset.recording import PHYSICS_HZ, Side
from ...geometry import Pose
from ..assets.collision import convex_link, shape_mesh, shape_volume
from ..assets.model import Embodiment, Joint, Link, Model, Shape

CONTACT_OFFSET, ARM_CONTACT_OFFSET = 0.0025, 0.0005
"""The engine reports two shapes that are closer than the sum of their offsets (m).

The smaller offset is that of robot links other than hands and fingers: links of a folded arm are 2 mm apart, and their
contacts would be solved and read at every step.
"""
FRICTION_DAMPING = 1000.0
"""Dry friction is simulated as damping this strong (s/rad per N m of friction), limited to the friction torque."""
Role = Literal["robot", "scenery", "object", "clutter"]


@dataclass(frozen=True, eq=False)
class SceneBody:
    """A model in the scene. `fixed`: the root does not move; `ghost`: drawn only, without collision shapes."""

    name: str
    role: Role
    model: Model
    pose: Pose
    fixed: bool = False
    ghost: bool = False

    @property
    def links(self) -> tuple[Link, ...]:
        """The links with the collision shapes to simulate: the model's own, or for clutter one convex hull per link."""
        links = self.model.links
        return tuple(convex_link(link) for link in links) if self.role == "clutter" else links


@dataclass(frozen=True, eq=False)
class SceneLink:
    """A link in the scene; without a component (a ghost) it stays at the body's pose."""

    name: str
    body: int
    model: Link
    component: physx.PhysxRigidBaseComponent | None
    rest: Pose


@dataclass(frozen=True, eq=False)
class SceneJoint:
    """An active joint of the scene and the model it was made from."""

    name: str
    link: int
    model: Joint
    component: physx.PhysxArticulationJoint


@dataclass(frozen=True, eq=False)
class PhysicsScene:
    """The running scene: the engine's handle and flat tables of bodies, links and joints."""

    engine: sapien.Scene
    bodies: tuple[SceneBody, ...]
    links: tuple[SceneLink, ...]
    joints: tuple[SceneJoint, ...]
    articulations: dict[str, physx.PhysxArticulation]

    @cached_property
    def physics(self) -> physx.PhysxCpuSystem:
        """The engine's physics; looking it up takes as long as reading the contacts of a step."""
        return cast(physx.PhysxCpuSystem, self.engine.physx_system)

    @cached_property
    def robot(self) -> int:
        """Index of the robot's body."""
        return next(index for index, body in enumerate(self.bodies) if body.role == "robot")

    @cached_property
    def _links_of(self) -> list[list[int]]:
        return [[i for i, link in enumerate(self.links) if link.body == body] for body in range(len(self.bodies))]

    @cached_property
    def _index(self) -> dict[tuple[str, str], int]:
        return {(self.bodies[link.body].name, link.name): index for index, link in enumerate(self.links)}

    def links_of(self, body: int) -> list[int]:
        """Indices of a body's links."""
        return self._links_of[body]

    def link(self, body: str, name: str) -> int:
        """Index of a body's link; KeyError if there is none."""
        if (body, name) not in self._index:
            raise KeyError(f"{body}/{name}")
        return self._index[body, name]

    def positions(self) -> np.ndarray:
        """(J,) position of every joint, rad or m."""
        arrays = [articulation.qpos for articulation in self.articulations.values()]
        return np.concatenate(arrays).astype(float) if arrays else np.zeros(0)

    def centre_of_mass(self, index: int) -> np.ndarray:
        """(3,) the centre of mass of a link that can move, in the world, now."""
        component = self.links[index].component
        if not isinstance(component, physx.PhysxRigidBodyComponent):
            raise ValueError(f"link {self.links[index].name} cannot move")
        return np.asarray((component.entity.pose * component.cmass_local_pose).p, dtype=float)

    def velocities(self) -> np.ndarray:
        """(J,) velocity of every joint, rad/s or m/s."""
        arrays = [articulation.qvel for articulation in self.articulations.values()]
        return np.concatenate(arrays).astype(float) if arrays else np.zeros(0)

    def set_positions(self, positions: np.ndarray) -> None:
        """Move every joint at once, at rest; only for setting a scene up."""
        start = 0
        for articulation in self.articulations.values():
            articulation.set_qpos(positions[start : start + articulation.dof].astype(np.float32))
            articulation.set_qvel(np.zeros(articulation.dof, dtype=np.float32))
            start += articulation.dof

    def link_pose(self, index: int) -> Pose:
        """A link in the world, now."""
        entity = self._entities[index]
        return self.links[index].rest if entity is None else from_sapien(entity.pose)

    def link_poses(self) -> np.ndarray:
        """(L, 7) every link in the world (xyz, wxyz), now."""
        rows = self._first_poses.copy()
        moving, entities = self._moving
        rows[moving] = [entity.pose.__getstate__() for entity in entities]
        return rows

    def link_velocities(self) -> np.ndarray:
        """(L, 6) velocity of every link's centre of mass (m/s) and its angular velocity (rad/s), now."""
        rows = np.zeros((len(self.links), 6))
        moving, components = self._bodies
        rows[moving] = [[*each.linear_velocity.tolist(), *each.angular_velocity.tolist()] for each in components]
        return rows

    @cached_property
    def _first_poses(self) -> np.ndarray:
        return np.stack([self.link_pose(index).vector() for index in range(len(self.links))])

    @cached_property
    def _entities(self) -> list[sapien.Entity | None]:
        return [None if link.component is None else link.component.entity for link in self.links]

    @cached_property
    def _bodies(self) -> tuple[list[int], list[physx.PhysxRigidBodyComponent]]:
        """Indices and components of the links that can move."""
        movable = {
            index: link.component
            for index, link in enumerate(self.links)
            if isinstance(link.component, physx.PhysxRigidBodyComponent)
        }
        return list(movable), list(movable.values())

    @cached_property
    def _moving(self) -> tuple[list[int], list[sapien.Entity]]:
        """Indices and entities of the links that can move."""
        indices, components = self._bodies
        return indices, [component.entity for component in components]


def to_sapien(pose: Pose) -> sapien.Pose:
    """Our pose as the engine's."""
    return sapien.Pose(pose.p.tolist(), pose.q.tolist())


def from_sapien(pose: sapien.Pose) -> Pose:
    """The engine's pose as ours."""
    values = np.array(pose.__getstate__())
    return Pose(values[:3], values[3:])


def build(bodies: Sequence[SceneBody], embodiment: Embodiment) -> PhysicsScene:
    """A fresh scene with everything standing in it and the robot's drives set."""
    physx.set_scene_config(enable_enhanced_determinism=True)
    physx.set_body_config(solver_position_iterations=10, solver_velocity_iterations=1, sleep_threshold=0.0)
    physx.set_shape_config(contact_offset=CONTACT_OFFSET)
    engine = sapien.Scene([physx.PhysxCpuSystem()])
    engine.set_timestep(1 / PHYSICS_HZ)
    links: list[SceneLink] = []
    joints: list[SceneJoint] = []
    articulations: dict[str, physx.PhysxArticulation] = {}
    for index, body in enumerate(bodies):
        components = _add_body(engine, body)
        first = len(links)
        links += [
            SceneLink(link.name, index, link, component, body.pose)
            for link, component in zip(body.links, components, strict=True)
        ]
        root = components[0] if len(components) else None
        if isinstance(root, physx.PhysxArticulationLinkComponent):
            articulations[body.name] = root.articulation
            joints += _joints(root.articulation, links, first)
    scene = PhysicsScene(engine, tuple(bodies), tuple(links), tuple(joints), articulations)
    _configure_robot(scene, embodiment)
    return scene


def _add_body(engine: sapien.Scene, body: SceneBody) -> Sequence[physx.PhysxRigidBaseComponent | None]:
    """Put a body into the scene; one component per link, None for a ghost."""
    if body.ghost:
        return [None] * len(body.links)
    if len(body.links) > 1:
        return _add_articulation(engine, body)
    component = physx.PhysxRigidStaticComponent() if body.fixed else physx.PhysxRigidDynamicComponent()
    link = next(iter(body.links))
    _attach_shapes(component, link)
    if isinstance(component, physx.PhysxRigidDynamicComponent):
        component.angular_damping = link.damping
    component.name = body.name
    entity = sapien.Entity()
    entity.name = body.name
    entity.add_component(component)
    entity.pose = to_sapien(body.pose)
    engine.add_entity(entity)
    return [component]


def _add_articulation(engine: sapien.Scene, body: SceneBody) -> list[physx.PhysxArticulationLinkComponent]:
    components: dict[str, physx.PhysxArticulationLinkComponent] = {}
    entities = []
    for link in body.links:
        component = physx.PhysxArticulationLinkComponent(components[link.parent] if link.parent else None)
        component.name = link.name
        _attach_shapes(component, link)
        _configure_joint(component, link.joint, body.fixed)
        entity = sapien.Entity()
        entity.name = f"{body.name}.{link.name}"
        entity.add_component(component)
        components[link.name] = component
        entities.append(entity)
    entities[0].pose = to_sapien(body.pose)
    for entity in entities:
        engine.add_entity(entity)
    articulation = next(iter(components.values())).articulation
    articulation.name = body.name
    if body.model.initial_joints:
        articulation.set_qpos(np.asarray(body.model.initial_joints, dtype=np.float32))
    return list(components.values())


def _configure_joint(component: physx.PhysxArticulationLinkComponent, model: Joint | None, fixed_root: bool) -> None:
    joint: Any = component.joint
    if model is None:
        joint.type = "fixed" if fixed_root else "undefined"
        return
    turn = Pose.from_axes(model.axis, _any_normal(model.axis))
    joint.name = model.name
    joint.type = model.kind
    joint.pose_in_parent = to_sapien(model.origin @ turn)
    joint.pose_in_child = to_sapien(turn)
    if model.kind != "fixed":
        joint.limit = np.asarray(model.limits, dtype=np.float32)
        if model.friction > 0:
            joint.set_drive_properties(0, FRICTION_DAMPING * model.friction, force_limit=model.friction, mode="force")
        else:
            joint.set_drive_properties(0, model.damping, mode="force")


def _any_normal(axis: Sequence[float]) -> np.ndarray:
    """Some direction at right angles to the axis."""
    return np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])


def _attach_shapes(component: physx.PhysxRigidBaseComponent, link: Link) -> None:
    volume = sum(shape_volume(shape) for shape in link.shapes)
    material = physx.PhysxMaterial(
        link.contact.static_friction, link.contact.dynamic_friction, link.contact.restitution
    )
    for shape in link.shapes:
        collision = _collision(shape, material)
        collision.density = link.mass / volume
        component.attach(collision)


def _collision(shape: Shape, material: physx.PhysxMaterial) -> physx.PhysxCollisionShape:
    pose = shape.pose
    if shape.kind == "box":
        collision = physx.PhysxCollisionShapeBox(np.asarray(shape.size, dtype=np.float32), material)
    elif shape.kind == "sphere":
        collision = physx.PhysxCollisionShapeSphere(shape.size[0], material)
    elif shape.kind == "capsule":
        collision = physx.PhysxCollisionShapeCapsule(shape.size[0], shape.size[1], material)
        pose = pose @ Pose.from_axes((0, 0, 1), (0, 1, 0))
    else:
        vertices = shape_mesh(shape).vertices
        collision = physx.PhysxCollisionShapeConvexMesh(vertices, np.ones(3, dtype=np.float32), material)
    collision.local_pose = to_sapien(pose)
    return collision


def _joints(articulation: physx.PhysxArticulation, links: list[SceneLink], first: int) -> list[SceneJoint]:
    of_component = {
        link.component.entity.per_scene_id: first + i for i, link in enumerate(links[first:]) if link.component
    }
    joints = []
    for joint in articulation.active_joints:
        index = of_component[joint.child_link.entity.per_scene_id]
        model = links[index].model.joint
        if model is None:
            raise ValueError(f"active joint {joint.name} of a link without a joint")
        joints.append(SceneJoint(joint.name, index, model, joint))
    return joints


def _configure_robot(scene: PhysicsScene, embodiment: Embodiment) -> None:
    """Position drives on the robot's joints; its gravity is compensated, as by a real arm's controller."""
    grippers = {name for arm in embodiment.arms for name in (arm.hand, *arm.fingers)}
    for link in scene.links:
        if link.body == scene.robot and isinstance(link.component, physx.PhysxRigidBodyComponent):
            link.component.disable_gravity = True
            for shape in link.component.collision_shapes if link.name not in grippers else ():
                shape.contact_offset = ARM_CONTACT_OFFSET
    for joint in scene.joints:
        if scene.links[joint.link].body == scene.robot:
            joint.component.set_drive_properties(
                embodiment.stiffness, embodiment.damping, force_limit=joint.model.effort, mode="force"
            )


def robot_joints(scene: PhysicsScene, embodiment: Embodiment, side: Side) -> tuple[list[int], list[int]]:
    """Indices into `scene.joints` of an arm's joints and of its two finger joints."""
    names = [joint.name for joint in scene.joints]
    arm = embodiment.arm(side)
    return [names.index(name) for name in arm.joints], [names.index(name) for name in arm.finger_joints]
