"""Stage 2 with a tiny model in a make-believe room: what it plays, what it learns from, what it must not touch."""

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from aimdata.channels import CHANNELS, ActionSpace
from aimdata.errors import AimdataError, CheckpointError, UsageError
from aimdata.geometry import T_POSE
from aimdata.model import checkpoint
from aimdata.model.checkpoint import FORMAT, VERSION, CheckpointMeta, read_meta
from aimdata.model.config import GrpoTraining, Precision, TrainConfig, check
from aimdata.model.data_config import DataConfig
from aimdata.model.grpo import post_train as stage_2
from aimdata.model.grpo.chunk_batch import ChunkBatch, Sample
from aimdata.model.grpo.episode import EpisodeRequest, packed, unpacked
from aimdata.model.grpo.exploration_client import RemoteExplorationWorker
from aimdata.model.grpo.exploration_worker import ActingModel
from aimdata.model.grpo.policy_networks import frozen_hash, load_networks, used_numbers
from aimdata.model.grpo.policy_servers import local_servers, run_with
from aimdata.model.grpo.post_train import post_train, supervised
from aimdata.model.grpo.seeds import EVALUATION_SEED, evaluation_requests, requests
from aimdata.model.grpo.trained_part import action_head
from aimdata.model.grpo.update import update
from aimdata.model.inference.policy import Policy
from aimdata.model.network.config import AimConfig, BackboneConfig, TransformerConfig, VaeConfig
from aimdata.model.normalise import SMALLEST_RANGE, Normalisation, Normaliser
from aimdata.model.settings import apply
from aimdata.model.training.learner import Learner
from aimdata.model.world_model import WorldModel
from aimdata.policy import Observations
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

BACKBONE = BackboneConfig(
    transformer=TransformerConfig(heads=2, head_dim=24, layers=2, ffn_dim=48), vae=VaeConfig(base_dim=4)
)
AIM = AimConfig(state_token=True, action_width=16, action_ffn_dim=32)
SCALE = Normaliser((-2.0,) * 14, (2.0,) * 12 + (-2.0 + SMALLEST_RANGE,) * 2)
POSES = Normaliser((-2.0,) * 20, (2.0,) * 20)
ACTIONS = 40
RNG = np.random.default_rng(0)
"""What an episode lasts: one chunk, and a quarter of the next."""


def room(request: EpisodeRequest, policy, limit: int = ACTIONS):
    """Pictures flicker with the seed and the actions; joint 0 sends the left TCP along the head's line of sight."""
    rng = np.random.default_rng(request.seed)
    frame = rng.integers(0, 256, (384, 320, 3), dtype=np.uint8)
    state, actions = np.zeros(14, np.float32), []
    policy.reset(f"Do {request.task}.")
    pictures, states, seen = [frame], [state], 0
    while len(actions) < limit:
        fresh = Observations(np.stack(pictures[seen:]), np.stack(states[seen:]), hands(np.stack(states[seen:])))
        executed = np.stack(actions[max(seen - 1, 0) :]) if actions else np.zeros((0, 14), np.float32)
        chunk, seen = policy.act(fresh, executed), len(states)
        for action in chunk[: limit - len(actions)]:
            joints = action if policy.action_format == "joints" else reached(action)
            actions.append(joints)
            states.append(joints)
            pictures.append(np.roll(frame, int(20 * joints[0]), axis=1))
    done = np.stack(actions)
    tcp = np.zeros((limit + 1, 2, 3))
    tcp[..., 2], tcp[1:, 0, 0], tcp[:, 1, 2] = 1.0, 0.2 * done[:, 0], -1.0
    return SimpleNamespace(
        success=bool(done[:, 0].mean() > 0),
        actions=done,
        tcp=tcp,
        head_from_world=np.tile(np.eye(4), (limit + 1, 1, 1)),
    )


