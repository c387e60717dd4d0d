r"""A dataset and a checkpoint written by commit 7640ae0 (November 2026) open and give the numbers they gave then.

The files under tests/fixtures/ were made in a checkout of that commit, zipped without .lock files. The dataset:

    aimdata generate --tasks click_bell --no-render && aimdata annotate --points-only

The checkpoint, on one rendered and annotated episode of click_bell, `--stage vae` and then stage 1 of one step each:

    aimdata train \
        --set backbone.transformer.heads=1 --set backbone.transformer.head_dim=12 --set backbone.transformer.layers=1 \
        --set backbone.transformer.ffn_dim=16 --set backbone.transformer.freq_dim=8 --set backbone.vae.base_dim=2 \
        --set backbone.vae.z_dim=4 --set backbone.text.layers=1 --set backbone.text.width=8 \
        --set aim.action_width=12 --set aim.action_ffn_dim=16 --set stage_vae.steps=1 --set stage_vae.batch=1 \
        --set stage_1.steps=1 --set stage_1.batch=1

The expected numbers were printed by that commit.
"""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from aimdata import Dataset, Observations
from aimdata.dataset.info import describe
from aimdata.dataset.reader import value_map

FIXTURES = Path(__file__).parent / "fixtures"
CONTENT_HASH = "c84469830671ee4e88a673acc9682e1ca56ad67b0410ad467a07e124c0298ad5"
FIRST_ACTION = (-0.1622, 0.8581, 1.368, -0.197, 0.0135, 0.1199, 0.354, 0.0042, 0.0055, 0.0006, 0.0087, -0.0012)


def unpacked(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(FIXTURES / name) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def dataset(tmp_path) -> Path:
    return unpacked("click_bell_dataset.zip", tmp_path / "aim-data")


def test_the_dataset_is_described_as_it_was(dataset):
    found = describe(dataset)
    assert (found.episodes, found.frames, found.content_hash) == (1, 68, CONTENT_HASH)


def test_its_value_map_is_drawn_as_it_was(dataset):
    data = Dataset.open(dataset)
    (drawn,) = value_map(data, data.episodes[0].uid, "next", [10])
    assert np.unravel_index(drawn.argmax(), drawn.shape) == (176, 54)
    # The sum was 120350 before Gaussians were looked up by squared distance: seven pixels were rounded up, not down.
    assert (drawn.max(), np.count_nonzero(drawn), drawn.sum(dtype=int)) == (255, 2349, 120343)


def test_it_passes_validation_and_can_be_annotated_again(dataset, run):
    code, _, err = run("validate", "-d", dataset)
    assert code == 0, err
    code, _, err = run("annotate", "--radius", "0.02", "-d", dataset)
    assert code == 0, err
    assert describe(dataset).content_hash == CONTENT_HASH


def test_the_checkpoint_acts_as_it_did_given_the_noise_of_that_time(tmp_path, monkeypatch):
    """Noise was a function of the seed and the number of the chunk alone, the same in every scene."""
    from aimdata.model.inference.policy import Policy

    monkeypatch.setattr(Policy, "begin", lambda self, seen: seen.noise(32, self.noise(self.sampling.seed)))
    policy = Policy.load(unpacked("tiny_checkpoint.zip", tmp_path))
    policy.reset("Click the bell.")
    black = Observations(np.zeros((1, 384, 320, 3), np.uint8), np.zeros((1, 14), np.float32))
    actions = policy.act(black, executed=np.zeros((0, 14), np.float32))
    assert actions.shape == (32, 14)
    np.testing.assert_allclose(actions[0, :12], FIRST_ACTION, atol=1e-3)
