"""Episodes answered by one forward get what each would have got alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from aimdata.errors import UsageError
from aimdata.geometry import T_POSE
from aimdata.model.data_config import DataConfig
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.policy import Policy
from aimdata.model.network.config import AimConfig, BackboneConfig, TransformerConfig, VaeConfig
from aimdata.model.normalise import Normalisation, Normaliser
from aimdata.model.serving.batching import PendingAct, act_batch
from aimdata.model.serving.client import RemotePolicy
from aimdata.model.serving.server import PolicyServer
from aimdata.model.world_model import WorldModel
from aimdata.policy import Observations

BACKBONE = BackboneConfig(
    transformer=TransformerConfig(heads=2, head_dim=24, layers=2, ffn_dim=48), vae=VaeConfig(base_dim=4)
)
QUICK = SamplingConfig(video_steps=2, action_steps=2)
SCALE = Normaliser((-2.0,) * 14, (2.0,) * 14)
# Frames that each of two clients has seen at its calls: one is further in its episode, and looks more often.
PACES = ((1, 17, 33, 65), (1, 17, 49))


def world(**settings) -> WorldModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = WorldModel(BACKBONE, AimConfig(**{"state_token": True, **settings})).eval()
        for parameter in made.aim.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return made.requires_grad_(False)


def policies(made: WorldModel, count: int, sampling: SamplingConfig = QUICK) -> list[Policy]:
    data, scale = DataConfig(history_chunks=0, chunks=2), Normalisation(SCALE, SCALE)
    meta = SimpleNamespace(normalisation=scale, canvas=T_POSE, data=data, aim=AimConfig())
    return [Policy(made, meta, replace(sampling, seed=seed)) for seed in range(count)]


def told(client: int, start: int, stop: int) -> tuple[Observations, np.ndarray]:
    """Frames `start` … `stop` − 1 of an episode, and the action before each."""
    rgb, state, executed = episode(client)
    return Observations(rgb[start:stop], state[start:stop]), executed[max(start - 1, 0) : stop - 1]


@cache
def episode(client: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(client)
    state, executed = (rng.normal(size=(97, 14)).astype(np.float32) for _ in range(2))
    return rng.integers(0, 256, (97, 384, 320, 3), dtype=np.uint8), state, executed


def started(robots: list[Policy], paces: tuple[tuple[int, ...], ...]) -> None:
    """Everybody up to the call before the last, each by itself."""
    for client, (robot, pace) in enumerate(zip(robots, paces, strict=True)):
        robot.reset(f"Pick cup number {client}.")
        for start, stop in zip((0, *pace), pace[:-1], strict=False):
            robot.act(*told(client, start, stop))


def last(paces: tuple[tuple[int, ...], ...]) -> list[tuple[Observations, np.ndarray]]:
    return [told(client, pace[-2] if len(pace) > 1 else 0, pace[-1]) for client, pace in enumerate(paces)]


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ({}, "sequential"),
        ({"visibility": "paper_strict"}, "sequential"),
        ({"window": 3}, "sequential"),
        ({"visibility": "xwam", "state_stream": True, "depth_blocks": 1}, "action_first"),
        ({}, "sync"),
    ],
)
def test_clients_answered_together_get_what_they_would_get_alone(settings, order):
    made, sampling = world(**settings), replace(QUICK, order=order, video_steps=3)
    alone, joined = (policies(made, 2, sampling) for _ in range(2))
    for robots in (alone, joined):
        started(robots, PACES)
    turns = [PendingAct(robot, *given) for robot, given in zip(joined, last(PACES), strict=True)]
    act_batch(turns)
    for robot, other, turn, given in zip(alone, joined, turns, last(PACES), strict=True):
        np.testing.assert_allclose(turn.answer.result(), robot.act(*given), rtol=0, atol=2e-4)
        assert other.calls == robot.calls
        assert other.rollout.past.state_at == robot.rollout.past.state_at == (0, 2)
        for name, theirs in robot.rollout.past.tensors().items():
            torch.testing.assert_close(getattr(other.rollout.past, name), theirs, rtol=0, atol=1e-3)
    shown, wanted = joined[0].predict(), alone[0].predict()
    assert np.abs(shown.rgb.astype(int) - wanted.rgb).max() <= 1
    assert np.abs(shown.value.astype(int) - wanted.value).max() <= 1
    if order == "action_first":
        np.testing.assert_allclose(shown.depth, wanted.depth, rtol=1e-2)


def test_they_go_on_alone_or_in_other_company():
    made = world()
    alone, joined = (policies(made, 3) for _ in range(2))
    for robots in (alone, joined):
        started(robots, ((1, 33), (1, 33), (1, 33)))
    act_batch([PendingAct(robot, *told(i, 1, 33)) for i, robot in enumerate(joined)])
    for i, robot in enumerate(alone):
        robot.act(*told(i, 1, 33))
    turns = [PendingAct(joined[i], *told(i, 33, 65)) for i in (2, 0)]
    act_batch(turns)
    for turn, i in zip(turns, (2, 0), strict=True):
        np.testing.assert_allclose(turn.answer.result(), alone[i].act(*told(i, 33, 65)), rtol=0, atol=2e-4)
    np.testing.assert_allclose(joined[1].act(*told(1, 33, 65)), alone[1].act(*told(1, 33, 65)), rtol=0, atol=2e-4)


def test_clients_that_looked_at_other_times_are_answered_apart_and_as_alone():
    """Equally many new frames, but states known at other frames of the past."""
    made, paces = world(), ((1, 17, 33), (1, 33, 49))
    alone, joined = (policies(made, 2) for _ in range(2))
    for robots in (alone, joined):
        started(robots, paces)
    turns = [PendingAct(robot, *given) for robot, given in zip(joined, last(paces), strict=True)]
    act_batch(turns)
    assert joined[0].rollout.shapes != joined[1].rollout.shapes
    for robot, turn, given in zip(alone, turns, last(paces), strict=True):
        np.testing.assert_allclose(turn.answer.result(), robot.act(*given), rtol=0, atol=2e-4)


def test_one_forward_answers_those_that_see_as_much_and_a_fault_is_answered_to_its_own_client():
    made = world()
    robots, sizes = policies(made, 4), []
    started(robots[:3], ((1, 33), (1, 33), (1, 33)))
    made.aim.wan.patch_embedding.register_forward_hook(lambda _m, given, _out: sizes.append(len(given[0])))
    turns = [PendingAct(robot, *told(i, 1, 33)) for i, robot in enumerate(robots)]
    turns[1] = PendingAct(robots[1], *told(1, 1, 30))
    act_batch(turns)
    assert set(sizes) == {2}
    assert turns[0].answer.result().shape == turns[2].answer.result().shape == (32, 14)
    with pytest.raises(UsageError, match="expected a multiple"):
        turns[1].answer.result()
    with pytest.raises(UsageError, match="reset"):
        turns[3].answer.result()


def test_a_server_answers_its_clients_together_and_each_as_if_alone():
    made, sizes = world(), []

    def act(turns) -> None:
        sizes.append(len(turns))
        act_batch(turns)

    made_policies = iter(policies(made, 6))
    with PolicyServer(lambda: replaced_seed(next(made_policies)), act=act) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        clients = [RemotePolicy(server.url) for _ in range(3)]
        for i, client in enumerate(clients):
            client.reset(f"Pick cup number {i}.")
        with ThreadPoolExecutor(3) as pool:
            for start, stop in ((0, 1), (1, 33)):
                given = [told(i, start, stop) for i in range(3)]
                found = list(pool.map(lambda client, one: client.act(*one), clients, given))
        server.shutdown()
    assert max(sizes) > 1
    for i, robot in enumerate(policies(made, 3)):
        replaced_seed(robot).reset(f"Pick cup number {i}.")
        robot.act(*told(i, 0, 1))
        np.testing.assert_allclose(found[i], robot.act(*told(i, 1, 33)), rtol=0, atol=2e-4)


def replaced_seed(robot: Policy) -> Policy:
    """With the seed that all policies of a server share."""
    robot.sampling = QUICK
    return robot
