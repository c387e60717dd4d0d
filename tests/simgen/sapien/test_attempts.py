import random
import subprocess
import sys

import numpy as np
import pytest
from aimdata.annotate.events import find_events
from aimdata.annotate.kinematics import pose_at
from aimdata.dataset.pack import content_sha256
from aimdata.dataset.storage.layout import FORMAT_VERSION, DatasetConfig, create_or_open
from aimdata.dataset.storage.staging import read_staged, stage
from aimdata.errors import PlacementError, Unreachable
from aimdata.geometry import T_POSE
from aimdata.simgen.assets.bodies import model_for
from aimdata.simgen.placement import Placement
from aimdata.simgen.steps import RIGHT
from aimdata.simgen.tasks.click_bell import ClickBell

pytestmark = pytest.mark.sapien
ARMS = {
    "beat_block_hammer": ("left",),
    "click_bell": ("left",),
    "handover_block": ("left", "right"),
    "open_laptop": ("left",),
    "place_empty_cup": ("left",),
}
EVENTS = {
    "beat_block_hammer": [("pick", "left"), ("place", "left")],
    "click_bell": [("press", "left")],
    "handover_block": [("pick", "left"), ("pick", "right"), ("place", "right")],
    "open_laptop": [("press", "left")],
    "place_empty_cup": [("pick", "left"), ("place", "left")],
}
CARRIED = {"beat_block_hammer": "hammer", "handover_block": "block", "place_empty_cup": "cup"}
GRIPPER = {"left": 6, "right": 13}
TAIL_FRAMES = 13

FRESH = """
from aimdata.dataset.pack import content_sha256
from aimdata.simgen.assets.builtin.library import BuiltinLibrary
from aimdata.simgen.job import Job
from aimdata.simgen.sapien.attempt import run
import sys
for name in sys.argv[1:]:
    print(name, content_sha256(run(Job(name, 0), BuiltinLibrary()).recording))
"""


def attempt(name, library, seed=0):
    from aimdata.simgen.job import Job
    from aimdata.simgen.sapien.attempt import run

    return run(Job(name, seed), library)


def pressing(recording, one, other):
    """(steps + 1,) whether two links press on one another, by physics step."""
    pair = np.sort(recording.contact_link, axis=1)
    rows = (pair == sorted((one, other))).all(axis=1) & recording.contact_impulse.any(axis=1)
    found = np.zeros(recording.step[-1] + 1, bool)
    found[recording.contact_step[rows]] = True
    return found


def fingers(recording, side):
    return [i for i, link in enumerate(recording.meta.links) if link.role == "finger" and link.arm == side]


def release_frame(recording, side, start):
    """The frame from which on the gripper opens again; the last one if it never does."""
    opening = recording.action[start:, GRIPPER[side]]
    opens = np.flatnonzero(np.diff(opening) > 1e-6)
    return start + int(opens[0]) if len(opens) else recording.meta.frames - 1


def carries(recording):
    """Pick interactions with the frames between which the object is carried."""
    for touch in recording.meta.interactions:
        if touch.kind == "pick":
            first = touch.stop // recording.meta.steps_per_frame
            yield touch, first, release_frame(recording, touch.arm, first)


# --- what comes out


def test_every_task_succeeds_with_seed_0(each, outcome_of):
    outcome = outcome_of(each)
    assert outcome.attempt.outcome == "success", outcome.attempt.reason
    assert outcome.attempt.conditions
    assert all(outcome.attempt.conditions.values())
    assert outcome.recording.meta.arms_used == ARMS[each]


def test_the_recording_is_valid_and_comes_back_from_the_disk_as_it_was(each, recorded, tmp_path):
    create_or_open(tmp_path, DatasetConfig(FORMAT_VERSION, T_POSE, 250, 10, "builtin", "builtin", True))
    stage(tmp_path, recorded(each), None)
    stored = read_staged(tmp_path, recorded(each).meta.uid).recording
    assert stored.meta == recorded(each).meta
    for name, array in recorded(each).arrays().items():
        np.testing.assert_array_equal(getattr(stored, name), array)


def test_every_number_recorded_is_one_but_targets_of_what_nothing_drives(each, recorded):
    arrays = recorded(each).arrays()
    undriven = [joint.arm is None for joint in recorded(each).meta.joints]
    targets = arrays.pop("joint_target").reshape(-1, len(undriven))
    np.testing.assert_array_equal(np.isnan(targets), np.tile(undriven, (len(targets), 1)))
    for name, array in arrays.items():
        assert np.isfinite(array).all(), name


def test_all_collision_meshes_are_handed_over(each, outcome_of):
    outcome = outcome_of(each)
    used = {piece.mesh for link in outcome.recording.meta.links for piece in link.geometry}
    assert used == set(outcome.meshes)
    assert all(mesh.sha256() == name for name, mesh in outcome.meshes.items())


