"""The configuration of the network: Wan's backbone, AIM's additions, the noise levels of training. Imports no torch."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from ..settings import AtLeast1, Layers, NotNegative, Positive, Share, Size

Heads = Annotated[int, Meta(ge=1, le=1024)]
Channels = Annotated[int, Meta(ge=1, le=4096)]
Multiplier = Annotated[int, Meta(ge=1, le=64)]
AttentionBackend = Literal["sdpa", "staged", "flex"]
TEMPORAL_STRIDE = 4
"""Frames per latent frame of Wan's VAE, after the first."""


@dataclass(frozen=True)
class TransformerConfig:
    """WanTransformer3DModel; the head dimension splits into three even parts (12, 24, …, 128)."""

    heads: Heads = 4
    head_dim: Heads = 24
    layers: Layers = 4
    ffn_dim: Size = 256
    freq_dim: Size = 32
    rope_max_seq_len: Size = 1024


@dataclass(frozen=True)
class VaeConfig:
    """Wan2.2's AutoencoderKLWan. Latents are normalised by mean and std (C,), measured by `--stage vae`.

    Wan has 48 channels. A patch of 2 x 2 latent cells must fit into the transformer's width, here 96; hence fewer.
    The four resolutions, from the finest on, have `base_dim` times `multipliers` channels; Wan's are 1, 2, 4, 4.
    """

    base_dim: Channels = 8
    multipliers: tuple[Multiplier, Multiplier, Multiplier, Multiplier] = (1, 1, 2, 2)
    z_dim: Channels = 16
    latents_mean: tuple[float, ...] = ()
    latents_std: tuple[float, ...] = ()


@dataclass(frozen=True)
class TextConfig:
    """A byte-level UMT5 encoder, random and frozen: it only has to distinguish instructions."""

    width: Size = 32
    layers: Layers = 2
    tokens: Size = 64


@dataclass(frozen=True)
class BackboneConfig:
    """The Wan backbone. `pretrained` names a diffusers folder or Hub repository; the other fields are then unused."""

    pretrained: str | None = None
    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    vae: VaeConfig = field(default_factory=VaeConfig)
    text: TextConfig = field(default_factory=TextConfig)


@dataclass(frozen=True)
class AimConfig:
    """What AIM adds to Wan. A latent frame spans `actions_per_latent` actions; `state_token` adds the joint state.

    `value_stream`: value tokens use the video weights (shared), copies of the self-attention projections (own_qkv), or
    also copies of output projection and feed-forward (full). `action_start`: action blocks are initialised from
    resampled video blocks, or at random. `window`: latent frames that stay visible within a sample. `lora_rank` above 0
    freezes Wan and trains adapters of that rank (peft).

    From X-WAM (arXiv:2604.26694): the last `depth_blocks` blocks have a copy that predicts the depth of the future RGB;
    with `state_stream` the end effectors' future poses and gripper openings are denoised along with the actions.
    """

    visibility: str = "aim"
    value_stream: Literal["shared", "own_qkv", "full"] = "shared"
    action_dim: Size = 14
    action_width: Size = 48
    action_ffn_dim: Size = 128
    action_start: Literal["video", "random"] = "video"
    actions_per_latent: AtLeast1 = 16
    state_token: bool = False
    state_stream: bool = False
    depth_blocks: NotNegative = 0
    window: AtLeast1 = 72
    lora_rank: NotNegative = 0


Coupling = Literal["sync", "decoupled", "sequential", "action_first", "value_first"]


@dataclass(frozen=True)
class FlowConfig:
    """Distribution of the noise levels in training: shifts of the video and action streams, and their coupling.

    sync: one u for both. decoupled: two independent ones. sequential: decoupled, but in a share `clean` of the samples
    the future is clean (t_video = 0), as the actions see it in staged sampling. action_first: X-WAM's asynchronous
    noise sampling (arXiv:2604.26694): the video is never cleaner than the actions, which are clean in a share `clean`.
    value_first: the same with the roles exchanged. Clean parts have no loss.

    In a share `noisy_history` of the samples the past frames are noised, each to its own level of at most shift(1/2)
    (arXiv:2601.21998); a share `text_dropout` has no instruction.
    """

    shift_video: Positive = 5.0
    shift_action: Positive = 1.0
    coupling: Coupling = "sequential"
    clean: Share = 0.3
    noisy_history: Share = 0.0
    text_dropout: Share = 0.0
