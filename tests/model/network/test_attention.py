"""The visibility table, the mask made from it, and what can reach what."""

import pytest
import torch
from aimdata.errors import UsageError
from aimdata.model.network.attention import (
    BUCKET,
    GROUPS,
    PRESETS,
    TEXT,
    Group,
    Tags,
    ancestors,
    attend,
    attention_pattern,
    block_mask,
    runs,
    sees_text,
    visibility,
    visible,
)

COLUMNS = (*GROUPS, TEXT)
V = "000000100"
# Rows and columns: ho ha co x m n v a, then text.
MATRICES = {
    "aim": ["110000001", "110000000", "111000001", "111100001", "101111001", "101111001", V, "011011010"],
    "paper_strict": ["100000000", "010000000", "001000000", "111100001", "101111000", "101111000", V, "011011010"],
    "typical_wam": ["110000001", "110000000", "111000001", "111100001", "101111001", "101111001", V, "011111010"],
    "uncond": ["110000001", "110000000", "111000001", "111100001", "101111001", "101111001", V, "011000010"],
    "map_only": ["110000001", "010000000", "111000001", "111100001", "101111001", "101111001", V, "010011010"],
    "bottleneck": ["110000001", "110000000", "111000001", "111100001", "101111001", "101111001", V, "011000110"],
    "bottleneck_only": ["110000001", "010000000", "111000001", "111100001", "101111001", "101111001", V, "010000110"],
    "xwam": ["110000001", "110000000", "111000001", "111100011", "101111001", "101111001", V, "111100010"],
    "value_only": ["110000001", "110000000", "111000001", "111100001", "101011001", "101011001", V, "011011010"],
}


def test_every_preset_has_a_documented_matrix():
    assert set(MATRICES) == set(PRESETS)


@pytest.mark.parametrize("name", MATRICES)
def test_the_table_is_the_documented_matrix(name):
    table = visibility(name)
    assert ["".join("1" if key in table[query] else "0" for key in COLUMNS) for query in GROUPS] == MATRICES[name]


@pytest.mark.parametrize("name", PRESETS)
def test_no_history_or_current_token_ever_sees_the_future(name):
    past, future = {"ho", "ha", "co"}, {"x", "m", "n", "v", "a"}
    for group in past:
        assert not ancestors(visibility(name), group) & future


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"xwam"}))
def test_no_imagined_token_depends_on_actions_so_sampling_may_be_staged(name):
    for group in ("x", "m", "n", "v"):
        assert "a" not in ancestors(visibility(name), group)


def test_without_value_tokens_future_rgb_cannot_reach_the_actions():
    table, value = visibility("aim"), frozenset({"m", "n"})
    assert ancestors(table, "a") >= {"x", "m"}
    assert ancestors(table, "a", without=value) == {"a", "co", "ha", "ho", "text"}


def test_map_only_lets_no_frame_reach_the_actions_but_through_the_value_tokens():
    assert ancestors(visibility("map_only"), "a", without=frozenset({"m", "n"})) == {"a", "ha"}


def test_a_bottleneck_lets_the_future_reach_the_actions_through_the_value_maps_themselves():
    assert ancestors(visibility("bottleneck"), "a", without=frozenset({"v"})) == {"a", "co", "ha", "ho", "text"}
    assert ancestors(visibility("bottleneck_only"), "a") == {"a", "ha", "v"}


def test_a_current_observation_that_saw_future_rgb_would_leak_it():
    leaky = {**visibility("aim"), "co": visibility("aim")["co"] | {"x"}}
    assert "x" in ancestors(leaky, "a", without=frozenset({"m", "n"}))


def test_to_the_letter_the_actions_get_history_observations_only_through_the_value_map():
    assert "ho" not in ancestors(visibility("paper_strict"), "a", without=frozenset({"m", "n"}))


def test_the_mask_is_the_table_per_token_and_causal_within_history():
    groups = torch.tensor([Group.CO, Group.CO, Group.HA, Group.CO, Group.X, Group.A])
    tags = Tags(groups, torch.tensor([0.0, 1.0, 0.5, 2.0, 2.0, 2.0]))
    assert visible(visibility("aim"), tags, tags).int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 0, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 0],
        [0, 0, 1, 1, 0, 1],
    ]
    assert sees_text(visibility("aim"), groups).int().tolist() == [1, 1, 0, 1, 1, 0]


def test_an_observation_is_current_to_its_own_chunk_history_to_later_ones_and_hidden_from_earlier_ones():
    observation = Tags(torch.tensor([Group.CO]), torch.tensor([2.0]))
    actions = Tags(torch.full((3,), int(Group.A)), torch.tensor([0.0, 2.0, 4.0]))
    assert visible(visibility("aim"), actions, observation)[:, 0].tolist() == [False, True, False]
    rgb = Tags(torch.full((3,), int(Group.X)), actions.now)
    assert visible(visibility("aim"), rgb, observation)[:, 0].tolist() == [False, True, True]