def test_conditions_are_recorded_false_at_first_and_all_true_at_last(each, recorded):
    conditions = recorded(each).conditions()
    assert not conditions[0].all()
    assert conditions[-1].all()


def test_frames_are_ten_physics_steps_apart(each, recorded):
    np.testing.assert_array_equal(recorded(each).step, 10 * np.arange(recorded(each).meta.frames))


def test_recording_goes_on_for_half_a_second_of_standing_still(each, recorded):
    action = recorded(each).action
    np.testing.assert_array_equal(action[-TAIL_FRAMES:], np.tile(action[-1], (TAIL_FRAMES, 1)))
    assert recorded(each).meta.interactions[-1].stop <= recorded(each).step[-TAIL_FRAMES]


def test_recording_ends_soon_after_a_stack_of_bowls_has_come_to_rest(library):
    recording = attempt("stack_bowls_two", library).recording
    still = (recording.action == recording.action[-1]).all(axis=1)
    assert TAIL_FRAMES <= np.argmin(still[::-1]) < TAIL_FRAMES + 10


def test_recording_goes_on_until_bottles_in_a_bin_rock_no_more(library):
    from aimdata.simgen.job import Job
    from aimdata.simgen.sapien.attempt import run

    recording = run(Job("put_bottles_dustbin", 6, "hard"), library).recording
    assert [event.kind for event in find_events(recording)].count("place") == 3


@pytest.mark.parametrize("name", ["handover_block", "handover_mic"])
def test_hands_that_pass_a_thing_on_stay_apart(name, library):
    assert "arm-arm" not in attempt(name, library, seed=1).attempt.clearances


def test_an_action_is_the_target_before_the_next_frame(each, recorded):
    recording = recorded(each)
    targets = recording.joint_target.reshape(recording.meta.frames, -1)
    for block, side in enumerate(("left", "right")):
        arm = [i for i, joint in enumerate(recording.meta.joints) if joint.arm == side and "finger" not in joint.name]
        actions = recording.action[:, 7 * block : 7 * block + 6]
        np.testing.assert_allclose(targets[1:, arm], actions[:-1], atol=1e-6)
    assert np.abs(np.diff(recording.action, axis=0)).max() > 0.01


def test_the_arms_follow_their_targets(each, recorded):
    recording = recorded(each)
    joints = [i for i in range(14) if i not in GRIPPER.values()]
    assert np.abs(recording.state[1:, joints] - recording.action[:-1, joints]).max() < 0.05


def test_contacts_are_recorded_at_every_step_from_the_first_interaction_on(each, recorded):
    recording = recorded(each)
    steps = recording.contact_step
    assert np.all(np.diff(steps) >= 0)
    assert steps[0] > recording.meta.interactions[0].start
    assert steps[-1] <= recording.step[-1]
    for touch, first, last in carries(recording):
        inside = np.unique(steps[(steps > 10 * first) & (steps <= 10 * last)])
        assert len(inside) == 10 * (last - first), touch


def test_nothing_goes_through_anything(each, recorded):
    assert recorded(each).contact_separation.min() > -0.001
    robot = [link.role in ("arm", "finger") for link in recorded(each).meta.links]
    (table,) = recorded(each).meta.links_of("table")
    links = recorded(each).contact_link
    with_table = (links == table).any(axis=1) & np.array(robot)[links].any(axis=1)
    assert np.all(recorded(each).contact_separation[with_table] > -0.002)


# --- held by friction


@pytest.mark.parametrize("name", CARRIED)
def test_both_fingers_press_on_what_is_carried(name, recorded):
    recording = recorded(name)
    count = 0
    for touch, first, last in carries(recording):
        assert last - first > 5
        for finger in fingers(recording, touch.arm):
            held = pressing(recording, finger, touch.actor)[10 * first : 10 * last]
            assert held.mean() > 0.98, (touch, recording.meta.links[finger].name)
        count += 1
    assert count == sum(kind == "pick" for kind, _ in EVENTS[name])


@pytest.mark.parametrize("name", CARRIED)
@pytest.mark.parametrize("opens", [True, False])
def test_what_is_let_go_in_mid_air_falls_and_what_is_held_does_not(name, opens, recorded, set_stage):
    recording, stage = recorded(name), set_stage(name)
    _, first, _ = next(carries(recording))
    link = stage.world.scene.links_of(stage.world.body(CARRIED[name]))[0]
    on_table = stage.scene.link_pose(link).p[2]
    for _ in stage.play(recording.action[:first]):
        pass
    height = stage.scene.link_pose(link).p[2]
    assert height > on_table + 0.07
    last = stage.controller.action.copy()
    last[6] = 1.0 if opens else last[6]
    for _ in stage.play(np.repeat(last[None], 20, axis=0)):
        pass
    fallen = height - stage.scene.link_pose(link).p[2]
    assert fallen > 0.05 if opens else abs(fallen) < 0.002