def hands(states: np.ndarray) -> np.ndarray:
    """(T, 2, 7) hands, never turned, where the first three joints of their arms say."""
    turn = np.tile(np.array([1, 0, 0, 0], np.float32), (len(states), 2, 1))
    return np.concatenate([states.reshape(-1, 2, 7)[..., :3], turn], axis=-1)


def reached(poses: np.ndarray) -> np.ndarray:
    """Joints (14,) for hand poses (16,), as `hands` has them."""
    joints, arms = np.zeros((2, 7), np.float32), poses.reshape(2, 8)
    joints[:, :3], joints[:, 6] = arms[:, :3], arms[:, 7]
    return joints.ravel()


class Rooms:
    """Plays requests one after another, as the simulators do side by side; keeps what was asked for."""

    def __init__(self, base: Path, section: GrpoTraining, precision: Precision = "fp32") -> None:
        self.player, self.asked = ActingModel(base, section, precision=precision)(), []

    def __call__(self, wanted):
        self.asked += wanted
        return [self.player(request, lambda policy, r=request: room(r, policy)) for request in wanted]


def make_base(run: Path, space: ActionSpace = "joints", **settings) -> Path:
    """A checkpoint of stage 1 whose weights are random, but large enough to matter."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        world = WorldModel(BACKBONE, replace(AIM, **settings))
        for parameter in world.aim.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    meta = CheckpointMeta(
        FORMAT,
        VERSION,
        "1",
        9,
        9,
        BACKBONE,
        replace(AIM, **settings),
        DataConfig(action_space=space),
        Normalisation(*[SCALE if space == "joints" else POSES] * 2),
        T_POSE,
        "ab",
        {},
    )
    return checkpoint.write(run / "stage-1", meta, world.parts(), keep=1)


def config(run: Path, *more: str) -> TrainConfig:
    small = [
        "stage_2.steps=2",
        "stage_2.groups=1",
        "stage_2.group=3",
        "stage_2.video_steps=1",
        "stage_2.sampler.steps=3",
    ]
    small += ["stage_2.learning_rate=1e-3", "save_every=1", "device=cpu", "stage=2", f"run={run}"]
    return apply(TrainConfig(), [*small, *more])


def run_on(run: Path, *more: str, base: Path | None = None) -> tuple[Path, Rooms]:
    wanted, base = config(run, *more), base or supervised(run)
    rooms = Rooms(base, wanted.stage_2)
    return post_train(wanted, base, [("click_bell", "easy")], rooms), rooms


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def trained(base) -> tuple[Path, Rooms]:
    return run_on(base.parent.parent, "keep=9")


def curve(path: Path, name: str) -> list[float]:
    events = EventAccumulator(str(path.parent / "tensorboard"))
    events.Reload()
    return [event.value for event in events.Scalars(name)]


def test_only_the_action_head_changes(base, trained):
    path, _ = trained
    before, after = load_file(base / "aim.safetensors"), load_file(path / "aim.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("action.") for name in changed)
    for name in ("vae", "text"):
        assert (base / f"{name}.safetensors").read_bytes() == (path / f"{name}.safetensors").read_bytes()


def test_nothing_is_saved_when_a_frozen_weight_changed(base, tmp_path, monkeypatch):
    def spoil(made, *arguments):
        with torch.no_grad():
            next(made.world.aim.wan.parameters()).add_(1e-6)
        return update(made, *arguments)

    monkeypatch.setattr(stage_2, "update", spoil)
    with pytest.raises(AimdataError, match="must not touch"):
        run_on(tmp_path, base=base)
    assert checkpoint.latest(tmp_path / "stage-2") is None


def test_a_checkpoint_of_stage_2_is_a_policy_that_acts_otherwise(base, trained):
    first, second = Policy.load(base), Policy.load(trained[0])
    frames = Observations(np.zeros((1, 384, 320, 3), np.uint8), np.zeros((1, 14), np.float32))
    chunks = []
    for policy in (first, second):
        policy.reset("Do click_bell.")
        chunks.append(policy.act(frames, np.zeros((0, 14), np.float32)))
    assert chunks[0].shape == (32, 14)
    assert 0 < np.abs(chunks[0] - chunks[1]).max() < 1
    assert read_meta(trained[0]).stage == "2"


def test_what_is_learned_from_is_as_likely_here_as_it_was_where_it_was_drawn(trained):
    """The player's keys and values grow call by call, the learner's are made anew, for several chunks at once."""
    assert max(curve(trained[0], "mismatch")) < 1e-3


@pytest.mark.parametrize("kind", ["sde_hybrid", "sde", "cps", "noise_net", "gaussian"])
def test_the_ratio_is_one_before_the_first_update_with_every_sampler(base, tmp_path, kind):
    path, _ = run_on(
        tmp_path,
        f"stage_2.sampler.kind={kind}",
        "stage_2.epochs=1",
        "stage_2.minibatches=1",
        "stage_2.steps=1",
        base=base,
    )
    assert curve(path, "ratio") == [pytest.approx(1, abs=1e-7)]
    assert curve(path, "kl") == curve(path, "clip_fraction") == [0]
    assert curve(path, "mismatch")[0] < 1e-3
    assert curve(path, "spread")[0] > 0.01


def test_all_curves_are_there_and_the_rewards_add_up(trained):
    for name in (
        "success",
        "reward",
        "reward_dense",
        "reward_sparse",
        "ratio",
        "clip_fraction",
        "kl",
        "spread",
        "loss",
    ):
        assert len(curve(trained[0], name)) == 2, name
    parts = np.array(curve(trained[0], "reward_dense")) + curve(trained[0], "reward_sparse")
    np.testing.assert_allclose(curve(trained[0], "reward"), parts, rtol=1e-6)


def test_an_interrupted_run_goes_on_to_the_very_same_weights(base, trained, tmp_path):
    run_on(tmp_path, "stage_2.steps=1", base=base)
    path, rooms = run_on(tmp_path, base=base)
    assert [request.seed for request in rooms.asked] == [10_001] * 3
    for name in ("aim", "optimizer", "trained"):
        ours, theirs = (load_file(folder / f"{name}.safetensors") for folder in (path, trained[0]))
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs), name
    again, rooms = run_on(tmp_path, base=base)
    assert (again, rooms.asked) == (path, [])


def test_a_run_is_not_continued_on_another_model_or_under_other_settings(trained, tmp_path):
    run = trained[0].parent.parent
    with pytest.raises(CheckpointError, match=r"objective\.clip_low"):
        run_on(run, "stage_2.objective.clip_low=0.1")
    other = make_base(tmp_path, value_stream="own_qkv")
    with pytest.raises(CheckpointError, match=r"aim\.value_stream"):
        run_on(run, base=other)
    with pytest.raises(UsageError, match="holds no model of stage 1"):
        supervised(tmp_path / "nowhere")


def test_a_group_begins_alike_and_imagines_alike_but_acts_by_itself(base, tmp_path):
    wanted = config(tmp_path)
    rooms = Rooms(base, wanted.stage_2)
    save_file({k: v.contiguous() for k, v in rooms.player.explorer.trained.state_dict().items()}, tmp_path / "w")
    asked = requests(wanted.stage_2, 0, [("click_bell", "easy"), ("open_laptop", "hard")], [], 1, tmp_path / "w")
    assert {(one.task, one.setting, one.seed, one.noise) for one in asked} == {("open_laptop", "hard", 10_000, (0, 1))}
    first, second, third = rooms(asked)
    for other in (second, third):
        ours, theirs = first.decisions[0], other.decisions[0]
        assert np.array_equal(ours.chunk.video, theirs.chunk.video)
        assert np.array_equal(ours.chunk.value, theirs.chunk.value)
        assert np.abs(ours.chunk.actions - theirs.chunk.actions).max() > 0.1
    assert [decision.executed for decision in first.decisions] == [32, 8]
    assert 0 <= first.heat <= 1


def test_a_step_makes_several_optimiser_steps_and_the_ratio_leaves_one(base, tmp_path):
    """Four chunks of two times in two batches, two epochs of two minibatches."""
    path, _ = run_on(tmp_path, "stage_2.minibatches=2", "stage_2.steps=1", "stage_2.batch=3", base=base)
    assert curve(path, "optimiser_steps") == [4]
    assert abs(curve(path, "ratio")[0] - 1) > 1e-6
    assert curve(path, "groups_kept") == [1]


@pytest.mark.parametrize("shared", [True, False])
def test_with_a_shared_start_only_the_scored_steps_tell_a_group_apart(base, tmp_path, shared):
    wanted = config(tmp_path, f"stage_2.sampler.shared_start={shared}")
    rooms = Rooms(base, wanted.stage_2)
    save_file({k: v.contiguous() for k, v in rooms.player.explorer.trained.state_dict().items()}, tmp_path / "w")
    first, second, _ = rooms(requests(wanted.stage_2, 0, [("click_bell", "easy")], [], 0, tmp_path / "w"))
    starts = [episode.decisions[0].chain.before[0, 0] for episode in (first, second)]
    assert np.array_equal(*starts) == shared
    assert not np.array_equal(*(episode.decisions[0].chunk.actions for episode in (first, second)))


def test_the_policy_is_evaluated_on_fixed_seeds_without_exploration(base, tmp_path):
    more = ("stage_2.eval_seeds=2", "stage_2.eval_every=2", "stage_2.steps=3")
    path, rooms = run_on(tmp_path, *more, base=base)
    asked = [request for request in rooms.asked if not request.explore]
    assert [request.seed for request in asked] == [EVALUATION_SEED, EVALUATION_SEED + 1] * 2
    assert len(curve(path, "eval_success")) == 2
    wanted = config(tmp_path, *more)
    save_file({k: v.contiguous() for k, v in rooms.player.explorer.trained.state_dict().items()}, tmp_path / "w")
    again = evaluation_requests(wanted.stage_2, 0, [("click_bell", "easy")], tmp_path / "w")
    assert [episode.heat for episode in rooms(again)] == [episode.heat for episode in rooms(again)]
    assert rooms(again[:1])[0].decisions == ()


def test_stopped_in_the_search_for_its_pool_training_goes_on_from_there(base, tmp_path):
    wanted, starts = config(tmp_path, "stage_2.pool=1", "stage_2.pool_success=[0,1]"), [("click_bell", "easy")]
    rooms, seen = Rooms(base, wanted.stage_2), []
    with pytest.raises(KeyboardInterrupt):
        post_train(wanted, base, starts, rooms, stop=lambda: True, searched=lambda *counts: seen.append(counts))
    assert seen == [(1, 1)]
    assert checkpoint.latest(tmp_path / "stage-2") is None
    searched = len(rooms.asked)
    post_train(wanted, base, starts, rooms)
    trained_on = rooms.asked[searched:]
    assert len(trained_on) == wanted.stage_2.steps * wanted.stage_2.groups * wanted.stage_2.group
    assert {one.seed for one in trained_on} == {wanted.stage_2.first_seed}


def test_an_episode_survives_the_journey_between_processes(base, tmp_path):
    value = (EpisodeRequest("a", "easy", 1, None, (2, 3), 4, tmp_path), torch.arange(3.0), None, "text")
    back = unpacked(packed(value), torch.device("cpu"))
    assert isinstance(packed(value)[1], np.ndarray)
    assert (back[0], back[2], back[3]) == (value[0], None, "text")
    assert torch.equal(back[1], value[1])


def test_without_differences_in_reward_nothing_moves(base, tmp_path):
    wanted = config(tmp_path)
    made = load_networks(wanted, base)
    rooms = Rooms(base, wanted.stage_2)
    save_file({k: v.contiguous() for k, v in made.trained.state_dict().items()}, tmp_path / "w")
    played = unpacked(
        tuple(rooms(requests(wanted.stage_2, 0, [("click_bell", "easy")], [], 0, tmp_path / "w"))), torch.device("cpu")
    )
    alike = [replace(episode, heat=0.4, success=True) for episode in played]
    before = {name: p.clone() for name, p in made.trained.named_parameters()}
    scalars = update(made, wanted.stage_2, Learner(made.trained, wanted), [alike, [], alike[:1]], 0, RNG)
    assert scalars["groups_kept"] == 0
    assert all(torch.equal(p, before[name]) for name, p in made.trained.named_parameters())
    assert all(p.grad is None for p in made.world.parameters())
    one_better = [replace(alike[0], success=False), *alike[1:]]
    scalars = update(made, wanted.stage_2, Learner(made.trained, wanted), [one_better], 0, RNG)
    assert scalars["groups_kept"] == 1
    assert not all(torch.equal(p, before[name]) for name, p in made.trained.named_parameters())


def same_episodes(found, wanted) -> None:
    """Equal to the bit, whether tensors or numpy's arrays."""
    assert len(found) == len(wanted)
    for ours, theirs in zip(map(packed, found), map(packed, wanted), strict=True):
        assert (ours.success, ours.heat) == (theirs.success, theirs.heat)
        for a, b in zip(ours.decisions, theirs.decisions, strict=True):
            assert np.array_equal(a.past.observations, b.past.observations)
            assert np.array_equal(a.chain.after, b.chain.after)
            assert np.array_equal(a.chain.log_probability, b.chain.log_probability)


