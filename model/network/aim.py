"""AIM: a stock Wan transformer for RGB and value maps, and a narrower action stream that shares its attention.

The submodules of WanTransformer3DModel are called one by one, because its own forward accepts neither a mask nor
positions; its state-dict keys stay those of the stock checkpoint. Layers follow diffusers' WanTransformerBlock.

Dimensions: B batch, N tokens of one stream, S tokens of both, D width of the video stream, W width of the action
stream, H heads, K head dimension (D = H K), C latent channels, F latent frames, h w latent cells, P action
numbers, L text tokens, E text width. Latents are (B, C, F, h, w).
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from .action_stream import ActionStream
from .attention import AttentionPattern, Group, Tags, attend, attention_pattern, copied, sees_text, visibility
from .cache import Cache
from .chunk import Future, Past, Velocities
from .config import TEMPORAL_STRIDE, AimConfig, AttentionBackend
from .depth import DepthBranch, DepthContext
from .instruction import Instruction, Reads, read_keys
from .layers import (
    KeyValue,
    Modulation,
    ValueBlock,
    by_head,
    finish_block,
    modulate,
    modulate_head,
    project_qkv,
)
from .lora import add_lora
from .tokens import TokenSequence, empty, frames, join, rotary, rotate, states, steps

TIME_SCALE = 1000


@dataclass(frozen=True, eq=False)
class Context:
    """What layers and heads need in addition to their input.

    Video tokens from index `split` on are value tokens; `pattern` is passed to `attend`. Time embeddings of each noise
    level: embedded (B, levels, ·) and projected (B, levels, 6, ·).
    """

    keys: Tags
    backend: AttentionBackend
    pattern: AttentionPattern
    cos: Tensor
    sin: Tensor
    reads_text: Tensor
    split: int
    video_embedded: Tensor
    video_times: Tensor
    video_levels: Tensor
    action_embedded: Tensor
    action_times: Tensor
    action_levels: Tensor


class Aim(nn.Module):
    """The world-action transformer. `wan` is a WanTransformer3DModel; all else belongs to AIM.

    `attention` selects the attention backend; it does not change the result.
    """

    def __init__(self, wan: Any, config: AimConfig) -> None:
        super().__init__()
        self.wan, self.config = wan, config
        self.table = visibility(config.visibility)
        self.heads = wan.config.num_attention_heads
        self.patch = wan.config.patch_size[1]
        self.attention: AttentionBackend = "sdpa"
        dim = self.heads * wan.config.attention_head_dim
        self.value_in = copy.deepcopy(wan.patch_embedding)
        self.value_out = copy.deepcopy(wan.proj_out)
        self.value_embedding = nn.Parameter(0.02 * torch.randn(dim))
        self.value_modulation = nn.Parameter(torch.zeros(6, dim))
        self.value_noise = nn.Parameter(0.02 * torch.randn(dim))
        full, shared = config.value_stream == "full", config.value_stream == "shared"
        self.value_blocks = None if shared else nn.ModuleList(ValueBlock(block, full=full) for block in wan.blocks)
        width, ffn_dim = config.action_width, config.action_ffn_dim
        self.depth = DepthBranch(wan, config.depth_blocks) if config.depth_blocks else None
        self.action = ActionStream(
            config.action_dim, width, ffn_dim, wan, state=config.state_token, stream=config.state_stream
        )
        if config.action_start == "video" and not wan.proj_out.weight.is_meta:
            self.action.start_from(wan)
        if config.lora_rank:
            add_lora(wan, config.lora_rank)

    def forward(
        self,
        text: Tensor | Instruction,
        past: Past | None,
        futures: Sequence[Future],
        cache: Cache | None = None,
        *,
        depth: bool = False,
    ) -> list[Velocities]:
        """Velocities of every future. Each sees the cache and the past up to its frame, but no other future.

        Visibility follows `config.visibility`. With a cache and no past, each group attends to exactly the keys it may
        see, without a mask. text is (B, L, E) or the result of `encode_text`. With `depth` the depth branch runs too,
        which changes no other output.
        """
        reads, video, action, context = self._prepare(text, past, futures, cache)
        beside = self._depth_context(video, context) if depth and self.depth is not None else None
        x, y, deep, _ = self._run(reads, video.hidden, action.hidden, context, cache, beside)
        return [self._velocities(future, video, action, x, y, deep, context) for future in futures]

    def extend_cache(
        self,
        text: Tensor | Instruction,
        past: Past | None,
        futures: Sequence[Future] = (),
        cache: Cache | None = None,
    ) -> Cache:
        """The cache extended by these tokens' keys and values."""
        reads, video, action, context = self._prepare(text, past, futures, cache)
        *_, kept = self._run(reads, video.hidden, action.hidden, context, cache, keep=True)
        keys, values = (tuple(part) for part in zip(*kept, strict=True))
        new = Cache(keys, values, Tags.join([video.tags, action.tags]))
        return new if cache is None else cache.append(new)

    def encode_text(self, text: Tensor) -> Instruction:
        """Cross-attention keys and values of an instruction (B, L, E), reusable for a whole rollout."""
        blocks: list[Any] = [*self.wan.blocks, *(self.depth.blocks if self.depth is not None else ())]
        pairs = zip(blocks, self._embed_text(text), strict=True)
        return Instruction(tuple(read_keys(block.attn2, self.heads, hidden) for block, hidden in pairs))

    def _embed_text(self, text: Tensor) -> tuple[Tensor, ...]:
        """The embedded instruction (B, L, D), for each layer to compute its own keys and values."""
        count = len(self.wan.blocks) + (0 if self.depth is None else len(self.depth.blocks))
        return (self.wan.condition_embedder.text_embedder(text),) * count

    def _prepare(
        self, text: Tensor | Instruction, past: Past | None, futures: Sequence[Future], cache: Cache | None
    ) -> tuple[Reads, TokenSequence, TokenSequence, Context]:
        reads = self._embed_text(text) if isinstance(text, Tensor) else text.layers
        batch = len(text if isinstance(text, Tensor) else text.layers[0][0])
        video, action = self._video_stream(past, futures, batch), self._action_stream(past, futures, batch)
        return reads, video, action, self._context(video, action, cache)

    def _context(self, video: TokenSequence, action: TokenSequence, cache: Cache | None) -> Context:
        device, rope = video.hidden.device, self.wan.rope
        tags = Tags.join([video.tags, action.tags])
        keys = tags if cache is None else Tags.join([cache.tags, tags])
        maskless = cache is not None and bool((tags.groups > Group.CO).all())
        backend = "staged" if maskless else self.attention
        positions = torch.cat([video.positions, action.positions])
        cos, sin = rotary(positions, (rope.t_dim, rope.h_dim, rope.w_dim))
        kind = "cpu" if device.type == "meta" else device.type
        with torch.autocast(kind, enabled=False):  # Wan keeps times in float32
            video_embedded, video_times = self._video_times(video)
            action_embedded, action_times = self.action.times(self._sinusoid(action.times, self.action.proj_out.weight))
        return Context(
            keys=keys,
            backend=backend,
            pattern=attention_pattern(backend, self.table, tags, keys, self.config.window, device),
            cos=cos.to(device),
            sin=sin.to(device),
            reads_text=sees_text(self.table, video.tags.groups)[:, None].to(device),
            split=int((video.tags.groups < Group.M).sum()),
            video_embedded=video_embedded,
            video_times=video_times,
            video_levels=video.levels.to(device),
            action_embedded=action_embedded,
            action_times=action_times,
            action_levels=action.levels.to(device),
        )

    def _depth_context(self, video: TokenSequence, context: Context) -> DepthContext:
        places, device = video.where(Group.X), video.hidden.device
        tags = video.tags[places]
        keys = Tags.join([context.keys, tags])
        return DepthContext(
            places=places.to(device),
            pattern=attention_pattern(context.backend, self.table, tags, keys, self.config.window, device),
            cos=context.cos[..., places, :],
            sin=context.sin[..., places, :],
            reads_text=context.reads_text[places],
            times=context.video_times,
            levels=context.video_levels[places],
        )

    def _run(
        self,
        reads: Reads,
        x: Tensor,
        y: Tensor,
        context: Context,
        cache: Cache | None,
        beside: DepthContext | None = None,
        *,
        keep: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor | None, list[KeyValue]]:
        """Run all layers on x (B, N, D) and y (B, N, W), and the depth branch; return keys and values if `keep`."""
        kept, deep = [], None
        values = self.value_blocks or [None] * len(self.wan.blocks)
        layers = zip(self.wan.blocks, values, self.action.blocks, reads, strict=False)
        for number, layer in enumerate(layers):
            before = None if cache is None else (cache.keys[number], cache.values[number])
            if self.depth is not None and beside is not None and number == self.depth.first:
                deep = x[:, beside.places]
            x, y, new, seen = self.layer(layer, x, y, context, before)
            if self.depth is not None and deep is not None:
                deep = self.depth(number, deep, seen, reads, beside)
            kept += [new] if keep else []
        return x, y, deep, kept

    def layer(
        self,
        layer: tuple[Any, Any, Any, KeyValue | Tensor],
        x: Tensor,
        y: Tensor,
        context: Context,
        before: KeyValue | None,
    ) -> tuple[Tensor, Tensor, KeyValue, KeyValue]:
        """One layer: both streams attend jointly to themselves and to `before`; the rest of the layer is per stream.

        Also returns the keys and values of these tokens, and all keys and values they attended to.
        """
        block, value, own, read = layer  # of Wan, of the value stream, of the actions, and the instruction
        n, split, read = x.shape[1], context.split, read_keys(block.attn2, self.heads, read)
        mod = Modulation.of(block.scale_shift_table, context.video_times, context.video_levels)
        own_mod = Modulation.of(own.scale_shift_table, context.action_times, context.action_levels)
        hidden = modulate(block.norm1, x, mod[0], mod[1])
        parts = [project_qkv(block.attn1, hidden[:, : None if value is None else split])]
        parts += [] if value is None else [project_qkv(value, hidden[:, split:])]
        parts.append(project_qkv(own.attention, modulate(own.norm1, y, own_mod[0], own_mod[1])))
        q, k, v = (by_head(torch.cat(part, dim=1), self.heads) for part in zip(*parts, strict=True))
        q, k = (rotate(part, context.cos, context.sin).type_as(v) for part in (q, k))
        seen = (k, v) if before is None else (torch.cat([before[0], k], 2), torch.cat([before[1], v], 2))
        attended = rearrange(attend(q, *seen, context.pattern), "b h s k -> b s (h k)")

        if n:
            full = value if hasattr(value, "ffn") else None
            x = finish_block(block, full, x, attended[:, :n], mod, read, context.reads_text, split)
        if y.shape[1]:
            y = y + (own.attention.to_out(attended[:, n:]) * own_mod[2]).type_as(y)
            y = y + (own.ffn.forward(modulate(own.norm3, y, own_mod[3], own_mod[4])) * own_mod[5]).type_as(y)
        return x, y, (k, v), seen

    def _video_stream(self, past: Past | None, futures: Sequence[Future], batch: int) -> TokenSequence:
        """Observations and future RGB of all chunks, then their value maps, noise tokens and copies of value maps."""
        rgb, maps = [], []
        if past is not None:
            rgb.append(frames(self.wan.patch_embedding(past.observations), Group.CO, past.start, None, past.t))
        for future in futures:
            now = future.now
            if future.video is not None:
                rgb.append(frames(self.wan.patch_embedding(future.video), Group.X, now + 1, now, future.t_video))
            if future.value is not None and future.black is not None:
                black, value = (
                    self.value_in(z) + rearrange(self.value_embedding, "d -> d 1 1 1")
                    for z in (future.black, future.value)
                )
                noise = repeat(self.value_noise, "d -> b d 1 1 1", b=len(value))
                maps += [
                    frames(black, Group.M, now, now),
                    frames(value, Group.M, now + 1, now, future.t_value),
                    frames(noise, Group.N, now + 1, now, future.t_value),
                ]
                if copied(self.table):
                    maps.append(frames(value, Group.V, now + 1, now, future.t_value))
        return join(rgb + maps or [empty(self.value_embedding, batch)])

    def _action_stream(self, past: Past | None, futures: Sequence[Future], batch: int) -> TokenSequence:
        """Past actions, states if the model uses them, and future actions; may be empty."""
        own, per = self.action, self.config.actions_per_latent
        pieces = []
        if past is not None and past.actions is not None:
            last, first = past.start + past.observations.shape[2] - 1, -past.actions.shape[1]
            pieces.append(steps(own.embed(past.actions) + own.group_embedding[0], Group.HA, last, first, per))
        if past is not None and past.state is not None and own.embed_state is not None:
            pieces.append(states(own.embed_state(past.state), past.state_at))
        for future in futures:
            if future.actions is not None:
                hidden = own.embed(future.actions) + own.group_embedding[1]
                pieces.append(steps(hidden, Group.A, future.now, 0, per, future.t_action))
            if future.ends is not None and own.embed_ends is not None:
                pieces.append(
                    steps(own.embed_ends(future.ends), Group.A, future.now, 0, TEMPORAL_STRIDE, future.t_action)
                )
        return join(pieces or [empty(own.group_embedding[0], batch)])

    def _video_times(self, video: TokenSequence) -> tuple[Tensor, Tensor]:
        """Time embeddings (B, L, D) and modulations (B, L, 6, D), computed once per noise level."""
        embedder = self.wan.condition_embedder
        embedded = embedder.time_embedder(self._sinusoid(video.times, self.wan.proj_out.weight))
        projected = rearrange(embedder.time_proj(embedder.act_fn(embedded)), "b l (six d) -> b l six d", six=6)
        of_value = torch.zeros(video.times.shape[1], dtype=torch.bool)
        of_value[video.levels[video.tags.groups >= Group.M]] = True
        return embedded, projected + self.value_modulation * rearrange(of_value, "l -> l 1 1").to(projected.device)

    def _sinusoid(self, times: Tensor, like: Tensor) -> Tensor:
        """(B, levels) in [0, 1] to Wan's sinusoidal features (B, levels, ·)."""
        features = self.wan.condition_embedder.timesteps_proj(TIME_SCALE * times.flatten())
        return rearrange(features, "(b l) c -> b l c", l=times.shape[1]).to(like.dtype)

    def _velocities(
        self,
        future: Future,
        video: TokenSequence,
        action: TokenSequence,
        x: Tensor,
        y: Tensor,
        deep: Tensor | None,
        context: Context,
    ) -> Velocities:
        """Apply the output heads to one chunk's tokens."""
        rgb, maps = (video.where(group, future.now) for group in (Group.X, Group.M))
        acts = action.where(Group.A, future.now)

        def picture(latents: Tensor | None, hidden: Tensor, places: Tensor, stream: Any, project: nn.Module) -> Any:
            """Latents of the given shape from the last tokens; a black frame may precede them."""
            if latents is None:
                return None
            c, f, h, w = latents.shape[1:]
            count = f * h * w // self.patch**2
            embedded = context.video_embedded[:, context.video_levels[places[-count:]]]
            shape = {"c": c, "h": h // self.patch, "w": w // self.patch, "p": self.patch, "q": self.patch}
            read = project(modulate_head(stream, hidden[:, -count:], embedded))
            return rearrange(read, "b (f h w) (p q c) -> b c f (h p) (w q)", **shape)

        def numbers(given: Tensor | None, places: Tensor, project: nn.Module | None) -> Tensor | None:
            if given is None or project is None:
                return None
            return project(
                modulate_head(self.action, y[:, places], context.action_embedded[:, context.action_levels[places]])
            )

        count = 0 if future.actions is None else future.actions.shape[1]
        depth = None
        if self.depth is not None and deep is not None:
            own = (video.tags.now[video.where(Group.X)] == future.now).nonzero()[:, 0]
            depth = picture(future.video, deep[:, own], rgb, self.depth, self.depth.proj_out)
        return Velocities(
            video=picture(future.video, x[:, rgb], rgb, self.wan, self.wan.proj_out),
            value=picture(future.value, x[:, maps], maps, self.wan, self.value_out),
            actions=numbers(future.actions, acts[:count], self.action.proj_out),
            ends=numbers(future.ends, acts[count:], self.action.proj_ends),
            depth=depth,
        )
