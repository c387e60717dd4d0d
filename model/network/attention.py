"""Intent-causal visibility as one table, and three attention backends that implement it.

sdpa: one dense mask. staged: queries with the same visible keys attend to exactly those keys, with a mask only among
past actions; used in rollouts, and for long samples on a CPU. flex: FlexAttention, which skips blocks without any
visible pair; for long samples on a GPU.

Groups of tokens: `ho` history observations, `ha` history actions, `co` the current observation (all three
clean); `x` future RGB, `m` future value maps, `n` the learned value-noise token, `v` a copy of the future value maps
that sees only itself, present where a table shows it to something; `a` future actions. The key `text` stands for the
instruction, reached by cross-attention, and never by `ha` and `a`.

In every table history and current tokens see no future token, so the action stream of `aim` reaches future RGB only
through m. (If co saw x, then a would see x through co one layer later.) An observation keeps the row it had
when it was current: ho sees what co saw. Its keys and values therefore never change and can be cached.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache, lru_cache
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from ...errors import unknown
from .config import AttentionBackend

Visibility = Mapping[str, frozenset[str]]

BUCKET = 128
"""FlexAttention pads queries and keys to a multiple of this, its block, so that few lengths have to be compiled."""


class Group(IntEnum):
    """Token group ids. Observations are tagged CO, and count as HO for later queries."""

    HO = 0
    HA = 1
    CO = 2
    X = 3
    M = 4
    N = 5
    V = 6
    A = 7


TEXT = "text"
GROUPS = tuple(group.name.lower() for group in Group)


def _table(base: Visibility | None = None, **rows: str) -> Visibility:
    """Rows query → visible keys, overriding those of `base`; the row of ho is derived from that of co."""
    table = {**(base or {}), **{query: frozenset(keys.split()) for query, keys in rows.items()}}
    return MappingProxyType(
        {"ho": table["co"] - {"co"} | {"ho"}, **{q: keys for q, keys in table.items() if q != "ho"}}
    )


_AIM = _table(
    co="ho ha co text",
    ha="ho ha",
    x="ho ha co x text",
    m="ho co x m n text",
    n="ho co x m n text",
    v="v",
    a="ha co m n a",
)

PRESETS: Mapping[str, Visibility] = MappingProxyType(
    {
        # Eq. (10) of arXiv:2604.11135, completed by rows for the prefix and n, which the paper does not specify.
        "aim": _AIM,
        # Eq. (10) literally: prefix groups do not mix (a frame sees only itself), and only V_x includes the text.
        "paper_strict": _table(_AIM, co="co", ha="ha", m="ho co x m n", n="ho co x m n"),
        # The usual world-action model: actions read future RGB as well.
        "typical_wam": _table(_AIM, a="ha co x m n a"),
        # Actions see no imagined future.
        "uncond": _table(_AIM, a="ha co a"),
        # Actions see no frame, only the value tokens and earlier actions, to measure what these convey.
        "map_only": _table(_AIM, ha="ha", a="ha m n a"),
        # Actions see the value maps alone, not what m took from frames: with the current frame, and without any.
        "bottleneck": _table(_AIM, a="ha co v a"),
        "bottleneck_only": _table(_AIM, ha="ha", a="ha v a"),
        # Value maps do not see imagined RGB, to measure what RGB contributes.
        "value_only": _table(_AIM, m="ho co m n text", n="ho co m n text"),
        # arXiv:2604.26694: RGB and actions see each other; value maps are seen by neither.
        "xwam": _table(_AIM, x="ho ha co x a text", a="ho ha co x a"),
    }
)


def visibility(name: str) -> Visibility:
    """The preset of that name; UsageError with near names if there is none."""
    if name not in PRESETS:
        raise unknown("visibility preset", name, PRESETS)
    return PRESETS[name]


def copied(table: Visibility) -> bool:
    """Whether something sees the copy `v` of the value maps."""
    return any("v" in keys for query, keys in table.items() if query != "v")


def ancestors(table: Visibility, group: str, without: frozenset[str] = frozenset()) -> frozenset[str]:
    """Every group whose content can reach `group` through any number of layers, not passing through `without`."""
    reached: set[str] = set()
    frontier = {group}
    while frontier:
        reached |= frontier
        frontier = {key for query in frontier for key in table.get(query, ())} - reached - without
    return frozenset(reached)


@dataclass(frozen=True, eq=False)
class Tags:
    """What decides a token's visibility, on the CPU: groups (N,) and now (N,), its current latent frame.

    `now` of an observation or a past action is its own time; of imagined tokens, the frame they follow. Keys with a
    later time are invisible.
    """

    groups: Tensor
    now: Tensor

    def __getitem__(self, keep: Tensor) -> "Tags":
        return Tags(self.groups[keep], self.now[keep])

    @staticmethod
    def join(parts: "list[Tags]") -> "Tags":
        """Concatenate."""
        return Tags(torch.cat([part.groups for part in parts]), torch.cat([part.now for part in parts]))


def visible(table: Visibility, queries: Tags, keys: Tags, window: float = float("inf")) -> Tensor:
    """The table's boolean mask (Q, K), true where the key is visible.

    Clean keys are visible at their own time and for `window` latent frames; an observation counts as co at its own
    time and as ho afterwards. Imagined keys are visible only within their own chunk.
    """
    allowed = torch.tensor([[key in table[query] for key in GROUPS] for query in GROUPS])[queries.groups]
    groups, age = keys.groups[None], queries.now[:, None] - keys.now[None]
    columns = torch.where((groups == Group.CO) & (age > 0), int(Group.HO), groups)
    in_time = torch.where(groups <= Group.CO, (age >= 0) & (age < window), age == 0)
    return allowed.gather(-1, columns) & in_time


def sees_text(table: Visibility, groups: Tensor) -> Tensor:
    """(N,) true for the tokens that attend to the instruction."""
    return torch.tensor([TEXT in table[query] for query in GROUPS])[groups]


@dataclass(frozen=True, eq=False)
class QueryRun:
    """`count` consecutive queries and the keys at least one of them sees: those of `index`, or all if it is None.

    `mask` (count, K) is given where these queries do not all see the same keys.
    """

    count: int
    index: Tensor | None
    mask: Tensor | None


AttentionPattern = Tensor | list[QueryRun] | BlockMask


def attention_pattern(
    backend: AttentionBackend, table: Visibility, queries: Tags, keys: Tags, window: float, device: torch.device
) -> AttentionPattern:
    """The argument of `attend`, shared by all layers, and made once for each arrangement of tokens."""
    content = tuple((x.shape, x.numpy().tobytes()) for tags in (queries, keys) for x in (tags.groups, tags.now))
    return _pattern(_Arrangement(backend, tuple(table.items()), content, window, device, queries, keys))


@dataclass(frozen=True)
class _Arrangement:
    """All that a pattern depends on; tags are compared by their `content`."""

    backend: AttentionBackend
    table: tuple
    content: tuple
    window: float
    device: torch.device
    queries: Tags = field(compare=False)
    keys: Tags = field(compare=False)


@lru_cache(maxsize=16)
def _pattern(asked: _Arrangement) -> AttentionPattern:
    given = dict(asked.table), asked.queries, asked.keys, asked.window
    if asked.backend == "staged":
        return runs(*given, asked.device)
    if asked.backend == "flex":
        return block_mask(*given, asked.device)
    return visible(*given).to(asked.device)


def runs(table: Visibility, queries: Tags, keys: Tags, window: float, device: torch.device) -> list[QueryRun]:
    """Split the queries where their visible keys change; past actions are split at frame boundaries."""
    rows = [table[group] for group in GROUPS]
    alike = torch.tensor([rows.index(row) for row in rows])[queries.groups]
    _, counts = torch.unique_consecutive(torch.stack([alike.double(), queries.now.floor()]), dim=1, return_counts=True)
    found = []
    for groups, now in zip(*(part.split(counts.tolist()) for part in (queries.groups, queries.now)), strict=True):
        own = Tags(groups, now) if bool((now != now[0]).any()) else Tags(groups[:1], now[:1])
        seen = visible(table, own, keys, window)
        some = seen.any(0)
        mask = seen[:, some]
        found.append(
            QueryRun(
                count=len(groups),
                index=None if bool(some.all()) else some.nonzero()[:, 0].to(device),
                mask=None if bool(mask.all()) else mask.to(device),
            )
        )
    return found


def block_mask(table: Visibility, queries: Tags, keys: Tags, window: float, device: torch.device) -> BlockMask:
    """The table as a FlexAttention block mask over padded lengths.

    Tokens of one group and time share an integer tag; padding sees only padding.
    """
    (of_query, asks), (of_key, answers) = (_kinds(tags) for tags in (queries, keys))
    seen = F.pad(visible(table, asks, answers, window), (0, 1, 0, 1))
    seen[-1, -1] = True
    seen, of_query, of_key = (tensor.to(device) for tensor in (seen, of_query, of_key))

    def mask(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return seen[of_query[query], of_key[key]]

    return create_block_mask(mask, None, None, len(of_query), len(of_key), device=str(device), BLOCK_SIZE=BUCKET)


def _kinds(tags: Tags) -> tuple[Tensor, Tags]:
    """The index of each token's tag among the distinct tags, padded to a multiple of BUCKET by an extra index."""
    distinct, kind = torch.unique(torch.stack([tags.groups.double(), tags.now]), dim=1, return_inverse=True)
    padded = F.pad(kind, (0, -len(kind) % BUCKET), value=distinct.shape[1])
    return padded, Tags(distinct[0].long(), distinct[1])


def attend(q: Tensor, k: Tensor, v: Tensor, pattern: AttentionPattern) -> Tensor:
    """Attention of q (B, H, Q, K) to k and v (B, H, S, K) under a mask (Q, S), query runs, or a block mask."""
    if isinstance(pattern, Tensor):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=pattern)
    if isinstance(pattern, BlockMask):
        lengths = (pattern.seq_lengths[0], *[pattern.seq_lengths[1]] * 2)
        padded = (F.pad(x, (0, 0, 0, length - x.shape[2])) for x, length in zip((q, k, v), lengths, strict=True))
        return _flex(q.is_cuda)(*padded, block_mask=pattern)[:, :, : q.shape[2]]
    done = []
    for part, run in zip(q.split([run.count for run in pattern], dim=2), pattern, strict=True):
        own = (k, v) if run.index is None else (k[:, :, run.index], v[:, :, run.index])
        done.append(F.scaled_dot_product_attention(part, *own, attn_mask=run.mask))
    return torch.cat(done, dim=2)


@cache
def _flex(compiled: bool) -> Callable[..., Tensor]:
    return torch.compile(flex_attention, dynamic=False) if compiled else flex_attention
