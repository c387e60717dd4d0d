import numpy as np
import pytest
from aimdata.geometry import T_POSE, Pose, project
from aimdata.simgen.assets.builtin.library import BuiltinLibrary
from aimdata.simgen.assets.kinematics import link_poses

ROBOT = BuiltinLibrary().embodiment("builtin")
JOINTS = {link.joint.name: link.joint for link in ROBOT.model.links if link.joint}
# measured in RoboTwin; its URDF has sub-millimetre offsets and a yaw of 0.02 that ours leaves out
ROBOTWIN_HOME = {"left": (-0.2979, -0.3138, 0.9420), "right": (0.3064, -0.3128, 0.9410)}


def turns(axis, angles):
    """(N, 4, 4) turns about an axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrices = np.tile(np.eye(4), (len(angles), 1, 1))
    s, c = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    matrices[:, :3, :3] = np.eye(3) + s * cross + (1 - c) * cross @ cross
    return matrices


def forward(side, joints):
    """TCP rotations (N, 3, 3), positions (N, 3) and Jacobians (N, 6, 6) at joints (N, 6)."""
    arm = ROBOT.arm(side)
    frames = np.tile(ROBOT.base.matrix(), (len(joints), 1, 1))
    axes, origins = [], []
    for name, angle in zip(arm.joints, joints.T, strict=True):
        joint = JOINTS[name]
        frames = frames @ joint.origin.matrix()
        axes.append(frames[:, :3, :3] @ np.array(joint.axis))
        origins.append(frames[:, :3, 3])
        frames = frames @ turns(joint.axis, angle)
    tcp = frames[:, :3, 3] + arm.tcp_offset * frames[:, :3, 0]
    columns = [np.concatenate([np.cross(a, tcp - o), a], axis=1) for a, o in zip(axes, origins, strict=True)]
    return frames[:, :3, :3], tcp, np.stack(columns, axis=2)


def reachable(side, rotation, positions, rng, starts=12, steps=90):
    """Which TCP positions (N, 3) some joints inside the limits reach with that orientation: damped least squares."""
    low, high = np.array([JOINTS[name].limits for name in ROBOT.arm(side).joints]).T
    goals = np.repeat(np.asarray(positions, dtype=float), starts, axis=0)
    joints = rng.uniform(np.maximum(low, -1.6), np.minimum(high, 2.4), (len(goals), 6))
    joints[::starts] = (0, 1.2, 1.0, 0, 0, 0)
    for _ in range(steps):
        now, tcp, jacobian = forward(side, joints)
        error = rotation @ np.swapaxes(now, 1, 2)
        sine = np.stack(
            [error[:, 2, 1] - error[:, 1, 2], error[:, 0, 2] - error[:, 2, 0], error[:, 1, 0] - error[:, 0, 1]], 1
        )
        angle = np.arccos(np.clip((np.trace(error, axis1=1, axis2=2) - 1) / 2, -1, 1))
        turn = sine / np.maximum(np.linalg.norm(sine, axis=1), 1e-9)[:, None] * angle[:, None]
        miss = np.concatenate([goals - tcp, turn], axis=1)
        transposed = np.swapaxes(jacobian, 1, 2)
        step = transposed @ np.linalg.solve(jacobian @ transposed + 1e-4 * np.eye(6), miss[..., None])
        joints = np.clip(joints + np.clip(step[..., 0], -0.3, 0.3), low, high)
    return (np.abs(miss).max(axis=1) < 1e-3).reshape(-1, starts).any(axis=1)


def grid(ys, z, side):
    sign = -1 if side == "left" else 1
    return [(sign * x, y, z) for x in (0.1, 0.2, 0.3, 0.35) for y in ys]


@pytest.mark.parametrize("side", ["left", "right"])
def test_home_puts_the_hands_where_robotwins_are_pointing_away_from_the_robot(side):
    pose = link_poses(ROBOT.model, ROBOT.base, {})[ROBOT.arm(side).hand]
    np.testing.assert_allclose(pose.p, ROBOTWIN_HOME[side], atol=0.01)
    np.testing.assert_allclose(pose.rotation()[:, 0], (0, 1, 0), atol=1e-6)
    np.testing.assert_allclose(pose.rotation()[:, 2], (0, 0, 1), atol=1e-6)


def test_the_two_arms_mirror_each_other_at_home():
    poses = link_poses(ROBOT.model, ROBOT.base, {})
    for name in ("link1", "link3", "link5", "hand"):
        np.testing.assert_allclose(poses[f"left_{name}"].p * (-1, 1, 1), poses[f"right_{name}"].p, atol=1e-9)


@pytest.mark.parametrize("joint", ["left_joint2", "left_joint3", "right_joint2", "right_joint3"])
def test_positive_shoulder_and_elbow_raise_the_arm_over_the_table(joint):
    side = joint.split("_")[0]
    home = link_poses(ROBOT.model, ROBOT.base, {})[f"{side}_link4"].p
    moved = link_poses(ROBOT.model, ROBOT.base, {joint: 0.4})[f"{side}_link4"].p
    elbow = link_poses(ROBOT.model, ROBOT.base, {joint: 0.4})[f"{side}_link3"].p
    assert moved[2] > home[2] + 0.01 or elbow[2] > 0.9


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("lean", "height", "ys"),
    [
        (0, 0.02, (-0.25, -0.15, -0.05, 0.05)),
        (0, 0.10, (-0.25, -0.15, -0.05)),
        (0, 0.25, (-0.25, -0.15)),
        (30, 0.02, (-0.25, -0.15, -0.05, 0.05, 0.15)),
        (30, 0.10, (-0.25, -0.15, -0.05, 0.05)),
        (30, 0.25, (-0.25, -0.15, -0.05, 0.05)),
    ],
)
def test_an_arm_reaches_its_half_of_the_table_from_above(side, lean, height, ys):
    tilt = np.radians(lean)
    rotation = Pose.from_axes((0, np.sin(tilt), -np.cos(tilt)), (1, 0, 0)).rotation()
    positions = grid(ys, 0.74 + height, side)
    rng = np.random.default_rng(0)
    either = reachable(side, rotation, positions, rng) | reachable(
        side, rotation @ np.diag([1, -1, -1]), positions, rng
    )
    assert either.all(), [p for p, ok in zip(positions, either, strict=True) if not ok]


def test_the_reach_ends_before_the_far_edge_of_the_table():
    down = Pose.from_axes((0, 0, -1), (1, 0, 0)).rotation()
    assert not reachable("left", down, [(-0.3, 0.3, 0.76)], np.random.default_rng(0)).any()


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_numbers_of_the_gripper_are_the_gap_between_its_pads(side):
    arm = ROBOT.arm(side)
    poses = {}
    for opening in (0.0, 0.02, 0.045):
        poses[opening] = link_poses(ROBOT.model, ROBOT.base, dict.fromkeys(arm.finger_joints, opening))
        first, second = (poses[opening][name].p for name in arm.fingers)
        assert np.linalg.norm(first - second) == pytest.approx(2 * opening, abs=1e-9)
    for end in (0, 1):
        assert arm.pads[end] == pytest.approx(2 * arm.opening[end])
    limits = {JOINTS[name].limits for name in arm.finger_joints}
    assert limits == {(0.0, arm.opening[1])}


def test_the_tcp_lies_between_the_finger_pads():
    for arm in ROBOT.arms:
        for name in arm.fingers:
            link = ROBOT.model.link(name)
            (shape,) = link.shapes
            x = link.joint.origin.p[0] + shape.pose.p[0]
            assert x - shape.size[0] < arm.tcp_offset < x + shape.size[0]
            assert abs(shape.pose.p[1]) == shape.size[1]


def test_every_part_of_an_arm_is_listed_and_weighs_something():
    listed = [name for arm in ROBOT.arms for name in arm.links]
    assert sorted([*listed, "base"]) == sorted(link.name for link in ROBOT.model.links)
    for arm in ROBOT.arms:
        assert 3.0 < sum(ROBOT.model.link(name).mass for name in arm.links) < 4.0
        assert all(ROBOT.model.link(name).shapes for name in arm.links)


def test_the_head_camera_looks_at_the_table_and_the_wrist_cameras_past_the_fingers():
    poses = link_poses(ROBOT.model, ROBOT.base, {})
    for mount in ROBOT.cameras:
        view = T_POSE.view(mount.view)
        camera = mount.pose if mount.link is None else poses[mount.link] @ mount.pose
        ahead = (0, -0.03, 0.74) if mount.link is None else poses[mount.link].apply((0.25, 0, 0))
        pixels, depth = project(view, camera.inverse().matrix(), [ahead])
        assert depth[0] > 0
        assert 0 < pixels[0, 0] < view.width
        assert 0 < pixels[0, 1] < view.height
        up = camera.rotation()[:, 1]
        assert up[2] < 0, "the image's y axis must point down"


@pytest.mark.sapien
def test_the_arms_touch_nothing_at_home_nor_anywhere_in_front_of_them():
    from aimdata.simgen.sapien.planning.arm_planner import ArmPlanner
    from aimdata.simgen.sapien.scene import SceneBody, build

    table = BuiltinLibrary().object("table", 0)
    bodies = [
        SceneBody("robot", "robot", ROBOT.model, ROBOT.base, fixed=True),
        SceneBody("table", "scenery", table, Pose.of(), fixed=True),
    ]
    planner = ArmPlanner(build(bodies, ROBOT), ROBOT, "left", np.random.default_rng(0))
    planner.collisions.update()
    assert not planner.collisions.at(np.zeros(6))
    down = Pose.from_axes((0, 0, -1), (1, 0, 0))
    for x in (-0.35, -0.2, 0.0):
        for y in (-0.2, -0.05):
            solutions = planner.ik_solutions(Pose.of((x, y, 0.80), down.q), np.array([0, 1.2, 1.0, 0, 0, 0]))
            assert any(not planner.collisions.at(joints) for joints in solutions), (x, y)