def publish(made, folder: Path) -> Path:
    """Other weights to act with than those of the checkpoint."""
    with torch.no_grad():
        made.trained.action.proj_out.weight.mul_(1.5)
    save_file({k: v.contiguous() for k, v in made.trained.state_dict().items()}, folder / "w")
    return folder / "w"


def simulate(channels):
    """Run episodes with these servers, one after another."""
    worker = RemoteExplorationWorker(channels)
    return lambda them: [worker(one, lambda policy, r=one: room(r, policy)) for one in them]


def test_episodes_are_the_same_with_a_model_each_with_one_server_and_with_two(base, tmp_path):
    wanted = config(tmp_path)
    made, alone = load_networks(wanted, base), Rooms(base, wanted.stage_2)
    asked = requests(wanted.stage_2, 0, [("click_bell", "easy")], [], 0, publish(made, tmp_path))
    own = alone(asked)
    for count in (1, 2):
        with local_servers(count, ActingModel(base, wanted.stage_2), made, tmp_path) as servers:
            channels = [server.channel for server in servers]
            assert len({channel.address for channel in channels}) == count
            same_episodes(run_with(servers, simulate(channels))(asked), own)
            assert not servers[0].sessions.episodes
            with pytest.raises(AimdataError, match="holds no weights named"):
                simulate(channels)([replace(asked[0], weights=tmp_path / "other")])
    path = post_train(wanted, base, [("click_bell", "easy")], Rooms(base, wanted.stage_2), networks=made)
    assert read_meta(path).step == 2


