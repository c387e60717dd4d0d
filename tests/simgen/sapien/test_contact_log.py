import numpy as np
import pytest

pytestmark = pytest.mark.sapien


def test_contacts_are_ordered_as_by_sorting_all_columns():
    from aimdata.simgen.sapien.contact_log import _order

    rng = np.random.default_rng(0)
    steps, links = rng.integers(0, 20, 400).astype(float), rng.integers(0, 3, (400, 2)).astype(float)
    values = rng.integers(0, 3, (400, 10)).astype(np.float32)  # few values, so that many rows tie
    found = _order(steps, links, values)
    expected = np.lexsort((*values.T, links[:, 1], links[:, 0], steps))
    table = np.column_stack([steps, links, values])
    assert np.array_equal(table[found], table[expected])