def test_chunks_of_the_future_do_not_see_each_other_and_the_window_ends_what_is_seen():
    rgb = Tags(torch.full((2,), int(Group.X)), torch.tensor([2.0, 4.0]))
    assert visible(visibility("aim"), rgb, rgb).tolist() == [[True, False], [False, True]]
    past = Tags(torch.tensor([Group.CO, Group.HA, Group.CO]), torch.tensor([1.0, 1.5, 2.0]))
    assert visible(visibility("aim"), rgb, past, window=2.0)[1].tolist() == [False, False, False]
    assert visible(visibility("aim"), rgb, past, window=2.6)[1].tolist() == [False, True, True]


def two_chunks() -> Tags:
    """Three observed frames of two tokens with actions between, a state, and two chunks of everything imagined."""
    parts = [(Group.CO, t, 2) for t in (0.0, 1.0, 2.0)]
    parts += [(group, now, 3) for now in (0.0, 2.0) for group in (Group.X, Group.M, Group.N, Group.V)]
    parts += [(Group.HA, t, 1) for t in (0.25, 0.5, 1.25, 1.5, 2.0)]
    parts += [(Group.A, now, 4) for now in (0.0, 2.0)]
    groups, now = (torch.tensor([part[i] for part in parts for _ in range(part[2])]) for i in (0, 1))
    return Tags(groups, now.double())


@pytest.mark.parametrize("window", [float("inf"), 2.0])
@pytest.mark.parametrize("how", ["staged", "flex"])
@pytest.mark.parametrize("name", PRESETS)
def test_attention_of_every_kind_is_attention_under_the_dense_mask(name, how, window):
    generator, tags, cpu = torch.Generator().manual_seed(0), two_chunks(), torch.device("cpu")
    queries = tags[torch.arange(6, len(tags.now))]
    k, v = torch.randn(2, 2, 2, len(tags.now), 4, generator=generator, dtype=torch.float64)
    q = torch.randn(2, 2, len(queries.now), 4, generator=generator, dtype=torch.float64)
    found, wanted = (
        attend(q, k, v, attention_pattern(kind, visibility(name), queries, tags, window, cpu)) for kind in (how, "sdpa")
    )
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-14)


def test_runs_have_no_mask_but_among_actions_of_the_past_and_hold_no_key_that_nobody_sees():
    tags = two_chunks()
    cut = runs(visibility("aim"), tags, tags, float("inf"), torch.device("cpu"))
    seen = visible(visibility("aim"), tags, tags)
    start = 0
    for run in cut:
        rows = seen[start : start + run.count]
        assert (run.mask is None) == bool((rows == rows[0]).all())
        assert run.mask is None or bool((tags.groups[start : start + run.count] == Group.HA).all())
        assert torch.equal(run.index, rows.any(0).nonzero()[:, 0])
        start += run.count
    assert start == len(tags.now)
    assert sum(run.count * len(run.index) for run in cut) < 0.4 * len(tags.now) ** 2


@pytest.mark.parametrize("backend", ["sdpa", "staged", "flex"])
def test_a_pattern_is_made_once_for_each_arrangement(backend):
    tags, cpu = two_chunks(), torch.device("cpu")
    again = Tags(tags.groups.clone(), tags.now.clone())
    found = attention_pattern(backend, visibility("aim"), tags, tags, 9.0, cpu)
    assert attention_pattern(backend, visibility("aim"), again, tags, 9.0, cpu) is found
    later = Tags(tags.groups, tags.now + 1)
    others = [("aim", later, 9.0), ("uncond", tags, 9.0), ("aim", tags, 1.0)]
    for name, queries, window in others:
        assert attention_pattern(backend, visibility(name), queries, tags, window, cpu) is not found


def test_blocks_are_padded_to_whole_ones_and_padding_changes_nothing():
    tags, table, cpu = two_chunks(), visibility("aim"), torch.device("cpu")
    mask = block_mask(table, tags, tags, float("inf"), cpu)
    assert mask.seq_lengths == (BUCKET, BUCKET)
    many = Tags(tags.groups.repeat(8), (tags.now + 4 * torch.arange(8)[:, None]).flatten())
    assert block_mask(table, many, many, float("inf"), cpu).seq_lengths == (3 * BUCKET, 3 * BUCKET)
    assert block_mask(table, many, many, 1.0, cpu).sparsity() > block_mask(table, many, many, 99.0, cpu).sparsity()


@pytest.mark.parametrize("name", PRESETS)
def test_history_sees_what_it_saw_when_it_was_current(name):
    table = visibility(name)
    assert table["ho"] - {"ho"} == table["co"] - {"ho", "co"}
    assert "co" in table["co"]


def test_an_unknown_preset_is_answered_with_near_names():
    with pytest.raises(UsageError, match="typical_wam"):
        visibility("typical_vam")
