"""A policy in closed loop: what it is told, what it remembers, and what it imagines."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from aimdata.dataset.resize import resize_views
from aimdata.errors import UsageError
from aimdata.geometry import T_POSE
from aimdata.model.canvas import rgb_video, value_video
from aimdata.model.data import Batch
from aimdata.model.data_config import DataConfig
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.context import Context
from aimdata.model.inference.policy import Observations, Policy
from aimdata.model.inference.rollout import Rollout
from aimdata.model.inference.sampling import sample, schedule
from aimdata.model.network.attention import PRESETS
from aimdata.model.network.config import AimConfig, BackboneConfig, TransformerConfig, VaeConfig
from aimdata.model.normalise import Normalisation, Normaliser
from aimdata.model.world_model import WorldModel

BACKBONE = BackboneConfig(
    transformer=TransformerConfig(heads=2, head_dim=24, layers=2, ffn_dim=48), vae=VaeConfig(base_dim=4)
)
QUICK = SamplingConfig(video_steps=2, action_steps=2)
RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (1 + 96, 384, 320, 3), dtype=np.uint8)
STATE = RNG.normal(size=(1 + 96, 14)).astype(np.float32)
EXECUTED = RNG.normal(size=(96, 14)).astype(np.float32)


def world(**settings) -> WorldModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = WorldModel(BACKBONE, AimConfig(**{"state_token": True, **settings})).double().eval()
        for parameter in made.aim.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return made.requires_grad_(False)


def policy(history_chunks: int = 0, **settings) -> Policy:
    scale = Normaliser((-2.0,) * 14, (2.0,) * 14)
    meta = SimpleNamespace(
        normalisation=Normalisation(scale, scale),
        canvas=T_POSE,
        data=DataConfig(history_chunks=history_chunks),
        aim=AimConfig(),
    )
    return Policy(world(**settings).float(), meta, QUICK)


def seen(start: int, stop: int) -> tuple[Observations, np.ndarray]:
    """Frames `start` … `stop` − 1, and the action before each of them."""
    return Observations(FRAMES[start:stop], STATE[start:stop]), EXECUTED[max(start - 1, 0) : stop - 1]


def test_a_policy_acts_in_the_datas_own_units_and_shows_what_it_imagines():
    robot = policy()
    robot.reset("Pick the cup.")
    actions = robot.act(*seen(0, 1))
    shown = robot.predict()
    assert actions.shape == (32, 14)
    assert np.array_equal(shown.actions, actions)
    assert (shown.rgb.shape, shown.value.shape) == ((8, 96, 64, 3), (8, 96, 64))
    assert shown.rgb.dtype == shown.value.dtype == np.uint8


def test_a_program_that_still_holds_a_policy_ends_without_a_message():
    """A suspended generator that a decorator keeps inside no_grad is closed after torch is gone."""
    program = "from test_policy import *; robot = policy(); robot.reset('Pick.'); robot.act(*seen(0, 1))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=Path(__file__).parent, capture_output=True, check=True
    )
    assert done.stderr == b""


def test_every_scene_has_noise_of_its_own_and_the_same_scene_the_same():
    """With one noise for all trials, a single draw of it decides the success rate of an evaluation."""
    robot, found = policy(), []
    for frame in (0, 1, 0):
        robot.reset("Pick the cup.")
        robot.act(*seen(frame, frame + 1)[:1], EXECUTED[:0])
        assert robot.rollout is not None
        found.append(robot.begin(robot.rollout).actions)
    assert torch.equal(found[0], found[2])
    assert float((found[0] - found[1]).abs().max()) > 1


def test_an_episode_is_repeated_to_the_bit_and_depends_on_what_was_seen_done_and_asked():
    robot = policy(history_chunks=1)

    def run(instruction: str, frames: Observations, executed: np.ndarray) -> np.ndarray:
        robot.reset(instruction)
        robot.act(*seen(0, 1))
        return robot.act(frames, executed)

    frames, executed = seen(1, 33)
    first = run("Pick the cup.", frames, executed)
    assert np.array_equal(run("Pick the cup.", frames, executed), first)
    for other in (
        run("Press the bell.", frames, executed),
        run("Pick the cup.", replace(frames, rgb=255 - frames.rgb), executed),
        run("Pick the cup.", replace(frames, state=-frames.state), executed),
        run("Pick the cup.", frames, -executed),
    ):
        assert np.abs(other - first).max() > 1e-4


def test_a_policy_looks_at_the_frame_after_every_fourth_action():
    """Recorded frames are 4 to a frame of the model, as in training; those between are not looked at."""
    robot, (frames, executed) = policy(), seen(1, 33)

    def run(changed: int | None) -> np.ndarray:
        rgb = frames.rgb.copy()
        if changed is not None:
            rgb[changed] = 255 - rgb[changed]
        robot.reset("Pick the cup.")
        robot.act(*seen(0, 1))
        return robot.act(replace(frames, rgb=rgb), executed)

    untouched = run(None)
    assert [np.array_equal(run(i), untouched) for i in (0, 2, 3, 4, 30, 31)] == [True, True, False, True, True, False]


@pytest.mark.parametrize("history", [0, 1])
def test_what_was_seen_at_once_or_in_parts_leads_to_the_same_actions(history):
    """Two calls of half a chunk against one of a whole chunk, with the same noise."""
    parts, whole = (policy(history) for _ in range(2))
    for robot in (parts, whole):
        robot.reset("Pick the cup.")
        robot.act(*seen(0, 1))
    parts.act(*seen(1, 17))
    parts.calls = 1
    torch.testing.assert_close(parts.act(*seen(17, 33)), whole.act(*seen(1, 33)), rtol=0, atol=2e-3)


def test_only_the_frames_the_model_looks_at_lead_to_the_same_actions():
    every, strided = policy(history_chunks=1), policy(history_chunks=1)
    for robot, stride in ((every, 1), (strided, strided.image_stride)):
        robot.reset("Pick the cup.")
        for start, stop in ((0, 1), (1, 33), (33, 49)):
            observations, executed = seen(start, stop)
            looked = [number - start for number in range(start, stop) if number % stride == 0]
            actions = robot.act(Observations(observations.rgb[looked], observations.state), executed)
        robot.last = actions
    assert strided.image_stride == 4
    np.testing.assert_array_equal(every.last, strided.last)


def test_an_episode_begins_standing_still_as_long_as_it_did_in_training():
    robot = policy(history_chunks=1)
    robot.reset("Pick the cup.")
    robot.act(*seen(0, 1))
    past, still = robot.rollout.seen, resize_views(FRAMES[:1].repeat(9, 0), T_POSE, robot.small)
    wanted = robot.world.coder.encode(rgb_video(torch.from_numpy(still)[None]))
    torch.testing.assert_close(past.observations, wanted, rtol=0, atol=1e-4)
    assert torch.equal(past.actions, past.state.expand(-1, 32, -1))
    assert past.state_at == (2,)


@pytest.mark.parametrize(
    ("observations", "executed", "sentence"),
    [
        (*seen(1, 32), "31 actions were executed, expected a multiple of 16"),
        (seen(1, 33)[0], EXECUTED[:16], "one frame per action"),
        (Observations(FRAMES[1:33, :96, :64], STATE[1:33]), EXECUTED[:32], r"expected \(32, 384, 320, 3\)"),
        (Observations(FRAMES[:0], STATE[:0]), EXECUTED[:0], "0 actions were executed"),
    ],
)
def test_what_does_not_fit_is_answered_with_a_sentence(observations, executed, sentence):
    robot = policy()
    robot.reset("Pick the cup.")
    robot.act(*seen(0, 1))
    with pytest.raises(UsageError, match=sentence):
        robot.act(observations, executed)


def test_a_policy_without_instruction_or_prediction_says_what_to_call():
    with pytest.raises(UsageError, match="call reset"):
        policy().act(*seen(0, 1))
    with pytest.raises(UsageError, match="and act first"):
        policy().predict()


# -- the rollout, batched


def tensors(count: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(count)
    rgb = torch.randint(0, 256, (2, count, 96, 64, 3), generator=generator, dtype=torch.uint8)
    actions, state = (torch.randn(2, n, 14, generator=generator, dtype=torch.float64) for n in (8 * 4, 1))
    return rgb, actions, state[:, 0]


@pytest.fixture
def double_video(monkeypatch):
    """Frames become float64, so that a rollout can be compared to 1e-10."""
    original = torch.Tensor.float
    monkeypatch.setattr(torch.Tensor, "float", lambda x: x.double() if x.dtype == torch.uint8 else original(x))


def test_a_chunk_to_predict_is_what_follows_its_current_frame():
    made, texts = world().float(), ("Pick the cup.", "Press the bell.")
    rgb, actions, state = tensors(25)
    actions = torch.cat([actions, actions + 1, actions + 2], dim=1).float()
    maps = rgb[:, 9:, ..., 0].reshape(2, 2, 8, 96, 64)
    encoded = made.encode(Batch(rgb, maps, actions, state[:, None].repeat(1, 2, 1).float(), texts))
    latents = made.coder.encode(rgb_video(rgb))
    assert [chunk.now for chunk in encoded.futures] == list(encoded.past.state_at) == [2, 4]
    assert torch.equal(encoded.past.observations, latents[:, :, :5])
    assert torch.equal(encoded.past.actions, actions[:, :64])
    for number, chunk in enumerate(encoded.futures, start=1):
        assert torch.equal(chunk.video, latents[:, :, 2 * number + 1 : 2 * number + 3])
        assert torch.equal(chunk.actions, actions[:, 32 * number : 32 * (number + 1)])
        value = made.coder.encode(value_video(maps[:, number - 1]))
        torch.testing.assert_close(torch.cat([chunk.black, chunk.value], dim=2), value, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("exact", "double_video")
def test_a_rollout_is_the_encoding_training_makes_of_the_whole_episode():
    made, texts = world(), ("Pick the cup.", "Press the bell.")
    rgb, actions, states = zip(*map(tensors, (1, 8, 8)), strict=True)
    whole = made.encode(
        Batch(
            torch.cat([*rgb, rgb[1]], dim=1),
            rgb[1][:, None, ..., 0].repeat(1, 3, 1, 1, 1),
            torch.cat([actions[1], actions[2], actions[1]], dim=1),
            torch.stack(states, dim=1),
            texts,
        )
    )
    half = torch.full((2,), 0.5, dtype=torch.float64)
    shown = [chunk.as_future(half, half) for chunk in whole.futures]
    wanted = made.aim(whole.text, whole.past, shown)
    rollout = Rollout.begin(made, texts, Context(frames=5, chunks=3, actions=16))
    for number in range(3):
        rollout = rollout.observe(rgb[number], actions[number] if number else None, states[number])
        (found,) = made.aim(rollout.text, None, [shown[number]], rollout.cache())
        for name in ("video", "value", "actions"):
            torch.testing.assert_close(getattr(found, name), getattr(wanted[number], name), rtol=0, atol=1e-10)


@pytest.mark.parametrize("order", ["sequential", "sync", "action_first"])
@pytest.mark.parametrize("name", ["aim", "xwam"])
@pytest.mark.usefixtures("exact", "double_video")
def test_sampling_that_leaves_out_what_rests_is_sampling_with_everything(name, order):
    """Against a plain loop that shows all tokens to the transformer at every step."""
    aim, generator = world(visibility=name).aim, torch.Generator().manual_seed(0)
    rollout = Rollout.begin(world(visibility=name), ("Pick the cup.", "Press the bell."), Context.of(DataConfig()))
    rollout = rollout.observe(tensors(1)[0], None, tensors(1)[2])
    config = replace(QUICK, order=order, video_steps=3)
    noise = rollout.noise(32, generator)
    z = noise
    for (v0, a0), (v1, a1) in zip(schedule(config)[:-1], schedule(config)[1:], strict=True):
        levels = (torch.full((2,), t, dtype=torch.float32) for t in (v0, a0))
        (v,) = aim(rollout.text, None, [z.as_future(*levels)], rollout.cache())
        z = replace(
            z,
            video=z.video + (v1 - v0) * v.video,
            value=z.value + (v1 - v0) * v.value,
            actions=z.actions + (a1 - a0) * v.actions,
        )
    found = sample(aim, rollout.text, rollout.cache(), noise, config)
    for name in ("video", "value", "actions"):
        torch.testing.assert_close(getattr(found, name), getattr(z, name), rtol=0, atol=1e-8)


@pytest.mark.parametrize("order", ["sequential", "sync", "action_first"])
def test_every_clock_runs_from_noise_to_data(order):
    times = np.array(schedule(SamplingConfig(video_steps=7, action_steps=3, order=order)))
    assert times[0].tolist() == [1, 1]
    assert times[-1].tolist() == [0, 0]
    assert (np.diff(times, axis=0) <= 0).all()


@pytest.mark.parametrize("name", PRESETS)
def test_every_comparison_can_be_rolled_out(name):
    robot = policy(visibility=name)
    robot.reset("Pick the cup.")
    robot.act(*seen(0, 1))
    assert np.isfinite(robot.act(*seen(1, 33))).all()
