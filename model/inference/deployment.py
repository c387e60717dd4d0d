"""Preparing a trained model to act fast: matrices in bfloat16, and layers compiled for few shapes."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import nn

from ...errors import UsageError
from ..network.aim import Aim
from ..world_model import WorldModel
from .config import SamplingConfig

SHAPES = 64
"""Shapes that a layer is compiled for before torch.compile gives up: lengths of the past times kinds of passes."""


def deploy(world: WorldModel, config: SamplingConfig) -> WorldModel:
    """The model, changed in place to compute as the configuration says.

    Raises:
        UsageError: bfloat16 on a CPU, where it is much slower than float32.
    """
    device = next(world.parameters()).device
    if config.precision == "bf16":
        if device.type == "cpu":
            raise UsageError("precision=bf16 is slower than fp32 on a CPU; leave it at fp32.")
        halve(world.aim, device.type)
        torch.nn.Module.to(world.text.encoder, torch.bfloat16)  # the encoder's own `to` has no types
    if config.compile:
        compile_layers(world.aim)
    return world


def halve(aim: Aim, device: str, *, actions: bool = True) -> None:
    """Store the layers' matrices in bfloat16 and compute with autocast, as in training with `precision=bf16`.

    Modulation tables, time embeddings, input and output projections and what is sampled stay in float32; without
    `actions` so does the action stream, for training it further.
    """
    kept = set() if actions else set(aim.action.modules())
    for module in (module for parts in layer_matrices(aim) for module in parts if module not in kept):
        module.to(torch.bfloat16)
    for name in ("forward", "extend_cache", "encode_text"):
        setattr(aim, name, torch.autocast(device, torch.bfloat16)(getattr(aim, name)))


def compile_layers(aim: Aim, backend: str | Callable[..., Any] = "inductor") -> None:
    """Compile the layers, once per shape; once the context is full, the shapes are always the same."""
    from torch._dynamo import config as limits

    limits.recompile_limit = max(limits.recompile_limit, SHAPES)
    aim.layer = cast(Any, torch.compile(aim.layer, dynamic=False, backend=backend))


def layer_matrices(aim: Aim) -> Iterator[list[nn.Module]]:
    """The modules of each layer that hold matrices; its norms and modulation tables are left out."""
    blocks: Any = aim.wan.blocks
    values = list(aim.value_blocks) if aim.value_blocks is not None else [None] * len(blocks)
    for block, value, own in zip(blocks, values, aim.action.blocks, strict=True):
        action: Any = own
        parts = [block.attn1, block.attn2, block.ffn, action.attention, action.ffn]
        yield parts if value is None else [*parts, value]
