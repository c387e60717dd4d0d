import numpy as np
import pytest
from aimdata.errors import PlacementError
from aimdata.geometry import Pose
from aimdata.simgen.assets.bodies import box_of, box_parameters
from aimdata.simgen.assets.builtin.library import BuiltinLibrary
from aimdata.simgen.assets.look_alikes import GROUPS, with_look_alikes
from aimdata.simgen.objects import Area
from aimdata.simgen.scene.clutter import HALF_TABLE, LOW, MARGIN, draw_clutter, footprint, may_be_clutter
from aimdata.simgen.scene.initial_scene import draw_initial_scene
from aimdata.simgen.tasks import find_task, tasks

LIBRARY = BuiltinLibrary()
TASKS = tuple(tasks())


def cluttered(name, seeds):
    for seed in seeds:
        try:
            yield draw_initial_scene(find_task(name)(), seed, LIBRARY, "hard")
        except PlacementError:
            continue


def draw(count, objects=(), keep_out=(), assets=(), seed=0):
    table = Pose.of((0, 0, 0.74))
    return draw_clutter(count, assets, objects, keep_out, LIBRARY, table, np.random.default_rng(seed))


@pytest.mark.parametrize("name", TASKS)
def test_clutter_is_nothing_the_task_handles_and_nothing_like_it(name):
    assets = {asset for obj in find_task(name).objects().values() for asset in obj.assets}
    for initial in cluttered(name, range(10)):
        for thing in initial.clutter:
            assert thing.model.asset not in with_look_alikes(assets)


@pytest.mark.parametrize("name", TASKS)
def test_clutter_stands_on_the_table_and_leaves_room_for_the_hands(name):
    task = find_task(name)
    for initial in cluttered(name, range(10)):
        areas = [footprint(thing.model, thing.pose) for thing in initial.clutter]
        for thing, area in zip(initial.clutter, areas, strict=True):
            assert thing.pose.p[2] == pytest.approx(initial.table_top)
            for span, half, shift in zip((area.x, area.y), HALF_TABLE, task.table_shift, strict=False):
                assert shift - half <= span[0] < span[1] <= shift + half
            tall = thing.model.links[0].visuals and np.ptp(heights(thing.model)) > LOW
            assert area.y[0] > task.table_shift[1] or not tall
            for key, pose in initial.poses.items():
                assert area.gap(footprint(initial.models[key], pose)) >= MARGIN - 1e-6
            for rectangle in task.keep_out:
                assert area.gap(rectangle) >= MARGIN - 1e-6
        for index, area in enumerate(areas):
            assert all(area.gap(other) >= MARGIN - 1e-6 for other in areas[:index])


def heights(model):
    from aimdata.simgen.assets.collision import shape_mesh

    return np.concatenate([shape.pose.apply(shape_mesh(shape).vertices)[:, 2] for shape in model.links[0].shapes])


def test_the_way_between_two_objects_is_free():
    block = box_of(box_parameters((0.02, 0.02, 0.02), (1, 0, 0)))
    ends = [(block, Pose.of((x, 0.3 * np.sign(x), 0.74))) for x in (-0.5, 0.5)]
    for seed in range(20):
        for thing in draw(10, ends, seed=seed):
            along = np.linspace(ends[0][1].p[:2], ends[1][1].p[:2], 200)
            assert min(thing.area.gap(Area((x, x), (y, y))) for x, y in along) > 0.03


def test_where_there_is_no_room_there_is_less_clutter():
    assert len(draw(10)) == 10
    assert draw(0) == ()
    assert draw(10, keep_out=[Area((-1, 1), (-1, 1))]) == ()
    assert len(draw(10, keep_out=[Area((-1, 0.2), (-1, 1))])) < 10