def test_an_episode_whose_server_was_lost_is_run_again_and_the_update_refused_in_the_end(base, tmp_path):
    """A server that forgets the second episode, once or always."""
    asked = [EpisodeRequest("click_bell", "easy", seed, None, (0,), 0, tmp_path) for seed in (1, 2, 3)]

    class Forgetful:
        def __init__(self, times: int) -> None:
            self.times, self.ran = times, []

        def collect(self, names):
            self.times -= "2" in names
            return [None if name == "2" and self.times >= 0 else f"episode {name}" for name in names]

        def simulate(self, them):
            self.ran += [one.seed for one in them]
            return [None if one.seed == 3 else str(one.seed) for one in them]

    once, always = Forgetful(1), Forgetful(9)
    assert run_with([once], once.simulate)(asked) == ["episode 1", "episode 2", None]
    assert once.ran == [1, 2, 3, 2]
    with pytest.raises(AimdataError, match="1 of 3 episodes were lost with their policy servers, 2 times"):
        run_with([always], always.simulate)(asked)


def test_a_server_that_cannot_load_its_model_says_so(base, tmp_path):
    wanted, made = config(tmp_path), load_networks(config(tmp_path), base)
    broken = tmp_path / "broken"
    shutil.copytree(base, broken)
    model = ActingModel(broken, wanted.stage_2)
    read_meta(broken)
    (broken / "aim.safetensors").write_bytes(b"nothing")
    with (
        pytest.raises(AimdataError, match="is damaged"),
        local_servers(2, replace(model, base=broken), made, tmp_path),
    ):
        pass


