"""A policy sees as much of the past as the last chunk of a training sample, however long its episode lasts."""

import pytest
import torch
from aimdata.model.data_config import DataConfig
from aimdata.model.inference.context import Context
from aimdata.model.network.chunk import Past

LATENTS, ACTIONS, STATES = torch.randn(1, 4, 21, 2, 2), torch.randn(1, 320, 14), torch.randn(1, 21, 14)


def seen(context: Context, paces: list[int]) -> Past:
    """After so many latent frames at each call, the first included."""
    past, end = None, 0
    for pace in paces:
        start, end = end, end + pace
        done = ACTIONS[:, 16 * max(start - 1, 0) : 16 * (end - 1)]
        past = context.extended(past, LATENTS[:, :, start:end], done, STATES[:, end - 1])
    return context.shown(past)


@pytest.mark.parametrize("paces", [[3, 2, 2, 2, 2, 2, 2, 2, 2], [3, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 2, 2], [19]])
@pytest.mark.parametrize(("history", "chunks"), [(1, 1), (1, 4), (0, 1), (0, 3), (2, 2)])
def test_the_past_is_that_of_the_last_chunk_of_a_sample(history, chunks, paces):
    data = DataConfig(history_chunks=history, chunks=chunks)
    past, now, frames = seen(Context.of(data), paces), 18, 2 * (history + chunks - 1) + 1
    assert torch.equal(past.observations, LATENTS[:, :, now + 1 - frames : now + 1])
    assert torch.equal(past.actions, ACTIONS[:, 16 * (now + 1 - frames) : 16 * now])
    first = now + 1 - frames
    known = [at for at in torch.tensor(paces).cumsum(0).sub(1).tolist() if at - first in range(2 * history, frames, 2)]
    assert past.state_at == tuple(at - first for at in known)
    assert torch.equal(past.state, STATES[:, known])
    assert past.start == 0


def test_at_the_beginning_it_is_all_that_was_observed():
    past = seen(Context.of(DataConfig(history_chunks=1, chunks=4)), [3, 2])
    assert torch.equal(past.observations, LATENTS[:, :, :5])
    assert torch.equal(past.actions, ACTIONS[:, : 16 * 4])
    assert past.state_at == (2, 4)