def test_what_may_be_clutter_is_one_piece_that_neither_rolls_nor_tips():
    assert not may_be_clutter(LIBRARY.object("015_laptop", 0))
    assert may_be_clutter(LIBRARY.object("021_cup", 0))
    assert may_be_clutter(box_of(box_parameters((0.02, 0.02, 0.05), (1, 0, 0))))
    assert not may_be_clutter(box_of(box_parameters((0.01, 0.01, 0.1), (1, 0, 0))))
    assert not may_be_clutter(box_of(box_parameters((0.2, 0.2, 0.1), (1, 0, 0))))


def test_a_footprint_covers_all_that_joints_can_reach():
    laptop = LIBRARY.object("015_laptop", 0)
    area = footprint(laptop, Pose.of((0.1, 0, 0.74)))
    assert area.x == pytest.approx((-0.05, 0.25), abs=0.001)
    assert area.y[0] == pytest.approx(-0.105, abs=0.01)
    assert area.y[1] > 0.2  # the lid leans back beyond the hinge


def test_the_gap_between_areas_is_the_shortest_way():
    one = Area((0, 1), (0, 1))
    assert one.gap(Area((4, 5), (5, 6))) == 5
    assert one.gap(Area((0.5, 3), (2, 3))) == 1
    assert one.gap(Area((0.5, 3), (0.5, 3))) == 0


def test_look_alikes_stand_in_a_group_with_something_else():
    assert all(len(group) > 1 for group in GROUPS)
    assert "039_mug" in with_look_alikes(["021_cup"])
    assert with_look_alikes(["no such thing"]) == {"no such thing"}


@pytest.mark.sapien
def test_everything_that_may_be_clutter_stands_still_where_it_is_put():
    from aimdata.simgen.sapien.scene import SceneBody, build

    robot = LIBRARY.embodiment("builtin")
    models = [LIBRARY.object(asset, v) for asset in LIBRARY.clutter() for v in LIBRARY.variants(asset)]
    models = [model for model in models if may_be_clutter(model)]
    assert len(models) > 10
    places = [Pose.of((0.5 * (i % 20) - 5, 0.5 * (i // 20) - 5, 0.1)) for i in range(len(models))]
    floor = box_of(box_parameters((8, 8, 0.05), (1, 1, 1)))
    bodies = [
        SceneBody("robot", "robot", robot.model, Pose.of((0, -20, 0)), fixed=True),
        SceneBody("floor", "scenery", floor, Pose.of(), fixed=True),
        *(SceneBody(f"clutter_{i}", "clutter", models[i], places[i]) for i in range(len(models))),
    ]
    scene = build(bodies, robot)
    for _ in range(250):
        scene.engine.physx_system.step()
    for index, (model, place) in enumerate(zip(models, places, strict=True)):
        name = f"{model.asset} variant {model.variant}"
        link = scene.links[scene.link(f"clutter_{index}", model.links[0].name)]
        pose = scene.link_pose(scene.links.index(link))
        assert np.abs(pose.p - place.p).max() < 0.003, f"{name} has moved"
        assert abs(pose.q @ place.q) > np.cos(np.radians(1.5)), f"{name} has tilted"
        assert np.abs(link.component.linear_velocity).max() < 2e-3, f"{name} moves"


@pytest.mark.sapien
def test_the_planner_knows_clutter_as_an_obstacle():
    from aimdata.simgen.sapien.planning.arm_planner import ArmPlanner
    from aimdata.simgen.sapien.reset import build_scene

    task = find_task("click_bell")()
    seed = next(seed for seed in range(50) if draw_initial_scene(task, seed, LIBRARY, "hard").clutter)
    embodiment = LIBRARY.embodiment("builtin")
    scene, _ = build_scene(task, draw_initial_scene(task, seed, LIBRARY, "hard"), embodiment, LIBRARY)
    planner = ArmPlanner(scene, embodiment, "left", np.random.default_rng(0))
    known = planner.collisions.object_names()
    assert planner.collisions.object_name([body.name for body in scene.bodies].index("clutter_0")) in known