def test_in_bfloat16_the_head_learns_in_float32_and_the_frozen_weights_are_written_as_they_were(
    base, tmp_path, monkeypatch
):
    monkeypatch.setattr("aimdata.model.grpo.policy_networks.check_device", lambda *_: None)
    wanted = config(tmp_path, "precision=bf16", "stage_2.epochs=1", "stage_2.minibatches=1", "stage_2.steps=1")
    rooms = Rooms(base, wanted.stage_2, "bf16")
    path = post_train(wanted, base, [("click_bell", "easy")], rooms)
    assert curve(path, "ratio") == [pytest.approx(1, abs=1e-7)]
    assert curve(path, "mismatch")[0] < 1
    before, after = load_file(base / "aim.safetensors"), load_file(path / "aim.safetensors")
    assert all(tensor.dtype == torch.float32 for tensor in after.values())
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("action.") for name in changed)


def test_what_the_actions_saw_stays_as_it_was_when_they_were_drawn(base, tmp_path):
    """Only the embedding of past actions changes: what they left in the cache is taken as observed."""
    wanted = config(tmp_path)
    made, rooms = load_networks(wanted, base), Rooms(base, wanted.stage_2)
    save_file({k: v.contiguous() for k, v in made.trained.state_dict().items()}, tmp_path / "w")
    (episode,) = unpacked(
        tuple(rooms(requests(wanted.stage_2, 0, [("click_bell", "easy")], [], 0, tmp_path / "w")[:1])),
        torch.device("cpu"),
    )
    lesson = ChunkBatch(made, wanted.stage_2, copy.deepcopy(made.trained), [Sample(episode, episode.decisions[1], 1.0)])
    nudge = torch.linspace(-1, 1, AIM.action_width)
    assert float(lesson.losses()["ratio"].detach()) == 8
    with torch.no_grad():
        made.world.aim.action.group_embedding[0] += nudge
    assert float(lesson.losses()["ratio"].detach()) == 8
    with torch.no_grad():
        made.world.aim.action.group_embedding[1] += nudge
    assert abs(float(lesson.losses()["ratio"].detach()) - 8) > 0.1


