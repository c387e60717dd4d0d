"""Passes that continue from cached keys and values are the forward over everything."""

from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from aimdata.model.network.aim import Aim
from aimdata.model.network.attention import PRESETS, Group
from aimdata.model.network.backbone import build_transformer
from aimdata.model.network.cache import Cache
from aimdata.model.network.chunk import Future, Past, Velocities
from aimdata.model.network.config import AimConfig, BackboneConfig, TextConfig, TransformerConfig, VaeConfig

PER = 4  # actions in a latent frame
CHUNK = 2  # latent frames in a chunk
CHUNKS = 4
NAMES = ("video", "value", "actions")
pytestmark = pytest.mark.usefixtures("exact")


def model(**settings) -> Aim:
    """With weights large enough that a leak would show."""
    backbone = BackboneConfig(
        transformer=TransformerConfig(heads=2, head_dim=12, layers=3, ffn_dim=32),
        vae=VaeConfig(z_dim=8),
        text=TextConfig(width=16),
    )
    config = AimConfig(action_width=16, action_ffn_dim=32, actions_per_latent=PER, state_token=True)
    generator = torch.Generator().manual_seed(0)
    aim = Aim(build_transformer(backbone), replace(config, **settings)).double()
    for parameter in aim.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return aim.requires_grad_(False)


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


TEXT = normal(0, 2, 5, 16)
OBSERVATIONS = normal(1, 2, 8, 1 + CHUNK * CHUNKS, 4, 4)
ACTIONS = normal(2, 2, PER * CHUNK * CHUNKS, 14)
STATES = normal(3, 2, 1 + CHUNKS, 14)


def past(start: int, stop: int) -> Past:
    """Frames start … stop − 1, the actions before each, and the state at the last."""
    return Past(
        OBSERVATIONS[:, :, start:stop],
        start,
        actions=ACTIONS[:, PER * max(start - 1, 0) : PER * (stop - 1)],
        state=STATES[:, (stop - 1) // CHUNK, None],
        state_at=(stop - 1,),
    )


def everything() -> Past:
    return replace(past(0, 1 + CHUNK * CHUNKS), state=STATES, state_at=tuple(range(0, 1 + CHUNK * CHUNKS, CHUNK)))


def future(chunk: int) -> Future:
    noise = [normal(10 * chunk + i, 2, 8, frames, 4, 4) for i, frames in enumerate((CHUNK, 1, CHUNK), start=100)]
    levels = torch.rand(3, 2, generator=torch.Generator().manual_seed(chunk), dtype=torch.float64)
    return Future(CHUNK * chunk, *noise, normal(chunk + 50, 2, PER * CHUNK, 14), *levels)


def rollout(aim: Aim, cast: torch.dtype = torch.float64) -> list[Velocities]:
    """Chunk after chunk: append what was observed, predict."""
    cache, found, text = None, [], aim.encode_text(TEXT.to(cast))
    for chunk in range(CHUNKS + 1):
        start = CHUNK * (chunk - 1) + 1 if chunk else 0
        cache = aim.extend_cache(text, as_type(past(start, CHUNK * chunk + 1), cast), cache=cache)
        found += aim(text, None, [as_type(future(chunk), cast)], cache)
    return found


def as_type(given: Any, cast: torch.dtype) -> Any:
    """Its tensors in another precision."""
    parts = {field.name: getattr(given, field.name) for field in fields(given)}
    return replace(given, **{name: part.to(cast) for name, part in parts.items() if isinstance(part, torch.Tensor)})


def assert_equal(ours: list[Velocities], theirs: list[Velocities]) -> None:
    assert len(ours) == len(theirs) > 0
    for mine, yours in zip(ours, theirs, strict=True):
        for name in NAMES:
            torch.testing.assert_close(getattr(mine, name), getattr(yours, name), rtol=0, atol=1e-10)


@pytest.mark.parametrize("stream", ["shared", "own_qkv", "full"])
@pytest.mark.parametrize("name", PRESETS)
def test_a_cached_rollout_is_the_one_pass_over_all_chunks_that_training_makes(name, stream):
    aim = model(visibility=name, value_stream=stream)
    whole = aim(TEXT, everything(), [future(chunk) for chunk in range(CHUNKS + 1)])
    assert_equal(rollout(aim), whole)
    assert all(float(getattr(velocities, name).abs().mean()) > 0.1 for velocities in whole for name in NAMES)


@pytest.mark.parametrize("how", ["staged", "flex"])
@pytest.mark.parametrize("name", PRESETS)
def test_so_is_the_pass_that_goes_by_groups_or_by_blocks(name, how):
    aim = model(visibility=name)
    aim.attention = how
    whole = aim(TEXT, everything(), [future(chunk) for chunk in range(CHUNKS + 1)])
    aim.attention = "sdpa"
    assert_equal(rollout(aim), whole)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.1)])
