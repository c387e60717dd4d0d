"""The pool of training seeds: which seeds it holds, and that its search resumes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from aimdata.errors import AimdataError
from aimdata.model.config import GrpoTraining
from aimdata.model.grpo.episode import EpisodeRequest
from aimdata.model.grpo.pool import POOL, training_pool
from aimdata.model.grpo.seeds import requests

SECTION = GrpoTraining(pool=2, group=4, groups=3, pool_success=(0.5, 0.8))
STARTS = (("click_bell", "easy"),)


class Episodes:
    """Seed 10,000 + n is solved by n of a group. Ctrl-C arrives after `most` groups."""

    def __init__(self, most: int = 10**6) -> None:
        self.seeds, self.most = list[int](), most

    def __call__(self, asked: Sequence[EpisodeRequest]) -> list[SimpleNamespace]:
        if len(self.seeds) == self.most:
            raise KeyboardInterrupt
        self.seeds.append(asked[0].seed)
        return [SimpleNamespace(success=one.member < one.seed - 10_000) for one in asked]


@pytest.fixture
def weights(tmp_path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"a policy")
    return path


def test_it_holds_the_first_seeds_that_are_solved_sometimes_and_is_kept(tmp_path, weights):
    run, seen = Episodes(), []
    for _ in range(2):
        pool = training_pool(SECTION, 0, STARTS, tmp_path, run, weights, lambda *counts: seen.append(counts))
        assert pool == [[10_002, 10_003]]
    assert run.seeds == [10_000, 10_001, 10_002, 10_003]
    assert seen == 2 * [(0, 2), (0, 2), (1, 2), (2, 2)]
    asked = requests(SECTION, 0, STARTS, pool, 1, weights)
    assert [one.seed for one in asked[:: SECTION.group]] == [10_003, 10_002, 10_003]


def test_each_task_and_setting_has_seeds_of_its_own(tmp_path, weights):
    starts, seen = (*STARTS, ("click_bell", "hard")), []
    pool = training_pool(SECTION, 0, starts, tmp_path, Episodes(), weights, lambda *counts: seen.append(counts))
    assert pool == 2 * [[10_002, 10_003]]
    assert seen[-1] == (4, 4)


@pytest.mark.parametrize("most", range(4))
def test_an_interrupted_search_goes_on_after_the_last_seed_tried(tmp_path, weights, most):
    with pytest.raises(KeyboardInterrupt):
        training_pool(SECTION, 0, STARTS, tmp_path, Episodes(most), weights)
    rest = Episodes()
    assert training_pool(SECTION, 0, STARTS, tmp_path, rest, weights) == [[10_002, 10_003]]
    assert rest.seeds == [10_000, 10_001, 10_002, 10_003][most:]


def test_another_policy_or_sampling_is_searched_anew_and_another_choice_is_not(tmp_path, weights):
    training_pool(SECTION, 0, STARTS, tmp_path, Episodes(), weights)
    chosen, limited = Episodes(), Episodes()
    assert training_pool(replace(SECTION, pool_success=(0.2, 0.6)), 0, STARTS, tmp_path, chosen, weights) == [
        [10_001, 10_002]
    ]
    assert chosen.seeds == []
    training_pool(replace(SECTION, limit=7), 0, STARTS, tmp_path, limited, weights)
    assert limited.seeds == [10_000, 10_001, 10_002, 10_003]
    weights.write_bytes(b"another policy")
    other = Episodes()
    training_pool(replace(SECTION, limit=7), 0, STARTS, tmp_path, other, weights)
    assert other.seeds == [10_000, 10_001, 10_002, 10_003]


def test_too_few_such_seeds_end_it_with_what_to_change(tmp_path, weights):
    with pytest.raises(AimdataError, match="Only 0 of 16 seeds of click_bell"):
        training_pool(SECTION, 0, STARTS, tmp_path, lambda asked: [None] * len(asked), weights)


@pytest.mark.parametrize("text", ["", "[[1, 2]]", '{"of": "a", "rates": {"click_bell/easy": {"x": 1}}}'])
def test_a_damaged_file_is_named(tmp_path, weights, text):
    (tmp_path / POOL).write_text(text)
    with pytest.raises(AimdataError, match=r"pool.json is not a valid PoolSearch document.* Remove the file"):
        training_pool(SECTION, 0, STARTS, tmp_path, Episodes(), weights)
