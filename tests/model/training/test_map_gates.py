"""How far a VAE moves value maps, on maps whose places are known, and what the errors of actions depend on."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[3] / "benchmarks" / "long"))
import map_gates

from ..inference.test_policy import policy


def spot(row: float, column: float) -> np.ndarray:
    """A Gaussian of 3 px on a view of 48 x 64, as uint8."""
    rows, columns = np.indices((48, 64))
    return np.round(255 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18)).astype(np.uint8)


def test_the_shift_of_a_map_is_the_distance_between_its_spots_to_a_fraction_of_a_pixel():
    before = np.stack([spot(20, 30), spot(20, 30), spot(15.5, 40.25)])
    after = np.stack([spot(20, 30), spot(23, 34), spot(15.5, 39.75)])
    np.testing.assert_allclose(map_gates.shifts(before, after), [0, 5, 0.5], atol=0.2)


def test_a_fainter_map_has_not_moved_and_a_black_one_is_lost():
    before = np.stack([spot(20, 30), spot(20, 30)])
    after = np.stack([spot(20, 30) // 3, np.zeros_like(spot(0, 0))])
    np.testing.assert_allclose(map_gates.shifts(before, after), [0, 80], atol=0.1)


def test_the_shift_of_a_vae_is_the_median_over_maps_with_a_peak(monkeypatch):
    faint = spot(20, 30) // 8
    before = np.stack([spot(20, 30)] * 3 + [faint] * 4)
    after = np.stack([spot(20, 30), spot(20, 32), spot(20, 40)] + [np.zeros_like(faint)] * 4)
    monkeypatch.setattr(map_gates, "_maps", lambda run, data: (before, after))
    assert abs(map_gates.shift(Path(), Path()) - 2) < 0.1


@pytest.mark.parametrize(("visibility", "distinct"), [("uncond", 1), ("bottleneck_only", 4)])
def test_only_actions_that_see_the_maps_err_differently_with_true_shuffled_black_and_imagined_ones(
    dataset, monkeypatch, visibility, distinct
):
    monkeypatch.setattr(map_gates.Policy, "load", lambda path: policy(visibility=visibility))
    for name, value in (("BATCHES", 1), ("BATCH", 2)):
        monkeypatch.setattr(map_gates, name, value)
    found = map_gates.errors(Path("a checkpoint"), dataset)
    assert set(found) == {"true", "shuffled", "black", "imagined"}
    assert len(set(found.values())) == distinct
