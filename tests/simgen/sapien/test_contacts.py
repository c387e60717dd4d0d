from types import SimpleNamespace

import numpy as np
import pytest
from aimdata.geometry import Pose
from aimdata.simgen.assets.builtin.shapes.box import box_model

pytestmark = pytest.mark.sapien
TABLE_TOP, STEP = 0.74, 1 / 250
BLOCK = box_model((0.02, 0.03, 0.04), (1, 0, 0))


@pytest.fixture
def scene_of(library):
    """A scene with the robot and these bodies, and the reader of its contacts."""
    from aimdata.simgen.sapien.contacts import ContactReader
    from aimdata.simgen.sapien.scene import SceneBody, build

    robot = library.embodiment("builtin")
    stand = {
        "robot": SceneBody("robot", "robot", robot.model, robot.base, fixed=True),
        "table": SceneBody("table", "scenery", library.object("table", 0), Pose.of(), fixed=True),
        "block": SceneBody("block", "object", BLOCK, Pose.of((0, 0, TABLE_TOP))),
        "upper": SceneBody("upper", "object", BLOCK, Pose.of((0, 0, TABLE_TOP + 0.08))),
    }

    def made(*names):
        scene = build([stand[name] for name in names], robot)
        return scene, ContactReader(scene)

    return made


def read(reader):
    """All contact points but the robot's with itself, sorted, with named columns."""
    from aimdata.simgen.sapien.contact_log import ContactLog

    points = ContactLog()
    points.append(0, reader.others(reader.pairs()))
    return SimpleNamespace(**points.columns())


def run(scene, seconds):
    for _ in range(round(seconds / STEP)):
        scene.engine.physx_system.step()


def link_of(scene, body):
    return next(index for index, link in enumerate(scene.links) if scene.bodies[link.body].name == body)


def push_on(points, upper, lower):
    """The impulse (3,) that `upper` gets from `lower`, whichever comes first."""
    total = np.zeros(3)
    for links, impulse in zip(points.link, points.impulse, strict=True):
        if {*links.tolist()} == {upper, lower}:
            total += impulse if links[0] == upper else -impulse
    return total


@pytest.mark.parametrize(
    "order", [("robot", "table", "block"), ("robot", "block", "table"), ("block", "table", "robot")]
)
def test_a_body_at_rest_presses_with_its_weight_whatever_the_order_of_bodies(scene_of, order):
    scene, reader = scene_of(*order)
    run(scene, 0.5)
    points = read(reader)
    block, table = link_of(scene, "block"), link_of(scene, "table")
    weight = BLOCK.links[0].mass * 9.81 * STEP
    np.testing.assert_allclose(push_on(points, block, table), (0, 0, weight), atol=0.02 * weight)


def test_normals_point_from_the_second_link_to_the_first(scene_of):
    for order, up in ((("robot", "table", "block"), -1), (("robot", "block", "table"), 1)):
        scene, reader = scene_of(*order)
        run(scene, 0.5)
        points = read(reader)
        assert len(points.link) >= 3
        np.testing.assert_allclose(points.normal, np.tile((0, 0, up), (len(points.link), 1)), atol=1e-3)
        assert np.all((points.impulse * points.normal).sum(axis=1) >= 0)


def test_contact_points_lie_between_the_surfaces(scene_of):
    scene, reader = scene_of("robot", "table", "block")
    run(scene, 0.5)
    points = read(reader)
    np.testing.assert_allclose(points.position[:, 2], TABLE_TOP, atol=1e-3)
    np.testing.assert_allclose(np.abs(points.position[:, :2]).max(axis=0), (0.02, 0.03), atol=2e-3)
    assert np.abs(points.separation).max() < 1e-3


def test_of_a_stack_the_lower_body_carries_both(scene_of):
    scene, reader = scene_of("robot", "table", "block", "upper")
    run(scene, 1.0)
    points = read(reader)
    upper, block, table = (link_of(scene, name) for name in ("upper", "block", "table"))
    weight = BLOCK.links[0].mass * 9.81 * STEP
    assert push_on(points, upper, block)[2] == pytest.approx(weight, rel=0.05)
    assert push_on(points, block, table)[2] == pytest.approx(2 * weight, rel=0.05)


def test_bodies_never_sleep_and_contacts_go_on_being_reported_after_seconds_of_rest(scene_of):
    scene, reader = scene_of("robot", "table", "block")
    run(scene, 2.0)
    assert not scene.links[link_of(scene, "block")].component.is_sleeping
    weight = BLOCK.links[0].mass * 9.81 * STEP
    for _ in range(20):
        run(scene, STEP)
        push = push_on(read(reader), link_of(scene, "block"), link_of(scene, "table"))
        assert push[2] == pytest.approx(weight, rel=0.02)


