"""The transformer: it is stock Wan where it should be, and nothing reaches what it must not reach."""

from dataclasses import dataclass, fields, replace

import pytest
import torch
import torch.nn.functional as F
from aimdata.model.network import attention
from aimdata.model.network.aim import Aim
from aimdata.model.network.attention import GROUPS, PRESETS, Group, Tags, visibility
from aimdata.model.network.backbone import build_transformer
from aimdata.model.network.chunk import Future, Past, Velocities
from aimdata.model.network.config import AimConfig, BackboneConfig, TextConfig, TransformerConfig, VaeConfig
from aimdata.model.network.tokens import steps
from aimdata.model.training.activation_checkpointing import checkpoint_activations

SMALL = BackboneConfig(
    transformer=TransformerConfig(heads=2, head_dim=12, layers=3, ffn_dim=32),
    vae=VaeConfig(z_dim=8),
    text=TextConfig(width=16),
)
NARROW = {"action_width": 16, "action_ffn_dim": 32, "actions_per_latent": 4}
EVERYTHING = {group: frozenset({"ho", "ha", "co", "x", "m", "n", "v", "a", "text"}) for group in visibility("aim")}


def model(config: AimConfig | None = None, dtype: torch.dtype = torch.float64) -> Aim:
    """With weights large enough that a leak would show."""
    generator = torch.Generator().manual_seed(0)
    aim = Aim(build_transformer(SMALL), config or AimConfig(**NARROW))
    for parameter in aim.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return aim.to(dtype)


@dataclass(frozen=True)
class Given:
    """Two history frames and the current one, two future frames, four actions a frame; all ask for gradients."""

    text: torch.Tensor
    observations: torch.Tensor
    past_actions: torch.Tensor | None
    state: torch.Tensor | None
    video: torch.Tensor
    black: torch.Tensor | None
    value: torch.Tensor | None
    actions: torch.Tensor | None
    t_video: torch.Tensor
    t_value: torch.Tensor
    t_action: torch.Tensor
    ends: torch.Tensor | None = None

    def through(self, aim: Aim) -> Velocities:
        count = self.observations.shape[2]
        past = Past(self.observations, actions=self.past_actions, state=self.state, state_at=(count - 1,))
        values = {f.name: getattr(self, f.name) for f in fields(Future) if f.name != "now"}
        return aim(self.text, past, [Future(count - 1, **values)])[0]


def inputs(dtype: torch.dtype = torch.float64) -> Given:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()

    return Given(
        text=normal(2, 5, 16),
        observations=normal(2, 8, 3, 4, 4),
        past_actions=normal(2, 8, 14),
        state=normal(2, 1, 14),
        video=normal(2, 8, 2, 4, 4),
        black=normal(2, 8, 1, 4, 4),
        value=normal(2, 8, 2, 4, 4),
        actions=normal(2, 8, 14),
        t_video=torch.tensor([0.7, 0.2], dtype=dtype),
        t_value=torch.tensor([0.6, 0.3], dtype=dtype),
        t_action=torch.tensor([0.5, 0.9], dtype=dtype),
    )


def gradient(output: torch.Tensor, source: torch.Tensor) -> float:
    """Largest absolute gradient of an output's weighted sum, 0.0 exactly when nothing flows."""
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).reshape(output.shape)
    (found,) = torch.autograd.grad((output * weights).sum(), source, retain_graph=True, allow_unused=True)
    return 0.0 if found is None else float(found.abs().max())


def cut(aim: Aim, **rows: str) -> Aim:
    """The same weights under another table."""
    aim.table = {**aim.table, **{query: frozenset(keys.split()) for query, keys in rows.items()}}
    return aim


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 3e-5)])
def test_the_video_path_is_diffusers_own_forward(dtype, tolerance):
    aim, given = model(dtype=dtype), inputs(dtype)
    stock = aim.wan(given.observations, 1000 * given.t_video, given.text).sample
    own = aim(given.text, None, [Future(-1, video=given.observations, t_video=given.t_video)])[0].video
    assert float(stock.detach().abs().mean()) > 0.1
    assert float((own - stock).detach().abs().max()) < tolerance


def test_per_token_timesteps_are_those_of_diffusers():
    aim, given = cut(model(), **{group: " ".join(keys) for group, keys in EVERYTHING.items()}), inputs()
    frames = torch.cat([given.observations[:, :, -1:], given.video], dim=2)
    tokens = torch.cat([torch.zeros(2, 4, dtype=torch.float64), given.t_video[:, None].expand(2, 8)], dim=1)
    stock = aim.wan(frames, 1000 * tokens, given.text).sample[:, :, 1:]
    one = replace(
        given, observations=given.observations[:, :, -1:], value=None, past_actions=None, actions=None, state=None
    )
    assert float((one.through(aim).video - stock).detach().abs().max()) < 1e-12


