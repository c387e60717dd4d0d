"""Training on a small dataset: it learns, resumes to the bit, and its checkpoints can be trusted."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from aimdata.errors import CheckpointError, MissingExtra, UsageError
from aimdata.model.canvas import value_video, video_value
from aimdata.model.checkpoint import DOCUMENT, latest, load_into, read_meta
from aimdata.model.config import TrainConfig
from aimdata.model.data import collate, open_source
from aimdata.model.data_config import DataConfig
from aimdata.model.inference.policy import Policy
from aimdata.model.network.backbone import VideoCoder
from aimdata.model.network.config import AimConfig
from aimdata.model.presets import preset
from aimdata.model.settings import apply
from aimdata.model.training.learner import Learner
from aimdata.model.training.plan import memory, plan, predicted_shapes, tokens
from aimdata.model.training.supervised_stage import SupervisedStage, _add_noise
from aimdata.model.training.train import summed, train
from aimdata.model.world_model import WorldModel
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

VAE_STEPS, STEPS = 12, 40
SMALL = (
    "backbone.vae.base_dim=4",
    "backbone.transformer.layers=2",
    "backbone.transformer.heads=2",
    "backbone.transformer.ffn_dim=96",
    f"stage_vae.steps={VAE_STEPS}",
    "stage_vae.warmup=2",
    "stage_vae.batch=1",
    f"stage_1.steps={STEPS}",
    "stage_1.batch=2",
    "stage_1.warmup=5",
    "stage_1.learning_rate=3e-3",
    "device=cpu",
)


def config(dataset: Path, run: Path, stage: str, *more: str) -> TrainConfig:
    return replace(apply(preset("tiny"), [*SMALL, *more]), dataset=str(dataset), run=str(run), stage=stage)


def scalars(folder: Path, name: str) -> np.ndarray:
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return np.array([event.value for event in events.Scalars(name)])


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory) -> Path:
    """A run folder with both stages trained."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    train(config(dataset, folder, "vae"))
    train(config(dataset, folder, "1"))
    return folder


@pytest.fixture
def fitted(run, tmp_path) -> Path:
    """A run folder with the VAE alone."""
    shutil.copytree(run / "stage-vae", tmp_path / "run" / "stage-vae")
    return tmp_path / "run"


@pytest.fixture(scope="module")
def batch(dataset):
    clips = open_source(dataset, DataConfig()).clips
    return collate([clips[3], clips[30]])


def test_both_stages_learn(run):
    for stage, names in (("stage-vae", ("rgb", "value")), ("stage-1", ("rgb", "value", "action"))):
        for name in names:
            values = scalars(run / stage, name)
            values = values[values > 0]  # 0 where every sample of a batch was shown a clean future
            quarter = len(values) // 4
            assert values[-quarter:].mean() < 0.9 * values[:quarter].mean(), (stage, name, values)


def test_tensorboard_shows_what_is_true_beside_what_is_predicted(run):
    for stage, names in (("stage-vae", ("rgb", "value")), ("stage-1", ("rgb", "value"))):
        events = EventAccumulator(str(run / stage / "tensorboard"))
        events.Reload()
        for name in names:
            (event,) = events.Images(f"{name}, true and predicted")
            assert (event.height, event.width) == (96, 2 * 64), (stage, name)


def test_looking_at_pictures_and_stopping_on_a_cosine_change_no_weight(dataset, fitted, tmp_path):
    more = ("stage_1.steps=4", "stage_1.schedule=cosine")
    whole = train(config(dataset, fitted, "1", *more))
    other = tmp_path / "other"
    shutil.copytree(fitted / "stage-vae", other / "stage-vae")
    shutil.rmtree(train(config(dataset, other, "1", *more, "save_every=2")))
    resumed = train(config(dataset, other, "1", *more))
    for name in ("aim", "optimizer"):
        first, second = (load_file(path / f"{name}.safetensors") for path in (whole, resumed))
        assert all(torch.equal(first[key], second[key]) for key in first), name