def test_another_action_stream_can_act_for_a_while(base, tmp_path):
    made = load_networks(config(tmp_path), base)
    own, before = made.world.aim.action, frozen_hash(made.world)
    with action_head(made.world.aim, made.reference):
        assert made.world.aim.action is made.reference.action
    assert made.world.aim.action is own
    with torch.no_grad():
        next(own.parameters()).add_(1)
    assert frozen_hash(made.world) == before


def test_numbers_that_the_data_do_not_move_are_not_used():
    assert used_numbers(SCALE, "joints").tolist() == [True] * 12 + [False] * 2
    idle = Normaliser.of([0.0] * 14, [0.0] * 6 + [1.0] + [0.0] * 6 + [1.0])
    assert used_numbers(idle, "joints").nonzero().flatten().tolist() == [6, 13]
    channels = CHANNELS["ee"]
    one_arm = Normaliser.of([0.0] * 20, [1.0] * 10 + [0.0] * 10, channels.grippers, channels.rotations)
    assert used_numbers(one_arm, "ee").nonzero().flatten().tolist() == [*range(10), 19]


@pytest.mark.parametrize("space", ["ee", "ee_deltas"])
def test_hand_poses_are_learned_as_joints_are(tmp_path, space):
    base = make_base(tmp_path, space, action_dim=20)
    path, rooms = run_on(tmp_path)
    assert curve(path, "ratio")[0] == pytest.approx(1, abs=0.2)
    assert max(curve(path, "mismatch")) < 1e-3
    before, after = load_file(base / "aim.safetensors"), load_file(path / "aim.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("action.") for name in changed)
    assert rooms.player.explorer.action_format == "ee"


@pytest.mark.parametrize(
    "setting",
    [
        "group=1",
        "reward.dense=1.0",
        "reward.sparse=-1",
        "reward.sparse=100",
        "sampler.noise=0",
        "objective.clip_low=1.5",
        "epochs=0",
        "groups=0",
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path, setting):
    with pytest.raises(UsageError, match="it must be"):
        check(config(tmp_path, f"stage_2.{setting}"))


def test_either_reward_may_be_the_only_one_but_one_there_must_be(tmp_path):
    assert check(config(tmp_path, "stage_2.reward.sparse=0")).stage_2.reward.of(1.0, False) > 0
    assert check(config(tmp_path, "stage_2.reward.dense=0")).stage_2.reward.of(0.0, True) > 0
    with pytest.raises(UsageError, match=r"reward.dense is 0.0, it must be above 0 where stage_2.reward.sparse is 0"):
        check(config(tmp_path, "stage_2.reward.sparse=0", "stage_2.reward.dense=0"))


def test_a_model_whose_future_sees_the_actions_is_refused(tmp_path):
    made = make_base(tmp_path, visibility="xwam")
    with pytest.raises(UsageError, match="another visibility"):
        load_networks(config(tmp_path), made)


IN_THE_SIMULATOR = (
    "tasks=click_bell",
    "steps=1",
    "groups=1",
    "group=2",
    "limit=36",
    "video_steps=2",
    "learning_rate=1e-4",
)


@pytest.mark.slow
@pytest.mark.sapien
@pytest.mark.render
def test_simulator_processes_ask_two_policy_servers(run, tmp_path):
    make_base(tmp_path)
    settings = [f"run={tmp_path}", "device=cpu", "workers=2", "servers=2"]
    settings += [f"stage_2.{setting}" for setting in IN_THE_SIMULATOR]
    code, out, err = run("train", "--stage", "2", *(part for s in settings for part in ("--set", s)))
    assert code == 0, err
    path = Path(out.strip())
    assert curve(path, "episodes") == [2]
    assert curve(path, "mismatch")[0] < 1e-3


@pytest.mark.slow
@pytest.mark.sapien
@pytest.mark.render
def test_the_command_trains_in_the_simulator_and_what_it_writes_is_evaluated(run, tmp_path):
    """Two processes play click_bell with pictures; the rewards are real, if small."""
    make_base(tmp_path)
    settings = [f"run={tmp_path}", "device=cpu", "workers=2", *(f"stage_2.{setting}" for setting in IN_THE_SIMULATOR)]
    code, out, err = run("train", "--stage", "2", *(part for s in settings for part in ("--set", s)))
    assert code == 0, err
    path = Path(out.strip())
    assert read_meta(path).stage == "2"
    assert curve(path, "episodes") == [2]
    assert curve(path, "mismatch")[0] < 1e-3
    options = ("--tasks", "click_bell", "--setting", "easy", "--episodes", "1", "--videos", "0")
    code, out, err = run("eval", "--policy", path, *options, "--json")
    assert code == 0, err
    (row,) = [row for row in map(json.loads, out.splitlines()) if row.get("task") == "click_bell"]
    assert row["measured"]["easy"]["trials"] == 1
