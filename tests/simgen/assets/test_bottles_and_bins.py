"""Bottles lie still, bins hold their balls until they are tipped, and held things are planned for in the hand."""

import numpy as np
import pytest
from aimdata.geometry import Pose, rotation_about
from aimdata.simgen.assets.builtin.library import BuiltinLibrary, assets
from aimdata.simgen.assets.builtin.shapes.box import box_model
from aimdata.simgen.scene.initial_scene import draw_initial_scene
from aimdata.simgen.tasks import find_task

LIBRARY = BuiltinLibrary()
TABLE = 0.74
BOTTLES = [(asset, v) for asset in ("001_bottle", "080_pillbottle", "114_bottle") for v in range(assets()[asset].count)]
BINS = range(assets()["063_tabletrashbin"].count)
TIPPED = np.radians(125)


def standing(things):
    """A scene of named (model, pose, fixed) with the robot and the table."""
    from aimdata.simgen.sapien.scene import SceneBody, build

    robot = LIBRARY.embodiment("builtin")
    bodies = [SceneBody("robot", "robot", robot.model, robot.base, fixed=True)]
    bodies.append(SceneBody("table", "scenery", LIBRARY.object("table", 0), Pose.of(), fixed=True))
    bodies += [SceneBody(name, "object", model, pose, fixed=fixed) for name, (model, pose, fixed) in things.items()]
    return build(bodies, robot)


def after(scene, seconds, names):
    """Where named bodies are some time later."""
    for _ in range(round(250 * seconds)):
        scene.engine.step()
    bodies = [body.name for body in scene.bodies]
    return {name: scene.link_pose(scene.links_of(bodies.index(name))[0]) for name in names}


@pytest.mark.parametrize(("asset", "variant"), BOTTLES)
def test_a_hand_can_take_every_bottle_and_its_frames_stand_where_they_say(asset, variant):
    bottle = LIBRARY.object(asset, variant)
    assert max(grasp.opening for grasp in bottle.grasps) <= 0.09
    top, side = bottle.frame("top").pose, bottle.frame("side").pose
    points = np.concatenate([visual.mesh.vertices for visual in bottle.links[0].visuals])
    assert top.p[2] == pytest.approx(points[:, 2].max(), abs=1e-6)
    lying = side.inverse().apply(points)
    assert lying[:, 2].min() == pytest.approx(0, abs=0.0006)
    assert side.inverse().apply(top.p[None])[0, 0] > 0.05, "x of `side` points to the cap"


