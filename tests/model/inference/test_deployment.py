"""A model prepared to act fast gives the actions it gave before, and its layers are compiled for few shapes."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from aimdata.errors import UsageError
from aimdata.geometry import T_POSE
from aimdata.model.data_config import DataConfig
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.deployment import compile_layers, deploy, halve
from aimdata.model.inference.policy import Policy
from aimdata.model.network.config import AimConfig, BackboneConfig, TransformerConfig, VaeConfig
from aimdata.model.normalise import Normalisation, Normaliser
from aimdata.model.world_model import WorldModel
from aimdata.policy import Observations

LAYERS = 3
BACKBONE = BackboneConfig(
    transformer=TransformerConfig(heads=2, head_dim=24, layers=LAYERS, ffn_dim=48), vae=VaeConfig(base_dim=4)
)
QUICK = SamplingConfig(video_steps=2, action_steps=2)
RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (1 + 128, 384, 320, 3), dtype=np.uint8)
STATE = RNG.normal(size=(1 + 128, 14)).astype(np.float32)


def policy(sampling: SamplingConfig = QUICK, window: int = 3) -> Policy:
    """With random weights, large enough that a difference would show."""
    scale = Normaliser((-2.0,) * 14, (2.0,) * 14)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        world = WorldModel(BACKBONE, AimConfig(state_token=True, window=window)).eval()
        for parameter in world.aim.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    meta = SimpleNamespace(normalisation=Normalisation(scale, scale), canvas=T_POSE, data=DataConfig())
    return Policy(world.requires_grad_(False), meta, sampling)


def episode(robot: Policy, calls: int = 4) -> np.ndarray:
    """The actions of an episode, each chunk executed to its end."""
    robot.reset("Pick the cup.")
    chunks = [robot.act(Observations(FRAMES[:1], STATE[:1]), STATE[:0])]
    for start in range(0, 32 * (calls - 1), 32):
        now = slice(start + 1, start + 33)
        chunks.append(robot.act(Observations(FRAMES[now], STATE[now]), STATE[now]))
    return np.stack(chunks)


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    return episode(policy())


def test_layers_are_compiled_once_per_shape_and_no_more_once_the_context_is_full(plain):
    torch._dynamo.reset()
    compiled = []

    def backend(graph, _inputs):
        compiled.append(graph)
        return graph.forward

    robot = policy(replace(QUICK, compile=True))
    compile_layers(robot.world.aim, backend)
    np.testing.assert_allclose(episode(robot, 2), plain[:2], atol=2e-5)
    before = len(compiled)
    assert before <= 6  # the first frames, later ones, a step of RGB and maps, their keys, a step of actions
    np.testing.assert_allclose(episode(robot, 4), plain, atol=2e-5)
    assert len(compiled) == before


def test_bfloat16_is_near_and_halves_the_layers(plain):
    robot = policy()
    halve(robot.world.aim, "cpu")
    found = episode(robot)
    assert 0 < np.abs(found - plain).max() < 0.1 * np.abs(plain).max()
    aim = robot.world.aim
    assert aim.wan.blocks[0].ffn.net[2].weight.dtype == robot.rollout.cache().keys[0].dtype == torch.bfloat16
    assert aim.wan.blocks[0].scale_shift_table.dtype == torch.float32


def test_bfloat16_is_refused_on_a_cpu():
    with pytest.raises(UsageError, match="leave it at fp32"):
        deploy(policy().world, SamplingConfig(precision="bf16"))