def test_nothing_holds_things_but_joints_and_friction(each, attempted):
    from sapien import physx

    scene = attempted(each)[1]
    bodies = (physx.PhysxRigidStaticComponent, physx.PhysxRigidDynamicComponent, physx.PhysxArticulationLinkComponent)
    components = [component for entity in scene.engine.entities for component in entity.components]
    assert len(components) == sum(link.component is not None for link in scene.links)
    assert all(isinstance(component, bodies) for component in components)
    assert not any(getattr(component, "kinematic", False) for component in components)
    for joint in scene.joints:
        if scene.bodies[scene.links[joint.link].body].role != "robot":
            assert joint.component.stiffness == 0
            assert joint.component.force_limit <= joint.model.friction + 1e-6


# --- the same again


def slow(name):
    return pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "name", ["click_bell", "open_laptop", "place_empty_cup", slow("beat_block_hammer"), slow("handover_block")]
)
def test_the_same_seed_gives_the_same_recording_in_the_same_process(name, library, recorded):
    attempt("click_bell", library, seed=5)
    again = attempt(name, library).recording
    assert content_sha256(again) == content_sha256(recorded(name))
    assert again.meta == recorded(name).meta
    for array, values in recorded(name).arrays().items():
        np.testing.assert_array_equal(getattr(again, array), values)


@pytest.mark.parametrize("names", [("handover_block", "beat_block_hammer"), slow((*reversed(ARMS),))])
def test_the_same_seed_gives_the_same_recording_in_a_fresh_process(names, recorded):
    answer = subprocess.run(
        [sys.executable, "-c", FRESH, *names], capture_output=True, text=True, timeout=120, check=True
    )
    assert answer.stdout.splitlines() == [f"{name} {content_sha256(recorded(name))}" for name in names]