def test_the_vae_stage_measures_the_latents_so_that_they_are_normalised(run, batch):
    policy = Policy.load(latest(run / "stage-1"))
    (chunk,) = policy.world.encode(batch).futures
    latents = torch.cat([chunk.video, chunk.value])
    assert abs(float(latents.mean())) < 0.5
    assert 0.3 < float(latents.std()) < 2


def test_an_interrupted_run_goes_on_to_the_very_same_weights(dataset, fitted, tmp_path):
    whole = train(config(dataset, fitted, "1", "stage_1.steps=6"))
    other = tmp_path / "other"
    shutil.copytree(fitted / "stage-vae", other / "stage-vae")
    train(config(dataset, other, "1", "stage_1.steps=3"))
    resumed = train(config(dataset, other, "1", "stage_1.steps=6"))
    for name in ("aim", "optimizer", "vae", "text"):
        first, second = (load_file(path / f"{name}.safetensors") for path in (whole, resumed))
        assert first.keys() == second.keys()
        assert all(torch.equal(first[key], second[key]) for key in first), name


def test_a_resumed_run_keeps_its_vae_when_another_was_fitted_since(dataset, fitted):
    first = train(config(dataset, fitted, "1", "stage_1.steps=2"))
    shutil.rmtree(fitted / "stage-vae")
    train(config(dataset, fitted, "vae", "seed=5"))
    second = train(config(dataset, fitted, "1", "stage_1.steps=3"))
    assert read_meta(first).backbone == read_meta(second).backbone
    ours, theirs = (load_file(path / "vae.safetensors") for path in (first, second))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_finished_run_is_not_trained_again(dataset, run):
    before = (latest(run / "stage-1") / DOCUMENT).stat().st_mtime_ns
    path = train(config(dataset, run, "1"))
    assert (path / DOCUMENT).stat().st_mtime_ns == before


def test_only_the_newest_checkpoints_are_kept(dataset, fitted):
    train(config(dataset, fitted, "1", "stage_1.steps=4", "save_every=1", "keep=2"))
    assert sorted(p.name for p in fitted.glob("stage-1/step-*")) == ["step-000003", "step-000004"]


def test_half_precision_gives_nearly_the_same_loss_and_keeps_times_in_float32(dataset, fitted):
    made = config(dataset, fitted, "1")
    stage, batch = SupervisedStage(made, None), collate([open_source(dataset, made.data).clips[0]])
    dtypes = []
    stage.trained.action.time_proj.register_forward_hook(lambda _m, _i, out: dtypes.append(out.dtype))
    losses = []
    for half in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=half), torch.no_grad():
            losses.append(stage.losses(batch, torch.Generator().manual_seed(0))["loss"])
    torch.testing.assert_close(losses[1], losses[0], rtol=0.05, atol=0)
    assert losses[0] != losses[1]
    assert dtypes == [torch.float32] * 2


def test_half_precision_on_a_cpu_is_refused(dataset, fitted):
    with pytest.raises(UsageError, match=r"28 to 95 times slower .* set precision=fp32"):
        train(config(dataset, fitted, "1", "precision=bf16"))


def test_workers_see_the_same_samples(dataset, fitted, tmp_path):
    alone = train(config(dataset, fitted, "1", "stage_1.steps=2"))
    other = tmp_path / "other"
    shutil.copytree(fitted / "stage-vae", other / "stage-vae")
    helped = train(config(dataset, other, "1", "stage_1.steps=2", "workers=2"))
    ours, theirs = (load_file(path / "aim.safetensors") for path in (alone, helped))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_other_settings_other_data_and_a_second_start_are_refused(dataset, run, squares, tmp_path):
    with pytest.raises(CheckpointError, match=r"stage_1\.learning_rate = 0\.003, not 0\.1"):
        train(config(dataset, run, "1", "stage_1.learning_rate=0.1"))
    with pytest.raises(CheckpointError, match="other data"):
        train(config(squares.build(tmp_path / "more", 4), run, "1"))
    with pytest.raises(UsageError, match="resuming is off"):
        train(config(dataset, run, "1", "resume=false"))


