import numpy as np
import pytest
from aimdata.geometry import Pose
from aimdata.simgen.assets.builtin.library import BuiltinLibrary, assets
from aimdata.simgen.assets.builtin.shapes.box import box_model

pytestmark = pytest.mark.sapien
LIBRARY = BuiltinLibrary()
OBJECTS = sorted(set(assets()) - {"table", "room"})
HOLLOW = ("002_bowl", "003_plate", "008_tray", "021_cup", "039_mug", "060_kitchenpot", "062_plasticbox")
HOLLOW += ("063_tabletrashbin", "076_breadbasket", "106_skillet", "110_basket")
PITCH = 0.7


def settled(models):
    """These models in a row on a wide floor, before and after a second of physics: the scene, poses and joints."""
    from aimdata.simgen.sapien.scene import SceneBody, build

    robot = LIBRARY.embodiment("builtin")
    bodies = [
        SceneBody("robot", "robot", robot.model, robot.base, fixed=True),
        SceneBody("floor", "scenery", box_model((5.0, 5.0, 0.05), (1, 1, 1)), Pose.of((0, 6, 0.5)), fixed=True),
    ]
    for index, model in enumerate(models):
        pose = Pose.of((PITCH * (index - len(models) / 2), 6, 0.6))
        fixed = len(model.links) > 1
        bodies.append(SceneBody(f"{model.asset}-{model.variant}", "object", model, pose, fixed=fixed))
    scene = build(bodies, robot)
    before, joints = [scene.link_pose(i) for i in range(len(scene.links))], scene.positions()
    for _ in range(250):
        scene.engine.step()
    return scene, before, joints


@pytest.mark.parametrize("asset", OBJECTS)
def test_everything_stays_as_it_is_put(asset):
    models = [LIBRARY.object(asset, variant) for variant in range(assets()[asset].count)]
    scene, before, joints = settled(models)
    for index, link in enumerate(scene.links):
        body = scene.bodies[link.body]
        if body.role == "object":
            after = scene.link_pose(index)
            assert np.abs(after.p - before[index].p).max() < 0.003, link.name
            assert after.rotation()[2, 2] - before[index].rotation()[2, 2] > -0.001, link.name
    moved = [index for index, joint in enumerate(scene.joints) if scene.links[joint.link].body != scene.robot]
    np.testing.assert_allclose(scene.positions()[moved], joints[moved], atol=0.03)


@pytest.mark.parametrize("asset", HOLLOW)
def test_a_hollow_thing_touches_the_ground_with_one_piece(asset):
    models = [LIBRARY.object(asset, variant) for variant in range(assets()[asset].count)]
    scene, _, _ = settled(models)
    touching = [contact for contact in scene.physics.get_contacts() if "floor" in (b.name for b in contact.bodies)]
    assert len(touching) == len(models)


def test_a_tall_block_stands():
    scene, before, _ = settled([box_model((0.03, 0.03, 0.1), (1, 0, 0))])
    np.testing.assert_allclose(scene.link_pose(len(before) - 1).p, before[-1].p, atol=0.002)