def test_two_scenes_at_different_addresses_give_the_same_rows_bit_for_bit(scene_of):
    tables = []
    for _ in range(3):
        scene, reader = scene_of("robot", "table", "block", "upper")
        run(scene, 0.4)
        points = read(reader)
        tables.append(np.column_stack([points.link, points.position, points.normal, points.impulse, points.separation]))
        tables.append(scene)  # kept alive, so the next one lies elsewhere
    for table in tables[2::2]:
        np.testing.assert_array_equal(table, tables[0])


COMPONENTS = [f"component {index}" for index in range(5)]
"""Stand for the engine's handles."""


def a_report(rng, pairs):
    """An engine's contacts between these pairs of bodies, each with two points."""
    report = []
    for first, second in pairs:
        numbers = rng.normal(size=(2, 10)).astype(np.float32)
        points = [
            SimpleNamespace(position=row[:3], normal=row[3:6], impulse=row[6:9], separation=row[9]) for row in numbers
        ]
        report.append(SimpleNamespace(bodies=[COMPONENTS[first], COMPONENTS[second]], points=points))
    return report


def turned(contact):
    """The same contact, told with its bodies in the other order."""
    points = [
        SimpleNamespace(position=p.position, normal=-p.normal, impulse=-p.impulse, separation=p.separation)
        for p in contact.points
    ]
    return SimpleNamespace(bodies=contact.bodies[::-1], points=points)


def reader_of(report, roles=("robot", *("scenery",) * 4)):
    """A reader of this report, in a scene of five bodies of one link each."""
    from aimdata.simgen.sapien.contacts import ContactReader
    from aimdata.simgen.sapien.scene import PhysicsScene

    links = tuple(SimpleNamespace(body=index, component=component) for index, component in enumerate(COMPONENTS))
    bodies = tuple(SimpleNamespace(role=role) for role in roles)
    return ContactReader(
        PhysicsScene(SimpleNamespace(physx_system=SimpleNamespace(get_contacts=lambda: report)), bodies, links, (), {})
    )


def test_the_order_in_which_the_engine_reports_does_not_matter():
    rng = np.random.default_rng(0)
    report = a_report(rng, [(0, 1), (3, 2), (1, 4), (0, 4), (2, 4)])
    first = read(reader_of(report))
    for _ in range(5):
        shuffled = [report[i] if rng.integers(2) else turned(report[i]) for i in rng.permutation(5)]
        for contact in shuffled:
            contact.points = [contact.points[i] for i in rng.permutation(2)]
        again = read(reader_of(shuffled))
        for name in ("link", "position", "normal", "impulse", "separation"):
            np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert np.all(first.link[:, 0] < first.link[:, 1])
    assert len(first.link) == 10


def test_the_robots_contacts_with_itself_are_left_out():
    report = a_report(np.random.default_rng(0), [(0, 0), (0, 2), (1, 3)])
    points = read(reader_of(report))
    assert {tuple(pair) for pair in points.link.tolist()} == {(0, 2), (1, 3)}


def test_nothing_touching_is_no_rows():
    points = read(reader_of([]))
    assert points.link.shape == (0, 2)
    assert points.impulse.shape == points.position.shape == (0, 3)


def test_only_points_with_an_impulse_count_as_pressing():
    report = a_report(np.random.default_rng(0), [(0, 1), (2, 3)])
    for point in report[0].points:
        point.impulse = np.zeros(3, np.float32)
    quiet, pressing = reader_of(report).pairs()
    assert not quiet.presses()
    assert pressing.presses()
    assert quiet.pressing_positions().shape == (0, 3)
    np.testing.assert_array_equal(pressing.pressing_positions(), [point.position for point in report[1].points])


def test_points_that_neither_press_nor_are_near_are_not_kept():
    from aimdata.simgen.sapien.contact_log import ContactLog

    report = a_report(np.random.default_rng(0), [(0, 1), (2, 3), (1, 4)])
    for point in report[0].points + report[2].points:
        point.impulse = np.zeros(3, np.float32)
    for point in report[2].points:
        point.separation = -20.0
    points = ContactLog()
    points.append(7, reader_of(report).pairs(), near=-10.0)
    columns = points.columns()
    assert columns["link"].tolist() == [[1, 4], [1, 4], [2, 3], [2, 3]]
    assert columns["step"].tolist() == [7] * 4