@pytest.mark.sapien
def test_a_bottle_laid_on_its_side_stays_where_it_lies():
    things = {}
    for index, (asset, variant) in enumerate(BOTTLES):
        model = LIBRARY.object(asset, variant)
        place = Pose.of((-0.36 + 0.36 * (index % 3), -0.30 + 0.12 * (index // 3), TABLE))
        things[f"bottle {index}"] = (model, place @ model.frame("side").pose.inverse(), False)
    later = after(standing(things), 1.0, things)
    for name, (_, pose, _) in things.items():
        assert np.abs(later[name].p - pose.p).max() < 0.003, name
        assert abs(later[name].q @ pose.q) > np.cos(np.radians(1)), name


@pytest.mark.sapien
@pytest.mark.parametrize("variant", range(assets()["114_bottle"].count))
def test_a_drink_bottle_that_lands_tilted_wobbles_until_it_is_at_rest(variant):
    """A recording waits 6 s for it; on a ring of 20 corners in place of the feet, most wobble for longer."""
    things, rng = {}, np.random.default_rng(variant)
    for number in range(4):
        direction, tilt = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(4, 9))
        turn = rotation_about((np.cos(direction), np.sin(direction), 0), tilt)
        at = (-0.36 + 0.24 * number, 0.1, TABLE + 0.006)
        things[str(number)] = (LIBRARY.object("114_bottle", variant), Pose.of(at, turn), False)
    scene = standing(things)
    for link in scene.links:
        if scene.bodies[link.body].role == "object":
            link.component.set_angular_velocity(rng.uniform(-1, 1, 3).astype(np.float32))
    then = after(scene, 5.0, things)
    later = after(scene, 0.2, things)
    for name in things:
        assert np.linalg.norm(later[name].p - then[name].p) < 0.002 * 0.2, name


@pytest.mark.sapien
@pytest.mark.parametrize("tipped", [False, True])
def test_balls_stay_in_a_standing_bin_and_leave_a_tipped_one(tipped):
    things, balls = {}, {}
    for variant in BINS:
        model = LIBRARY.object("063_tabletrashbin", variant)
        turn = rotation_about((1, 0, 0), TIPPED if tipped else 0.0)
        pose = Pose.of((-0.5 + 0.25 * variant, 0, TABLE + (0.4 if tipped else 0)), turn)
        things[f"bin {variant}"] = (model, pose, tipped)
        for number in range(5):
            at = (0.02 * np.cos(1.26 * number), 0.02 * np.sin(1.26 * number), 0.02)
            name = f"ball {variant}.{number}"
            things[name] = (LIBRARY.object("ball", number % 4), pose @ Pose.of(at), False)
            balls[name] = (pose, model.frame("top").pose.p[2])
    later = after(standing(things), 1.0, balls)
    for name, (bin_pose, height) in balls.items():
        inside = bin_pose.inverse().apply(later[name].p[None])[0]
        if tipped:
            assert later[name].p[2] < TABLE + 0.2, name
        else:
            assert np.hypot(*inside[:2]) < 0.07, name
            assert 0 < inside[2] < 0.5 * height, name


@pytest.mark.sapien
@pytest.mark.parametrize("variant", range(assets()["011_dustbin"].count))
def test_what_falls_into_a_dustbin_comes_to_rest_where_robotwin_looks_for_it(variant):
    dustbin = LIBRARY.object("011_dustbin", variant)
    things = {"dustbin": (dustbin, Pose.of((-1.2, 0, 0)), True)}
    for number in range(5):
        things[f"ball {number}"] = (LIBRARY.object("ball", 0), Pose.of((-1.24 + 0.02 * number, 0.1, 0.85)), False)
    for number in range(3):
        bottle = LIBRARY.object("114_bottle", number)
        things[f"bottle {number}"] = (bottle, Pose.of((-1.2, -0.12 + 0.06 * number, 0.8 + 0.3 * number)), False)
    later = after(standing(things), 2.0, things)
    for name, pose in later.items():
        if name.startswith("ball"):
            assert 0.13 <= pose.p[2] <= 0.25, name
        if name.startswith("bottle"):
            assert 0.2 < pose.p[2] < 0.7, name


@pytest.mark.sapien
def test_the_planner_moves_what_the_hand_holds_with_the_hand():
    """A stick below the hand hits the table exactly where the hand brings its lower end under the table top."""
    from aimdata.simgen.sapien.planning.arm_planner import ArmPlanner

    stick = box_model((0.01, 0.01, 0.12), (1, 0, 0))
    at = Pose.of((-0.298, -0.19, 0.80))
    scene = standing({"stick": (stick, at, False)})
    planner = ArmPlanner(scene, LIBRARY.embodiment("builtin"), "left", np.random.default_rng(0))
    planner.collisions.update()
    body = [body.name for body in scene.bodies].index("stick")
    names = frozenset((planner.collisions.object_name(body), planner.collisions.object_name(1)))
    planner.collisions.attach(body)
    from_hand = planner.hand_pose(planner.collisions.joints()).inverse() @ at
    corners = np.array([(x, y, z) for x in (-0.01, 0.01) for y in (-0.01, 0.01) for z in (0, 0.24)])
    hits = 0
    for joints in np.random.default_rng(1).uniform((-1, 0.5, 0.2, -1, -1, -2), (1, 2.5, 2.0, 1.5, 1, 2), (300, 6)):
        points = (planner.hand_pose(joints) @ from_hand).apply(corners)
        lowest = points[points[:, 2].argmin()]
        above_the_table = np.all(np.abs(points[:, :2]) < (0.59, 0.34))
        if abs(lowest[2] - TABLE) < 0.005 or lowest[2] < TABLE - 0.04 or not above_the_table:
            continue
        hits += lowest[2] < TABLE
        assert (names in planner.collisions.at(joints)) == (lowest[2] < TABLE)
    assert hits > 3


def test_the_two_bottles_to_pick_are_never_the_same_and_blocks_to_rank_differ_in_colour():
    for seed in range(40):
        bottles = draw_initial_scene(find_task("pick_diverse_bottles")(), seed, LIBRARY).models
        assert bottles["left"].variant != bottles["right"].variant
        names = draw_initial_scene(find_task("blocks_ranking_size")(), seed, LIBRARY).names
        assert len({words[0] for words in names.values()}) == 3