def test_stage_one_without_a_vae_says_what_to_run(dataset, fitted, tmp_path):
    with pytest.raises(UsageError, match="aimdata train --stage vae"):
        train(config(dataset, tmp_path / "empty", "1"))
    document = latest(fitted / "stage-vae") / DOCUMENT
    document.write_text(json.dumps({**json.loads(document.read_text()), "steps": 100}))
    with pytest.raises(UsageError, match="stopped at step 12 of 100"):
        train(config(dataset, fitted, "1"))


def test_a_vae_of_another_backbone_is_refused(dataset, fitted):
    with pytest.raises(CheckpointError, match="another backbone"):
        train(config(dataset, fitted, "1", "backbone.vae.base_dim=8"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_named(dataset, tmp_path):
    with pytest.raises(MissingExtra, match="No CUDA device"):
        train(config(dataset, tmp_path, "1", "device=cuda"))


def test_the_plan_counts_parameters_and_writes_nothing(dataset, tmp_path):
    found = plan(config(dataset, tmp_path / "run", "1"))
    assert found["config"]["stage_1"]["steps"] == STEPS
    assert set(found["parameters"]) == {"aim", "coder", "text"}
    assert all(count > 0 for count in found["parameters"].values())
    assert not (tmp_path / "run").exists()


def test_the_plan_of_five_billion_parameters_needs_no_weights(monkeypatch):
    """Wan's counts as published; AIM's and the adapters' summed up by hand. Nothing is downloaded or allocated."""
    monkeypatch.setattr("aimdata.model.pretrained.snapshot_download", None)
    found = plan(apply(preset("wan2.2-ti2v-5b"), ["stage_1.ema=0.999", "aim.lora_rank=16"]))
    wide, width, ffn = 3072, 768, 3072
    attention = 3 * (width * wide + wide) + 2 * wide + wide * width + width
    block = attention + width * ffn + ffn + ffn * width + width + 6 * width
    stream = 14 * width + width + width * width + width  # embedding
    stream += 2 * width + 256 * width + width + width * width + width  # groups and times
    stream += 6 * width * width + 6 * width + 30 * block + 2 * width + width * 14 + 14
    value = (4 * 48 * wide + wide) + (wide * 4 * 48 + 4 * 48) + 8 * wide
    # q, k, v and o of both attentions go from 3072 to 3072, the feed-forward to 14336 and back
    adapters = 30 * 16 * (8 * 2 * wide + 2 * (wide + 14336))
    assert found["parameters"] == {
        "coder": 704_688_668,
        "text": 5_680_910_336,
        "aim": 4_999_787_712 + stream + value + adapters,
    }
    assert stream == pytest.approx(0.425e9, rel=0.02)
    assert value == pytest.approx(1.2e6, rel=0.02)
    assert found["trained"] == stream + value + adapters
    size, total = found["memory_gb"], sum(found["parameters"].values())
    assert (size["weights"], size["optimiser"]) == (round(4 * total / 1e9, 3), round(16 * found["trained"] / 1e9, 3))
    assert found["tokens"] == {"video": 120 * (9 + 4 * 5) + 4, "action": 4 * 64}
    assert found["flops_per_chunk"] == pytest.approx(53e12, rel=0.02)  # 2 per weight, 601 video tokens, 10 steps
    assert found["estimated"]["seconds_per_chunk"] == pytest.approx(found["flops_per_chunk"] / 395.6e12, abs=1e-3)
    assert found["estimated"]["seconds_per_step"] == pytest.approx(found["flops_per_sample"] / 395.6e12, abs=1e-3)
    assert size["sum"] == pytest.approx(sum(v for name, v in size.items() if name != "sum"), abs=0.002)


def test_a_plan_of_weights_that_are_elsewhere_and_unknown_is_refused():
    with pytest.raises(CheckpointError, match="only the configuration of Wan-AI"):
        plan(apply(preset("wan2.2-ti2v-5b"), ["backbone.pretrained=somebody/else"]))


def test_the_mask_counts_only_where_there_is_one(dataset, tmp_path):
    long = ("data.history_chunks=16", "data.chunks=2")
    plans = [plan(config(dataset, tmp_path, "1", f"attention={how}", *long)) for how in ("sdpa", "flex")]
    masks = [found["memory_gb"]["mask"] for found in plans]
    assert masks[0] > masks[1] == 0


@pytest.mark.parametrize("settings", [(), ("backbone.transformer.ffn_dim=768",), ("data.chunks=2", "stage_1.batch=1")])
def test_the_estimate_of_activations_is_near_what_autograd_keeps(dataset, tmp_path, settings):
    """Counted by storage, once each, without parameters."""
    made = config(dataset, tmp_path, "1", *settings)
    world = WorldModel(made.backbone, made.aim)
    encoded = world.encode(collate([open_source(dataset, made.data).clips[0]] * made.stage_1.batch))
    half = torch.full((made.stage_1.batch,), 0.5)
    own = {p.untyped_storage().data_ptr() for p in world.parameters()}
    kept: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        found = world.aim(encoded.text, encoded.past, [chunk.as_future(half, half) for chunk in encoded.futures])
    storages = {x.untyped_storage().data_ptr(): x.untyped_storage().nbytes() for x in kept}
    measured = sum(size for pointer, size in storages.items() if pointer not in own) / 1e9
    assert len(found) == made.data.chunks
    assert 0.7 < memory(made, world)["activations"] / measured < 1.5


def test_the_plan_counts_the_tokens_that_training_sees(dataset, tmp_path):
    made = config(dataset, tmp_path, "1", "data.chunks=2", "aim.state_token=true")
    world = WorldModel(made.backbone, made.aim)
    encoded = world.encode(collate([open_source(dataset, made.data).clips[0]]))
    cache = world.aim.extend_cache(
        encoded.text, encoded.past, [chunk.as_future(None, torch.ones(1)) for chunk in encoded.futures]
    )
    assert sum(tokens(made).values()) == len(cache)


def test_a_step_in_parts_is_one_big_batch_though_they_have_unequal_numbers_of_tokens(dataset, tmp_path):
    """Half of the samples have a clean future, without a loss, so that the parts count differently."""
    made = config(dataset, tmp_path, "1", "flow.clean=0.5", "data.chunks=2")
    clips = open_source(dataset, made.data).clips
    stage = SupervisedStage.__new__(SupervisedStage)  # without a fitted VAE
    stage.config, stage.module = made, WorldModel(made.backbone, made.aim)
    stage.trained = stage.module.aim
    parts = [collate([clips[i], clips[i + 9]]) for i in (0, 20, 40)]
    draws = [stage.draw(part, torch.Generator().manual_seed(seed)) for seed, part in enumerate(parts)]
    assert len({draw.counts["rgb"] for draw in draws}) > 1
    totals = summed([draw.counts for draw in draws])
    encoded = [stage.module.encode(part) for part in parts]
    losses: dict[str, float] = {}
    errors = {name: [] for name in ("rgb", "value", "action")}
    for part, draw, true in zip(parts, draws, encoded, strict=True):
        shares = {name: count / totals[name] for name, count in draw.counts.items()}
        for name, loss in stage.losses(part, torch.Generator().manual_seed(7), draw, shares).items():
            losses[name] = losses.get(name, 0.0) + float(loss.detach())
        noise = torch.Generator().manual_seed(7)
        noisy, targets = zip(
            *(_add_noise(*pair, noise) for pair in zip(true.futures, draw.times, strict=True)), strict=True
        )
        for found, target, times in zip(stage.trained(true.text, true.past, noisy), targets, draw.times, strict=True):
            for name, key in (("video", "rgb"), ("value", "value"), ("actions", "action")):
                error = (getattr(found, name) - getattr(target, name)).square().flatten(1).mean(1)
                errors[key].append(error[times.of(name) > 0].detach())
    means = {name: float(torch.cat(each).mean()) for name, each in errors.items()}
    for name, mean in means.items():
        assert losses[name] == pytest.approx(mean, rel=1e-5)
    assert losses["loss"] == pytest.approx(sum(means.values()), rel=1e-5)


def test_a_run_in_parts_with_an_average_goes_on_to_the_very_same_weights(dataset, fitted, tmp_path):
    more = (
        "stage_1.accumulate=2",
        "stage_1.ema=0.9",
        "flow.noisy_history=0.5",
        "flow.text_dropout=0.5",
        "data.chunks=2",
    )
    whole = train(config(dataset, fitted, "1", "stage_1.steps=4", *more))
    other = tmp_path / "other"
    shutil.copytree(fitted / "stage-vae", other / "stage-vae")
    train(config(dataset, other, "1", "stage_1.steps=2", *more))
    resumed = train(config(dataset, other, "1", "stage_1.steps=4", *more))
    for name in ("aim", "optimizer", "average"):
        first, second = (load_file(path / f"{name}.safetensors") for path in (whole, resumed))
        assert all(torch.equal(first[key], second[key]) for key in first), name


def test_a_policy_uses_the_average_of_the_weights(dataset, fitted):
    path = train(config(dataset, fitted, "1", "stage_1.steps=3", "stage_1.ema=0.9"))
    average, last = (load_file(path / f"{name}.safetensors") for name in ("average", "aim"))
    used = Policy.load(path).world.aim.state_dict()
    name = "wan.blocks.0.attn1.to_q.weight"
    assert torch.equal(used[name], average[name])
    assert not torch.equal(used[name], last[name])


def test_the_average_follows_the_weights_by_its_decay():
    module = torch.nn.Linear(2, 1, bias=False)
    learner = Learner(module, apply(preset("tiny"), ["stage_1.ema=0.5", "stage_1.warmup=0"]))
    expected = module.weight.detach().clone()
    for step in range(4):
        learner.add({"loss": module(torch.ones(1, 2)).sum()})
        learner.update(step)
        decay = min(0.5, 1 - (1 + step) ** (-2 / 3))  # diffusers' warm-up: the first steps count for more
        expected = decay * expected + (1 - decay) * module.weight.detach()
    torch.testing.assert_close(learner.average.shadow_params[0], expected)


def test_recomputing_activations_changes_no_weight(dataset, fitted, tmp_path):
    first = train(config(dataset, fitted, "1", "stage_1.steps=2"))
    other = tmp_path / "other"
    shutil.copytree(fitted / "stage-vae", other / "stage-vae")
    second = train(config(dataset, other, "1", "stage_1.steps=2", "checkpointing=selective"))
    ours, theirs = (load_file(path / "aim.safetensors") for path in (first, second))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_run_may_go_on_attending_another_way(dataset, fitted, tmp_path):
    more = ("data.chunks=2", "stage_1.batch=1")
    masked = train(config(dataset, fitted, "1", "stage_1.steps=2", *more))
    other = tmp_path / "other"
    shutil.copytree(fitted / "stage-vae", other / "stage-vae")
    train(config(dataset, other, "1", "stage_1.steps=1", *more))
    staged = train(config(dataset, other, "1", "stage_1.steps=2", "attention=staged", *more))
    ours, theirs = (load_file(path / "aim.safetensors") for path in (masked, staged))
    for key in ours:
        torch.testing.assert_close(ours[key], theirs[key], rtol=1e-3, atol=1e-4)


def test_training_with_flex_attention_on_a_cpu_is_refused(dataset, fitted):
    with pytest.raises(UsageError, match="attention=staged"):
        train(config(dataset, fitted, "1", "attention=flex"))


@pytest.mark.parametrize(("coupling", "finished"), [("sequential", {"rgb", "value"}), ("action_first", {"action"})])
def test_what_is_finished_already_carries_no_loss(dataset, run, batch, coupling, finished):
    made = config(dataset, run, "1", f"flow.coupling={coupling}", "flow.clean=0.9999")
    losses = SupervisedStage(made, None).losses(batch, torch.Generator().manual_seed(0))
    assert {name for name, value in losses.items() if float(value.detach()) == 0} == finished


def test_the_plan_runs_the_networks_on_shapes_alone_and_names_what_does_not_fit():
    made = apply(preset("wan2.2-ti2v-5b"), ["aim.depth_blocks=2", "data.depth=true", "aim.state_stream=true"])
    assert plan(made)["predicted"] == {
        "video": (1, 48, 2, 24, 20),
        "value": (1, 48, 2, 24, 20),
        "actions": (1, 32, 14),
        "ends": (1, 8, 16),
        "depth": (1, 48, 2, 24, 20),
    }
    with torch.device("meta"):
        world = WorldModel(apply(preset("tiny"), []).backbone, made.aim)
        world.aim.wan.patch_embedding = torch.nn.Conv3d(3, 96, (1, 2, 2), (1, 2, 2))
    with pytest.raises(UsageError, match="do not fit together"):
        predicted_shapes(preset("tiny"), world)


@pytest.mark.parametrize("coupling", ["sync", "decoupled", "sequential", "action_first", "value_first"])
def test_every_coupling_trains(dataset, fitted, coupling):
    train(config(dataset, fitted, "1", "stage_1.steps=2", f"flow.coupling={coupling}"))
    assert np.isfinite(scalars(fitted / "stage-1", "loss")).all()


def test_adapters_train_and_wan_does_not(dataset, fitted):
    path = train(config(dataset, fitted, "1", "stage_1.steps=2", "aim.lora_rank=2"))
    tensors = load_file(path / "aim.safetensors")
    moved = {key.split("/")[1] for key in load_file(path / "optimizer.safetensors")}
    assert {key for key in moved if key.startswith("wan.")} == {key for key in tensors if "lora" in key}
    assert Policy.load(path).meta.aim.lora_rank == 2


def test_adapters_without_peft_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"pip install .aimdata\[lora\]"):
        WorldModel(preset("tiny").backbone, AimConfig(lora_rank=2))


def test_a_checkpoint_loads_again_and_predicts_the_same(run, batch):
    path = latest(run / "stage-1")
    first, second = Policy.load(path), Policy.load(path)
    encoded, half = first.world.encode(batch), torch.full((2,), 0.5)
    shown = [chunk.as_future(half, half) for chunk in encoded.futures]
    with torch.no_grad():
        (ours,), (theirs,) = (one.world.aim(encoded.text, encoded.past, shown) for one in (first, second))
    for name in ("video", "value", "actions"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name)), name


@pytest.mark.slow
def test_a_fitted_vae_puts_the_heat_where_it_was(dataset, tmp_path):
    """At the preset's own length (about a minute): the peak of a decoded map is where the map's own is."""
    path = train(replace(preset("tiny"), dataset=str(dataset), run=str(tmp_path), stage="vae", device="cpu"))
    clips, coder = open_source(dataset, DataConfig()).clips, VideoCoder(read_meta(path).backbone)
    load_into(coder.vae, path, "vae")
    value = collate([clips[i] for i in (3, 31, 59)]).value[:, 0]
    with torch.no_grad():
        decoded = video_value(coder.decode(coder.encode(value_video(value))))
    peaks = [np.stack(np.unravel_index(maps[:, -1, :64].flatten(1).argmax(1), (64, 64))) for maps in (value, decoded)]
    assert np.abs(peaks[0] - peaks[1]).max() <= 4