def test_a_stock_state_dict_loads_strictly_and_keeps_its_keys():
    stock = build_transformer(SMALL)
    aim = model(dtype=torch.float32)
    aim.wan.load_state_dict(stock.state_dict(), strict=True)
    assert {key.removeprefix("wan.") for key in aim.state_dict() if key.startswith("wan.")} == set(stock.state_dict())


def test_value_projections_begin_as_copies_of_the_video_ones():
    wan = build_transformer(SMALL)
    aim = Aim(wan, AimConfig())
    assert torch.equal(aim.value_in.weight, wan.patch_embedding.weight)
    assert torch.equal(aim.value_out.weight, wan.proj_out.weight)
    assert aim.value_in.weight.data_ptr() != wan.patch_embedding.weight.data_ptr()


def test_heads_read_each_frame_from_its_own_tokens():
    """Where layers add nothing, nothing mixes: a velocity knows the latent it belongs to, and the black frame none."""
    aim, given = model(), inputs()
    for block in aim.wan.blocks:
        for last in (block.attn1.to_out[0], block.attn2.to_out[0], block.ffn.net[2]):
            torch.nn.init.zeros_(last.weight)
            torch.nn.init.zeros_(last.bias)
    velocities = given.through(aim)
    assert gradient(velocities.value, given.black) == 0.0
    for name in ("video", "value"):
        latents, found = getattr(given, name), getattr(velocities, name)
        (flow,) = torch.autograd.grad(found[:, :, 0, :2, :2].sum(), latents, retain_graph=True)
        assert float(flow[:, :, 0, :2, :2].abs().max()) > 1e-6
        flow[:, :, 0, :2, :2] = 0
        assert float(flow.abs().max()) == 0.0


def test_actions_lie_evenly_between_latent_frames_and_off_the_canvas():
    piece = steps(torch.zeros(1, 8, 3), Group.A, 2, 0, 4)
    torch.testing.assert_close(piece.positions[:, 0], 2 + torch.tensor([1, 2, 3, 4, 6, 7, 8, 9]).double() / 5)
    assert bool((piece.positions[:, 1:] == -1).all())
    past = steps(torch.zeros(1, 8, 3), Group.HA, 4, -8, 4)
    torch.testing.assert_close(past.positions, piece.positions)


@pytest.mark.parametrize("kind", ["own_qkv", "full"])
def test_value_tokens_with_weights_of_their_own_begin_as_the_shared_ones_and_part_from_them(kind):
    given, shared = inputs(), model()
    own = Aim(shared.wan, replace(shared.config, value_stream=kind)).double()
    own.load_state_dict(shared.state_dict(), strict=False)
    ours, theirs = given.through(own), given.through(shared)
    for name in ("video", "value", "actions"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name), rtol=0, atol=1e-12)
    for parameter in own.value_blocks.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    parted = given.through(own)
    assert float((parted.value - theirs.value).detach().abs().max()) > 1e-2
    torch.testing.assert_close(parted.video, theirs.video, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["own_qkv", "full"])
def test_a_value_stream_of_its_own_leaks_no_more_than_the_shared_one(kind):
    given, aim = inputs(), model(AimConfig(value_stream=kind, **NARROW))
    assert gradient(given.through(cut(aim, m="ho co m n text", n="ho co m n text")).actions, given.video) == 0.0


def test_an_action_stream_as_wide_as_wan_begins_as_a_copy_of_it():
    wan = build_transformer(SMALL)
    aim = Aim(wan, AimConfig(action_width=24, action_ffn_dim=32))
    for own, block in zip(aim.action.blocks, wan.blocks, strict=True):
        for ours, theirs in (
            (own.attention.to_q, block.attn1.to_q),
            (own.attention.to_out, block.attn1.to_out[0]),
            (own.ffn[0], block.ffn.net[0].proj),
            (own.ffn[2], block.ffn.net[2]),
        ):
            torch.testing.assert_close(ours.weight, theirs.weight, rtol=0, atol=1e-7)
            torch.testing.assert_close(ours.bias, theirs.bias, rtol=0, atol=1e-7)


def test_a_narrower_action_stream_answers_smooth_inputs_as_wan_does():
    """A straight line over the channels is the same line at any width, so the resampled map must agree on it."""
    wan = build_transformer(SMALL)
    rows = torch.linspace(0, 1, 24)
    for block in wan.blocks:
        block.attn1.to_q.weight.data = rows[:, None] + rows[None, :]
    own = Aim(wan, AimConfig(action_width=12, action_ffn_dim=32)).action.blocks[0]
    wide, narrow = block.attn1.to_q.weight.mean(1), own.attention.to_q.weight.mean(1)
    torch.testing.assert_close(narrow, wide * 2**0.5, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["full", "selective"])
