"""Cached latents are those of the pictures, slice for slice, and serve only what they were made of."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from aimdata.errors import CheckpointError, UsageError
from aimdata.model.canvas import rgb_video, value_video
from aimdata.model.checkpoint import latest, load_into, read_meta
from aimdata.model.config import TrainConfig
from aimdata.model.data import open_source
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.policy import Policy
from aimdata.model.presets import preset
from aimdata.model.settings import apply
from aimdata.model.training.latents import LatentClips, encode_all, open_cached
from aimdata.model.training.train import train
from aimdata.model.world_model import WorldModel
from aimdata.policy import Observations
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SMALL = (
    "backbone.vae.base_dim=4",
    "backbone.transformer.layers=1",
    "stage_vae.steps=2",
    "stage_vae.batch=1",
    "stage_1.steps=2",
    "stage_1.batch=2",
    "data.chunks=2",
    "data.latents=true",
    "device=cpu",
)


@pytest.fixture(scope="module")
def config(dataset, tmp_path_factory) -> TrainConfig:
    made = apply(preset("tiny"), [*SMALL, f"dataset={dataset}", f"run={tmp_path_factory.mktemp('runs') / 'run'}"])
    train(replace(made, stage="vae"))
    encode_all(made)
    return made


@pytest.fixture(scope="module")
def world(config) -> WorldModel:
    path = latest(Path(config.run) / "stage-vae")
    made = WorldModel(read_meta(path).backbone, config.aim)
    load_into(made.coder.vae, path, "vae")
    return made


def clips(config: TrainConfig) -> tuple:
    return open_source(Path(config.dataset), config.data).clips, open_cached(config).clips


@torch.no_grad()
def test_the_first_sample_of_an_episode_is_what_its_pictures_encode_to(config, world):
    pictures, latents = clips(config)
    row = pictures.rows[1]
    ours, theirs = latents.at(row, 0), pictures.at(row, 0)
    torch.testing.assert_close(ours.rgb, world.coder.encode(rgb_video(theirs.rgb)), rtol=2e-3, atol=2e-3)
    maps = world.coder.encode(value_video(theirs.value[0]))
    torch.testing.assert_close(ours.value[0], maps, rtol=2e-3, atol=2e-3)
    for name in ("actions", "state"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name))


@torch.no_grad()
def test_later_samples_are_slices_of_the_whole_episode_encoded_at_once(config, world):
    pictures, latents = clips(config)
    row = pictures.rows[0]
    single = replace(config, data=replace(config.data, chunks=1))
    alone = LatentClips(open_source(Path(config.dataset), single.data).clips, latents.folder)
    assert len(latents.sample_frames(row)) == len(alone.sample_frames(row)) == -(-(row.frames - 1) // 16)
    frames = np.arange(-32, 64 + 1, 4)
    whole = world.coder.encode(rgb_video(pictures.read(row, "rgb", frames)))
    torch.testing.assert_close(alone.at(row, 16).rgb, whole[:, :, 1:6], rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(("pace", "chunks"), [(16, 1), (32, 1), (16, 2)])
def test_a_policy_sees_at_every_moment_what_training_shows_of_it(config, world, pace, chunks):
    """However long the episode, and however often the policy looks; but for the rounding of smaller pictures."""
    learned = Policy.load(train(config), sampling=SamplingConfig(video_steps=1, action_steps=1))
    short, cached = replace(config.data, chunks=chunks), open_cached(config).clips
    policy = Policy(learned.world, replace(learned.meta, data=short), learned.sampling)
    samples = LatentClips(open_source(Path(config.dataset), short).clips, cached.folder)
    row = max(samples.rows, key=lambda row: row.frames)
    rgb, state, action = (samples.reader.array(row.uid, name) for name in ("rgb", "state", "action"))
    policy.reset(row.instruction)
    for now in range(0, row.frames - 1, pace):
        fresh = slice(max(now - pace + 1, 0), now + 1)
        policy.act(Observations(rgb[fresh], state[fresh]), action[max(now - pace, 0) : now])
        first = now - 32 * (chunks - 1)
        if first >= 0:
            seen, sample = policy.rollout.seen, world.encode(samples.at(row, first), short).past
            assert float((seen.observations - sample.observations).norm()) < 0.01 * float(sample.observations.norm())
            for name in ("actions", "state"):
                torch.testing.assert_close(getattr(seen, name), getattr(sample, name), rtol=0, atol=1e-6)
            assert (seen.start, seen.state_at) == (sample.start, sample.state_at)


def test_training_on_latents_is_training(config):
    path = train(config)
    assert read_meta(path).step == 2
    assert read_meta(path).data.latents


def test_latents_are_made_once(config):
    folder = encode_all(config)
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}
    encode_all(config)
    assert before == {path.name: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}
    assert len(before) == 3


def test_latents_of_something_else_are_refused(config, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(config.run, run)
    moved = replace(config, run=str(run))
    with pytest.raises(CheckpointError, match=r"computed with chunks = 2, not 1; remove it and run `aimdata cache`"):
        encode_all(replace(moved, data=replace(config.data, chunks=1)))
    (run / "latents" / "latents.json").write_text("{")
    with pytest.raises(CheckpointError, match="is damaged"):
        train(moved)
    shutil.rmtree(run / "latents")
    with pytest.raises(CheckpointError, match="contains no cached latents; run `aimdata cache`"):
        train(moved)


def test_a_damaged_file_is_named(config, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(config.run, run)
    for path in (run / "latents").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="not a readable file of latents"):
        clips(replace(config, run=str(run)))[1][0]


def test_without_a_vae_there_is_nothing_to_encode_with(config, tmp_path):
    with pytest.raises(UsageError, match="aimdata train --stage vae"):
        encode_all(replace(config, run=str(tmp_path)))


@torch.no_grad()
def test_samples_at_further_offsets_are_what_their_pictures_encode_to(config, world, tmp_path):
    offsets = replace(config, run=str(tmp_path), vae_run=config.run, data=replace(config.data, offsets=2))
    with pytest.raises(CheckpointError, match="with offsets = 1, not 2"):
        encode_all(offsets)
    run = tmp_path / "vae"
    shutil.copytree(Path(config.run) / "stage-vae", run / "stage-vae")
    offsets = replace(offsets, vae_run=str(run))
    assert encode_all(offsets) == run / "latents"
    pictures, latents = clips(offsets)
    row = pictures.rows[1]
    assert set(latents.sample_frames(row).tolist()) == set(range(0, row.frames - 1, 8))
    ours, theirs = latents.at(row, 8), pictures.at(row, 8)
    torch.testing.assert_close(ours.rgb, world.coder.encode(rgb_video(theirs.rgb)), rtol=2e-3, atol=2e-3)
    maps = world.coder.encode(value_video(theirs.value[0]))
    torch.testing.assert_close(ours.value[0], maps, rtol=2e-3, atol=2e-3)


def test_maps_of_other_episodes_change_the_maps_alone(config):
    shuffled = replace(config, data=replace(config.data, maps="shuffled"))
    for own, other in zip(clips(config), clips(shuffled), strict=True):
        row, following = own.rows[0], own.rows[1]
        ours, theirs, source = own.at(row, 0), other.at(row, 0), own.at(following, 0)
        assert not torch.equal(ours.value, theirs.value)
        assert torch.equal(theirs.value, source.value)
        for name in ("rgb", "actions", "state"):
            assert torch.equal(getattr(ours, name), getattr(theirs, name))


def test_episodes_held_back_are_not_trained_on_and_their_error_is_a_curve(config, tmp_path):
    held = replace(config, run=str(tmp_path), vae_run=config.run, data=replace(config.data, validation=1))
    source = open_cached(held)
    assert [len(part.rows) for part in (source.clips, source.validation)] == [2, 1]
    assert not {row.uid for row in source.clips.rows} & {row.uid for row in source.validation.rows}
    train(held)
    board = EventAccumulator(str(tmp_path / "stage-1" / "tensorboard"))
    board.Reload()
    (error,) = board.Scalars("validation_action")
    assert 0 < error.value < 100
    with pytest.raises(UsageError, match="holds back as many episodes as there are"):
        open_source(Path(held.dataset), replace(held.data, validation=3))
