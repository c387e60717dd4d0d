"""Keys and values of tokens already processed, so that sampling computes only the tokens that change.

A cache is immutable: every operation returns a new one, and several rollouts can continue from the same cache.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .attention import Tags


@dataclass(frozen=True, eq=False)
class Cache:
    """Per layer keys (after RoPE) and values (B, H, S, K), and the tags of the S tokens."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    tags: Tags

    def __len__(self) -> int:
        """Tokens."""
        return len(self.tags.now)

    def append(self, new: "Cache") -> "Cache":
        """Append the new entries."""
        return Cache(
            keys=tuple(torch.cat(pair, dim=2) for pair in zip(self.keys, new.keys, strict=True)),
            values=tuple(torch.cat(pair, dim=2) for pair in zip(self.values, new.values, strict=True)),
            tags=Tags.join([self.tags, new.tags]),
        )
