import numpy as np
import pytest
import trimesh
from aimdata.errors import UsageError
from aimdata.geometry import Pose
from aimdata.simgen.assets.builtin.arm_links import FINGER_TIP
from aimdata.simgen.assets.builtin.library import BuiltinLibrary, assets
from aimdata.simgen.assets.builtin.shapes.box import box_model
from aimdata.simgen.assets.builtin.shapes.solids import block, hoop, lathe
from aimdata.simgen.assets.builtin.shapes.vessel import FLOOR
from aimdata.simgen.assets.collision import shape_mesh
from aimdata.simgen.assets.kinematics import link_poses

LIBRARY = BuiltinLibrary()
ASSETS = assets()
OBJECTS = sorted(set(ASSETS) - {"table", "room"})
ALL = [(asset, v) for asset in sorted(ASSETS) for v in range(ASSETS[asset].count if asset in OBJECTS else 3)]
TCP = 0.12
# extents in metres of RoboTwin's models: width, depth, height in any order, and how far the built-in ones may differ
ROBOTWIN_SIZES = {
    "019_coaster": ((0.0084, 0.1493, 0.1493), 0.25),
    "020_hammer": ((0.0316, 0.1365, 0.1784), 0.60),
    "021_cup": ((0.0864, 0.0869, 0.0895), 0.20),
    "050_bell": ((0.0676, 0.1302, 0.1303), 0.25),
}


def vertices(model, *, collision):
    poses = link_poses(model, Pose.of(), dict.fromkeys(["hinge"], 0.0))
    points = []
    for link in model.links:
        if collision:
            local = [shape.pose.apply(shape_mesh(shape).vertices) for shape in link.shapes]
        else:
            local = [visual.mesh.vertices for visual in link.visuals]
        points += [poses[link.name].apply(p) for p in local]
    return np.concatenate(points)


@pytest.mark.parametrize(("asset", "variant"), ALL)
def test_every_drawn_piece_is_closed_and_wound_outwards(asset, variant):
    for link in LIBRARY.object(asset, variant).links:
        for visual in link.visuals:
            solid = trimesh.Trimesh(visual.mesh.vertices, visual.mesh.faces, process=False)
            assert solid.is_watertight
            assert solid.volume > 0


@pytest.mark.parametrize(("asset", "variant"), ALL)
def test_collision_pieces_are_their_own_convex_hulls(asset, variant):
    for link in LIBRARY.object(asset, variant).links:
        for shape in link.shapes:
            mesh = shape_mesh(shape)
            solid = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
            assert solid.volume == pytest.approx(solid.convex_hull.volume, rel=1e-3)


@pytest.mark.parametrize(("asset", "variant"), [(a, v) for a, v in ALL if a != "room"])
def test_what_is_touched_is_what_is_seen_within_two_millimetres(asset, variant):
    model = LIBRARY.object(asset, variant)
    seen, touched = vertices(model, collision=False), vertices(model, collision=True)
    assert np.abs(seen.min(axis=0) - touched.min(axis=0)).max() < 0.002
    assert np.abs(seen.max(axis=0) - touched.max(axis=0)).max() < 0.002


@pytest.mark.parametrize("asset", OBJECTS)
def test_objects_stand_on_the_plane_z_zero_of_their_own_frame(asset):
    for variant in range(ASSETS[asset].count):
        assert vertices(LIBRARY.object(asset, variant), collision=True)[:, 2].min() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("asset", sorted(ROBOTWIN_SIZES))
def test_the_first_variant_has_about_the_size_of_robotwins_object(asset):
    expected, tolerance = ROBOTWIN_SIZES[asset]
    size = np.sort(np.ptp(vertices(LIBRARY.object(asset, 0), collision=True), axis=0))
    np.testing.assert_allclose(size, expected, rtol=tolerance)


@pytest.mark.parametrize("asset", OBJECTS)
def test_variants_differ_in_shape_and_the_unseen_ones_are_never_drawn_for_training(asset):
    seen, unseen = LIBRARY.variants(asset), LIBRARY.variants(asset, unseen=True)
    assert len(seen) >= 2
    assert len(seen) + len(unseen) >= 3
    assert unseen
    assert not set(seen) & set(unseen)
    models = [LIBRARY.object(asset, variant) for variant in (*seen, *unseen)]
    assert len({np.ptp(vertices(model, collision=True), axis=0).round(4).tobytes() for model in models}) == len(models)
    assert len({model.sha256() for model in models}) == len(models)
    assert len({model.description for model in models}) == len(models)


@pytest.mark.parametrize("asset", OBJECTS)
def test_grasps_and_frames_name_parts_that_exist_and_names_are_unique(asset):
    for variant in range(ASSETS[asset].count):
        model = LIBRARY.object(asset, variant)
        links = {link.name for link in model.links}
        assert {grasp.link for grasp in model.grasps} | {frame.link for frame in model.frames.values()} <= links
        assert len({grasp.name for grasp in model.grasps}) == len(model.grasps)


