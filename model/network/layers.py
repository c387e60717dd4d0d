"""The steps of a Wan layer: modulation, projections, attention output, cross-attention, feed-forward, head.

Order and rounding follow diffusers' WanTransformerBlock, whose submodules these functions call.

Dimensions: B batch, N tokens, D width, H heads, K head dimension (D = H K).
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

KeyValue = tuple[Tensor, Tensor]
"""Keys and values (B, H, N, K)."""


@dataclass(frozen=True, eq=False)
class Modulation:
    """AdaLN shifts, scales and gates per noise level, (B, levels, ·), with the level of each token."""

    values: tuple[Tensor, ...]
    levels: Tensor

    @staticmethod
    def of(table: Tensor, projected: Tensor, levels: Tensor) -> "Modulation":
        """`table` (1, 6, ·) of a block plus the projected time embedding (B, levels, 6, ·)."""
        return Modulation((table.unsqueeze(0) + projected.float()).unbind(2), levels)

    def __getitem__(self, index: int) -> Tensor:
        return self.values[index].index_select(1, self.levels)


class ValueBlock(nn.Module):
    """Copies of the submodules of a Wan block that value tokens do not share: the projections, or all if `full`."""

    def __init__(self, block: Any, *, full: bool) -> None:
        super().__init__()
        for name in ("to_q", "to_k", "to_v", "norm_q", "norm_k", *(("to_out",) if full else ())):
            self.add_module(name, copy.deepcopy(getattr(block.attn1, name)))
        if full:
            self.ffn = copy.deepcopy(block.ffn)


def modulate(norm: nn.Module, hidden: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Normalise, scale and shift."""
    return (norm(hidden.float()) * (1 + scale) + shift).type_as(hidden)


def project_qkv(attention: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values (B, N, D); queries and keys are normalised over all heads."""
    return attention.norm_q(attention.to_q(x)), attention.norm_k(attention.to_k(x)), attention.to_v(x)


def by_head(x: Tensor, heads: int) -> Tensor:
    """(B, N, D) to (B, H, N, K)."""
    return rearrange(x, "b n (h k) -> b h n k", h=heads)


def finish_block(
    block: Any, full: Any, x: Tensor, attended: Tensor, mod: Modulation, read: KeyValue, reads_text: Tensor, split: int
) -> Tensor:
    """The rest of a block after self-attention, on x (B, N, D): output projection, cross-attention, feed-forward.

    Tokens from `split` on use the output projection and feed-forward of `full`, unless it is None.
    """
    x = (x.float() + _either(_output, block.attn1, full, attended, split) * mod[2]).type_as(x)
    x = x + _read_text(block, x, read) * reads_text
    hidden = modulate(block.norm3, x, mod[3], mod[4])
    return (x.float() + _either(_feed_forward, block, full, hidden, split).float() * mod[5]).type_as(x)


def modulate_head(stream: Any, hidden: Tensor, embedded: Tensor) -> Tensor:
    """A stream's final norm, modulated by each token's time embedding (B, n, ·)."""
    shift, scale = (stream.scale_shift_table + embedded[:, :, None]).unbind(2)
    return modulate(stream.norm_out, hidden, shift, scale)


def _read_text(block: Any, x: Tensor, read: KeyValue) -> Tensor:
    attention = block.attn2
    q = by_head(attention.norm_q(attention.to_q(block.norm2(x.float()).type_as(x))), read[0].shape[1])
    found = F.scaled_dot_product_attention(q.type_as(read[1]), read[0].type_as(read[1]), read[1])
    return _output(attention, rearrange(found, "b h n k -> b n (h k)"))


def _output(attention: Any, x: Tensor) -> Tensor:
    for module in attention.to_out:
        x = module(x)
    return x


def _feed_forward(block: Any, x: Tensor) -> Tensor:
    return block.ffn.forward(x)  # a call would run the hooks of FSDP, which ends a graph of torch.compile


def _either(apply: Callable[[Any, Tensor], Tensor], shared: Any, own: Any, x: Tensor, split: int) -> Tensor:
    """`apply` with the shared modules; for tokens from `split` on with their own modules, if there are any."""
    if own is None:
        return apply(shared, x)
    return torch.cat([apply(shared, x[:, :split]), apply(own, x[:, split:])], dim=1)