def test_an_attempt_neither_uses_nor_disturbs_global_randomness(library):
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    assert attempt("open_laptop", library).attempt.outcome == "success"
    assert random.getstate() == before[0]
    for now, then in zip(np.random.get_state(), before[1], strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(now, then)


def test_another_seed_gives_another_recording(library, recorded):
    other = attempt("click_bell", library, seed=1).recording
    assert content_sha256(other) != content_sha256(recorded("click_bell"))
    assert other.meta.uid == "click_bell-easy-000001"


# --- what does not work out


def test_no_place_for_an_object_is_a_failure_with_its_reason(library, monkeypatch):
    from aimdata.simgen.sapien import reset as module

    def full(*_, **__):
        raise PlacementError("No free position for 'bell'.")

    monkeypatch.setattr(module, "draw_initial_scene", full)
    outcome = attempt("click_bell", library)
    assert (outcome.attempt.outcome, outcome.attempt.reason) == ("failed", "No free position for 'bell'.")
    assert outcome.recording is None


def test_a_bell_out_of_reach_is_unreachable(library, monkeypatch):
    monkeypatch.setattr(ClickBell, "scene", lambda self, rng: iter([Placement(self.bell, (-2, -2), (1, 1))]))
    outcome = attempt("click_bell", library)
    assert outcome.attempt.outcome == "unreachable"
    assert outcome.attempt.reason == "the left arm cannot press button of bell"
    assert outcome.recording is None


def test_a_demonstration_may_try_another_way(library, monkeypatch):
    def demo(self, world):
        try:
            yield RIGHT.lift(5.0)
        except Unreachable:
            yield from plain(self, world)

    plain = ClickBell.demo
    monkeypatch.setattr(ClickBell, "demo", demo)
    assert attempt("click_bell", library).attempt.outcome == "success"


def test_what_is_not_done_in_the_end_is_named(library, monkeypatch):
    monkeypatch.setattr(ClickBell, "demo", lambda self, world: iter([RIGHT.open()]))
    outcome = attempt("click_bell", library)
    assert outcome.attempt.outcome == "failed"
    assert outcome.attempt.reason == "not met at the end: button pressed"
    assert outcome.attempt.conditions == {"button pressed": False}


# --- failures that are kept, and noise


def keep(name, library, seed=0, **changes):
    from aimdata.simgen.job import Job
    from aimdata.simgen.sapien.attempt import run

    return run(Job(name, seed, **changes), library)


def steps(*wanted):
    """A demonstration of these steps."""

    def demo(self, world):
        yield from wanted

    return demo


def test_a_kept_failure_names_the_conditions_and_since_when_they_are_false(library, monkeypatch):
    monkeypatch.setattr(ClickBell, "demo", steps(RIGHT.open(0.5), RIGHT.open()))
    outcome = keep("click_bell", library, keep_failure=True)
    failure = outcome.recording.meta.failure
    assert (failure.outcome, failure.reason) == ("failed", outcome.attempt.reason)
    assert failure.conditions == {"button pressed": 0}
    assert failure.frame == 0
    assert outcome.recording.meta.frames == outcome.attempt.frames > TAIL_FRAMES


def test_a_step_out_of_reach_is_kept_with_its_frame_and_a_tail(library, monkeypatch):
    monkeypatch.setattr(ClickBell, "demo", steps(RIGHT.open(0.5), RIGHT.lift(5.0)))
    outcome = keep("click_bell", library, keep_failure=True)
    failure = outcome.recording.meta.failure
    assert failure.outcome == outcome.attempt.outcome == "unreachable"
    assert failure.frame == outcome.attempt.frames - 1
    assert outcome.recording.meta.frames == outcome.attempt.frames + TAIL_FRAMES
    assert failure.conditions == {"button pressed": 0}


def test_a_failure_before_the_first_motion_is_not_kept(library, monkeypatch):
    monkeypatch.setattr(ClickBell, "demo", steps(RIGHT.lift(5.0)))
    assert keep("click_bell", library, keep_failure=True).recording is None


@pytest.mark.parametrize(
    ("column", "since"), [((0, 1, 0, 1), 4), ((0, 1, 1, 0), 3), ((0, 0, 0), 0), ((1, 1), 2), ((1, 0, 0), 1)]
)
def test_a_condition_is_false_from_the_frame_after_it_last_held(column, since):
    from aimdata.simgen.sapien.attempt import first_frame_of_the_end

    assert first_frame_of_the_end(~np.array(column, bool)) == since


def test_a_perturbed_demonstration_leaves_the_path_recovers_and_repeats(library):
    plain = keep("place_empty_cup", library, 1)
    noisy, again = (keep("place_empty_cup", library, 1, perturb=1.0) for _ in range(2))
    assert noisy.attempt.outcome == "success"
    assert content_sha256(noisy.recording) == content_sha256(again.recording) != content_sha256(plain.recording)
    spans = noisy.recording.meta.perturbations
    assert len(spans) == noisy.attempt.perturbed > 0
    assert all(0 <= span.start < span.stop < noisy.recording.meta.frames for span in spans)
    assert plain.recording.meta.perturbations == ()
    assert [event.kind for event in find_events(noisy.recording)] == ["pick", "place"]


# --- what the annotator finds in it


def test_every_touch_becomes_its_event(each, recorded):
    recording = recorded(each)
    events = find_events(recording)
    assert [(event.kind, event.arm) for event in events] == EVENTS[each]
    for event in events:
        touch = recording.meta.interactions[event.interaction]
        assert (touch.kind, touch.arm) == (event.kind, event.arm)
        assert touch.start < event.step <= recording.step[-1]


def test_the_hammer_strikes_while_held_and_the_cup_rests_when_let_go(recorded):
    for name, target, held in (("beat_block_hammer", "block", True), ("place_empty_cup", "coaster", False)):
        recording = recorded(name)
        event = find_events(recording)[-1]
        assert event.links == recording.meta.links_of(target)
        left = [pressing(recording, finger, event.others[0]) for finger in fingers(recording, "left")]
        assert bool(np.all(left, axis=0)[event.step]) == held


@pytest.mark.slow
def test_most_seeds_succeed_and_each_success_has_its_events(each, library):
    outcomes = [attempt(each, library, seed) for seed in range(20)]
    done = [outcome.recording for outcome in outcomes if outcome.recording is not None]
    assert len(done) >= 0.7 * len(outcomes), [outcome.attempt.reason for outcome in outcomes]
    for recording in done:
        found = [event.kind for event in find_events(recording)]
        assert found == [kind for kind, _ in EVENTS[each]], recording.meta.uid
        assert recording.contact_separation.min() > -0.002


@pytest.mark.parametrize(("name", "seed"), [("put_object_cabinet", 3), ("open_microwave", 0)])
def test_a_hand_that_pulls_a_handle_touches_nothing_before_it(library, name, seed):
    recording = attempt(name, library, seed).recording
    (event,) = (each for each in find_events(recording) if each.kind == "press")
    (link,) = event.links
    body = recording.meta.bodies[recording.meta.links[link].body]
    handle = model_for(body, recording.meta, library).frame("handle").pose.p
    hand = {i for i, other in enumerate(recording.meta.links) if other.arm == event.arm}
    touching = [bool({*pair} & hand) and link in pair for pair in recording.contact_link.tolist()]
    first = np.array(touching) & (recording.contact_step <= event.step) & recording.contact_impulse.any(axis=1)
    points = pose_at(recording, link, event.step).inverse().apply(recording.contact_position[first])
    assert len(points)
    assert np.linalg.norm(points - handle, axis=1).max() < 0.03