def holds(shape, points):
    """Which points lie inside a convex collision piece or, to a nanometre, on its surface."""
    mesh = shape_mesh(shape)
    corners = shape.pose.apply(mesh.vertices)[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outside = np.einsum("fc,fc->f", normals, corners[:, 0])
    return np.all(np.asarray(points) @ normals.T <= outside + 1e-9 * np.linalg.norm(normals, axis=1), axis=1)


def graspable():
    yield from ((f"{a}-{v}", LIBRARY.object(a, v)) for a in ("020_hammer", "021_cup") for v in range(ASSETS[a].count))
    for half in ((0.025, 0.025, 0.025), (0.015, 0.015, 0.015), (0.03, 0.03, 0.1)):
        yield f"box {half}", box_model(half, (1, 0, 0))


@pytest.mark.parametrize("model", [pytest.param(model, id=name) for name, model in graspable()])
def test_a_hand_at_a_grasp_reaches_around_something_and_stays_above_the_table(model):
    assert model.grasps
    for grasp in model.grasps:
        closing = grasp.pose.rotation()[:, 1]
        across = np.linspace(-grasp.opening / 2, grasp.opening / 2, 181)
        inside = np.zeros(len(across), dtype=bool)
        for shape in model.links[0].shapes:
            inside |= holds(shape, grasp.pose.p + across[:, None] * closing)
        assert inside.any(), f"{grasp.name} closes on nothing"
        assert not inside[[0, -1]].any(), f"{grasp.name} opens too little"
        tip = grasp.pose.apply((FINGER_TIP - TCP, 0, 0))
        assert tip[2] > 0.002, f"{grasp.name} puts the finger tips under the table"


def test_a_cup_is_hollow_down_to_its_floor():
    for variant in range(ASSETS["021_cup"].count):
        cup = LIBRARY.object("021_cup", variant)
        height = cup.frame("top").pose.p[2]
        axis = np.stack([np.zeros(50), np.zeros(50), np.linspace(FLOOR + 1e-6, height, 50)], axis=1)
        for shape in cup.links[0].shapes:
            assert not holds(shape, axis).any()


def test_opening_the_laptop_raises_the_front_edge_of_its_lid():
    laptop = LIBRARY.object("015_laptop", 0)
    edge = laptop.frame("lid_edge")
    heights = []
    for angle in (0.0, *laptop.initial_joints, 1.1):
        pose = link_poses(laptop, Pose.of(), {"hinge": angle})[edge.link] @ edge.pose
        heights.append(pose.p[2])
    assert heights == sorted(heights)
    assert heights[1] > 0.08
    low, high = laptop.link("lid").joint.limits
    assert laptop.initial_joints[0] == pytest.approx(low + 0.2 * (high - low))


def test_the_hammer_strikes_with_the_lowest_point_of_its_head():
    for variant in range(ASSETS["020_hammer"].count):
        hammer = LIBRARY.object("020_hammer", variant)
        strike = hammer.frame("strike").pose
        assert strike.p[2] == 0
        head = hammer.links[0].shapes[0]
        assert np.all(np.abs(strike.p[:2] - head.pose.p[:2]) < 1e-9)


def test_a_button_is_the_top_of_its_bell():
    for variant in range(ASSETS["050_bell"].count):
        bell = LIBRARY.object("050_bell", variant)
        button = bell.frame("button").pose
        assert button.p[2] == pytest.approx(vertices(bell, collision=True)[:, 2].max())
        np.testing.assert_allclose(button.rotation()[:, 2], (0, 0, 1), atol=1e-9)


def test_the_table_top_is_where_robotwin_has_it():
    points = vertices(LIBRARY.object("table", 0), collision=True)
    np.testing.assert_allclose(points.max(axis=0), (0.6, 0.35, 0.74), atol=1e-6)


def test_tall_boxes_are_offered_from_the_side_and_wide_ones_not_at_all():
    tall = {grasp.name for grasp in box_model((0.03, 0.03, 0.1), (1, 0, 0)).grasps}
    assert any(name.startswith("side_low") for name in tall)
    assert any(name.startswith("side_high") for name in tall)
    assert not box_model((0.05, 0.05, 0.005), (0, 0, 1)).grasps


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: LIBRARY.object("021_cap", 0), "There is no built-in asset named '021_cap'; did you mean 021_cup"),
        (lambda: LIBRARY.object("021_cup", 9), "Asset 021_cup has no variant 9; choose one of 0 to 3"),
        (lambda: LIBRARY.embodiment("franka"), "There is no built-in robot named 'franka'"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(ask, sentence):
    with pytest.raises(UsageError, match=sentence):
        ask()


def test_solids_have_the_volume_of_what_they_approximate():
    def volume(mesh):
        return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).volume

    assert volume(block((1, 2, 3))) == pytest.approx(48)
    assert volume(lathe([(1, 0), (1, 2)], 200)) == pytest.approx(2 * np.pi, rel=1e-3)
    assert volume(lathe([(0, -1), (1, 0), (0, 1)], 200)) == pytest.approx(2 * np.pi / 3, rel=1e-3)
    square_ring = hoop([(2, 0), (3, 0), (3, 1), (2, 1)], 200)
    assert volume(square_ring) == pytest.approx(5 * np.pi, rel=1e-3)