def test_recomputed_activations_give_the_same_gradients(kind):
    given, aim = inputs(), model()
    found = []
    for how in ("off", kind):
        checkpoint_activations(aim, how)
        aim.zero_grad()
        given.through(aim).actions.square().sum().backward()
        found.append([p.grad.clone() for p in aim.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) > 100
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.fixture(params=["sdpa", "staged", "flex"])
def how(request, flex_backward):
    """Every way to attend; what must not flow must not flow in any."""
    return request.param


@pytest.mark.parametrize("value_stream", ["shared", "full"])
def test_every_way_to_attend_gives_the_same_results_and_the_same_gradients(how, value_stream):
    given, aim = inputs(), model(AimConfig(value_stream=value_stream, **NARROW))
    found = []
    for aim.attention in ("sdpa", how):
        aim.zero_grad()
        velocities = given.through(aim)
        sum(getattr(velocities, name).square().sum() for name in ("video", "value", "actions")).backward()
        found.append([velocities.video, velocities.value, velocities.actions])
        found[-1] += [p.grad.clone() for p in aim.parameters() if p.grad is not None]
    assert len(found[0]) == len(found[1]) > 100
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_blocks_are_found_once_in_a_pass_and_not_in_every_layer(monkeypatch):
    given, aim, made = inputs(), model(), []
    aim.attention = "flex"
    attention._pattern.cache_clear()
    real = attention.create_block_mask
    monkeypatch.setattr(attention, "create_block_mask", lambda *a, **k: made.append(1) or real(*a, **k))
    with torch.no_grad():
        given.through(aim)
    assert len(made) == 1 < len(aim.wan.blocks)


def test_actions_get_no_gradient_from_future_rgb_once_value_tokens_do_not_see_it(how):
    given = inputs()
    aim = cut(model(), m="ho co m n text", n="ho co m n text")
    aim.attention = how
    assert gradient(given.through(aim).actions, given.video) == 0.0
    assert gradient(given.through(model()).actions, given.video) > 1e-4


def test_a_current_frame_that_sees_future_rgb_is_caught_as_a_leak(how):
    given = inputs()
    leaky = cut(model(), m="ho co m n text", n="ho co m n text", co="ho ha co x text")
    leaky.attention = how
    assert gradient(given.through(leaky).actions, given.video) > 1e-4


def test_cutting_the_actions_from_value_tokens_cuts_them_from_the_future(how):
    given, aim = inputs(), model(AimConfig("uncond", **NARROW))
    aim.attention = how
    velocities = given.through(aim)
    assert gradient(velocities.actions, given.video) == 0.0
    assert gradient(velocities.actions, given.value) == 0.0
    assert gradient(velocities.actions, given.observations) > 1e-4


@pytest.mark.parametrize(("name", "frames"), [("bottleneck", True), ("bottleneck_only", False)])
def test_a_bottleneck_shows_the_actions_the_maps_and_nothing_that_made_them(how, name, frames):
    given, aim = inputs(), model(AimConfig(name, **NARROW))
    aim.attention = how
    velocities = given.through(aim)
    assert gradient(velocities.actions, given.value) > 1e-4
    assert gradient(velocities.actions, given.past_actions) > 1e-4
    assert gradient(velocities.actions, given.video) == gradient(velocities.actions, given.black) == 0.0
    assert (gradient(velocities.actions, given.observations) > 0) == frames
    assert (gradient(velocities.actions, given.text) > 0) == frames


def test_the_copy_of_the_maps_changes_no_imagined_frame_and_no_map():
    given = inputs()
    plain, copied = (given.through(model(AimConfig(name, **NARROW))) for name in ("uncond", "bottleneck"))
    torch.testing.assert_close(plain.video, copied.video, rtol=0, atol=1e-12)
    torch.testing.assert_close(plain.value, copied.value, rtol=0, atol=1e-12)


def test_what_the_imagined_future_does_not_see_sends_it_no_gradient(how):
    given, aim = inputs(), model()
    aim.attention = how
    velocities = given.through(aim)
    for output, source in (("video", "value"), ("video", "actions"), ("value", "actions")):
        assert gradient(getattr(velocities, output), getattr(given, source)) == 0.0
    for source in ("video", "observations", "value", "text"):
        assert gradient(velocities.value, getattr(given, source)) > 1e-4, source


@pytest.mark.parametrize("name", PRESETS)
def test_attention_weighs_nothing_that_the_table_forbids_in_any_layer(name, how, monkeypatch):
    """Values that say which group they are of come back as the mass that each query spends on each group."""
    aim, given, masses = model(AimConfig(name, **NARROW)), inputs(), []
    aim.attention = how
    tags = Tags(torch.zeros(0), torch.zeros(0))

    def probe(q, k, v, by):
        named = F.one_hot(tags.groups, q.shape[-1]).to(v).expand_as(v)
        masses.append(attention.attend(q, k, named, by)[..., : len(GROUPS)].mean((0, 1)))
        return attention.attend(q, k, v, by)

    def noted(*given):
        nonlocal tags
        tags = given[3]
        return attention.attention_pattern(*given)

    monkeypatch.setattr("aimdata.model.network.aim.attend", probe)
    monkeypatch.setattr("aimdata.model.network.aim.attention_pattern", noted)
    with torch.no_grad():
        given.through(aim)
    assert len(masses) == len(aim.wan.blocks)
    history = tags.groups.clone()
    history[(tags.groups == Group.CO) & (tags.now < 2)] = Group.HO
    for mass in masses:
        torch.testing.assert_close(mass.sum(1), torch.ones(len(mass), dtype=mass.dtype))
        for query in {*Group} if attention.copied(aim.table) else {*Group} - {Group.V}:
            keys = aim.table[query.name.lower()]
            spent = mass[history == query].sum(0)
            for key in Group:
                if key == Group.CO:  # the key tag of every observation, seen as co or as ho
                    assert (float(spent[key]) > 0) == bool(keys & {"co", "ho"})
                elif key != Group.HO:
                    assert (float(spent[key]) > 0) == (key.name.lower() in keys), (query, key)


@pytest.mark.parametrize("name", PRESETS)
def test_observed_tokens_are_the_same_whatever_the_future_holds(name):
    """Hidden states of ho, ha and co after the last layer, read through hooks on the last blocks."""
    aim, given = model(AimConfig(name, **NARROW)), inputs()
    seen: list[torch.Tensor] = []
    aim.wan.blocks[-1].ffn.net[-1].register_forward_hook(lambda _m, _i, out: seen.append(out[:, : 3 * 4]))
    aim.action.blocks[-1].ffn[-1].register_forward_hook(lambda _m, _i, out: seen.append(out[:, :8]))
    given.through(aim)
    for hidden in seen:
        for source in (given.video, given.value, given.actions):
            assert gradient(hidden, source) == 0.0
    assert gradient(seen[0], given.observations) > 1e-4


def test_the_instruction_reaches_actions_only_through_the_tokens_they_see():
    given = inputs()
    assert gradient(given.through(model()).actions, given.text) > 1e-4
    deaf = cut(model(), ho="ho ha", co="ho ha co", x="ho ha co x", m="ho co x m n", n="ho co x m n")
    assert gradient(given.through(deaf).actions, given.text) == 0.0


def test_an_action_of_the_past_sees_no_later_one():
    aim, given = model(), inputs()
    seen: list[torch.Tensor] = []
    aim.action.blocks[-1].ffn[-1].register_forward_hook(lambda _m, _i, out: seen.append(out[:, :3]))
    given.through(aim)
    weights = torch.linspace(-1, 1, seen[0].numel(), dtype=torch.float64).reshape(seen[0].shape)
    (found,) = torch.autograd.grad((seen[0] * weights).sum(), given.past_actions)
    assert float(found[:, 3:].abs().max()) == 0.0
    assert float(found[:, :3].abs().max()) > 1e-4


def test_the_state_token_is_read_when_it_is_switched_on():
    given = inputs()
    shown = AimConfig(**NARROW, state_token=True)
    assert gradient(given.through(model(shown)).actions, given.state) > 1e-4
    assert gradient(given.through(model()).actions, given.state) == 0.0


def test_actions_without_future_actions_leave_the_imagined_future_unchanged():
    aim, given = model(), inputs()
    with_actions, without = given.through(aim), replace(given, actions=None).through(aim)
    torch.testing.assert_close(without.video, with_actions.video, rtol=0, atol=1e-12)
    torch.testing.assert_close(without.value, with_actions.value, rtol=0, atol=1e-12)


def test_samples_of_a_batch_do_not_touch_each_other():
    aim, given = model(), inputs()
    tensors = {field.name: getattr(given, field.name) for field in fields(given)}
    alone = Given(**{name: tensor[:1] for name, tensor in tensors.items() if tensor is not None})
    for name in ("video", "value", "actions"):
        ours, theirs = (getattr(one.through(aim), name)[:1] for one in (alone, given))
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