def test_in_half_precision_and_single_a_rollout_differs_by_rounding_alone(dtype, tolerance):
    """Relative to the size of the velocities; weights of the size that training has."""
    aim, chunks = model(), [future(chunk) for chunk in range(CHUNKS + 1)]
    for parameter in aim.parameters():
        parameter.mul_(0.3)
    exactly = aim(TEXT, everything(), chunks)
    single = aim.to(torch.float32)
    with torch.autocast("cpu", dtype, enabled=dtype == torch.bfloat16):
        found = rollout(single, cast=torch.float32)
    for ours, theirs in zip(found, exactly, strict=True):
        for name in NAMES:
            error, size = getattr(ours, name).double() - getattr(theirs, name), getattr(theirs, name)
            assert float(error.norm() / size.norm()) < tolerance, name


@pytest.mark.parametrize("window", [1, 3, 5])
def test_with_a_window_a_cached_rollout_is_the_one_pass_with_that_window(window):
    aim = model(window=window)
    whole = aim(TEXT, everything(), [future(chunk) for chunk in range(CHUNKS + 1)])
    assert_equal(rollout(aim), whole)
    apart = model()(TEXT, everything(), [future(CHUNKS)])[0]
    assert float((apart.actions - whole[-1].actions).abs().max()) > 1e-6


def test_frames_appended_one_by_one_are_frames_appended_together():
    aim = model()
    together = aim.extend_cache(TEXT, replace(past(0, 5), state=None, state_at=()))
    alone = None
    for frame in range(5):
        alone = aim.extend_cache(TEXT, replace(past(frame, frame + 1), state=None, state_at=()), cache=alone)
    assert_equal(aim(TEXT, None, [future(2)], alone), aim(TEXT, None, [future(2)], together))


def observed(aim: Aim) -> Cache:
    return aim.extend_cache(TEXT, past(0, 3))


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"xwam"}))
def test_actions_on_a_finished_future_need_its_keys_and_values_only(name):
    """Staged sampling: RGB and value maps are passed through once, then the actions alone at every step."""
    aim = model(visibility=name)
    whole = replace(future(1), t_video=None, t_value=None)
    frozen = aim.extend_cache(TEXT, None, [replace(whole, actions=None)], observed(aim))
    alone = Future(whole.now, actions=whole.actions, t_action=whole.t_action)
    ours, theirs = (aim(TEXT, None, [one], cache)[0] for one, cache in ((alone, frozen), (whole, observed(aim))))
    torch.testing.assert_close(ours.actions, theirs.actions, rtol=0, atol=1e-10)
    assert ours.video is None


def test_labels_do_not_leak_into_the_chunk_they_belong_to():
    """Clean frames and actions after a chunk's current frame are its targets; they change later chunks only."""
    aim, given = model(), everything()
    other = replace(given, observations=given.observations.clone(), actions=given.actions.clone())
    other.observations[:, :, CHUNK + 1 :] += 3
    other.actions[:, PER * CHUNK :] -= 3
    chunks = [future(0), future(1), future(2)]
    before, after = aim(TEXT, given, chunks), aim(TEXT, other, chunks)
    for name in NAMES:
        for chunk in (0, 1):
            torch.testing.assert_close(getattr(before[chunk], name), getattr(after[chunk], name), rtol=0, atol=1e-12)
        assert float((getattr(before[2], name) - getattr(after[2], name)).abs().max()) > 1e-2


def test_what_is_clean_does_not_depend_on_the_sampling_step():
    """Tokens at t = 0, and so the cache, are the same whatever the noise level of those beside them."""
    aim = model()
    early, late = (aim.extend_cache(TEXT, past(0, 3), [replace(future(1), **levels_of(t))]) for t in (0.9, 0.1))
    clean = early.tags.groups <= Group.CO
    for ours, theirs in zip(early.keys + early.values, late.keys + late.values, strict=True):
        assert torch.equal(ours[:, :, clean], theirs[:, :, clean])
        assert not torch.equal(ours[:, :, ~clean], theirs[:, :, ~clean])


def levels_of(t: float) -> dict[str, torch.Tensor]:
    return {name: torch.full((2,), t, dtype=torch.float64) for name in ("t_video", "t_value", "t_action")}


def test_history_at_a_noise_level_of_its_own_is_told_from_clean_history():
    aim, given = model(), past(0, 3)
    noisy = replace(given, t=torch.tensor([[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64))
    ours, theirs = (aim(TEXT, one, [future(1)])[0].video for one in (noisy, given))
    assert float((ours[0] - theirs[0]).abs().max()) > 1e-3
    torch.testing.assert_close(ours[1], theirs[1], rtol=0, atol=1e-12)
