"""The configuration of a training run: the settings of its parts, which stand beside those parts, and their checks."""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from ..channels import CHANNELS
from ..errors import UsageError
from .data_config import DataConfig
from .network.config import TEMPORAL_STRIDE, AimConfig, AttentionBackend, BackboneConfig, FlowConfig
from .settings import AtLeast1, AtLeast2, NotNegative, Positive, Share, Weight, validate

ActivationCheckpointing = Literal["off", "selective", "full"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class Optimisation:
    """AdamW with linear warm-up, then a constant rate or half a cosine down to 0; gradients are clipped to norm `clip`.

    A step uses `accumulate` micro-batches of `batch` samples, one at a time on the device. Each loss is the mean over
    the tokens of the whole step that have this loss, as if the step were one batch.
    """

    steps: AtLeast1 = 300
    batch: AtLeast1 = 4
    accumulate: AtLeast1 = 1
    learning_rate: Positive = 1.5e-3
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: NotNegative = 20
    weight_decay: Weight = 0.01
    clip: Positive = 1.0


@dataclass(frozen=True)
class VaeTraining(Optimisation):
    """Squared error plus `kl`. A pixel has weight 1 + `emphasis` · its distance from the batch mean.

    Without this weight a small VAE reproduces the static background and loses what moves; every value map is black.
    With `roles` > 0, a small head must also tell from the latents of RGB what each pixel shows (see `pixel_roles`): its
    cross-entropy has this weight. Among clutter and changing textures a small VAE loses the objects otherwise. Clips
    have `frames` frames.
    """

    steps: AtLeast1 = 200
    batch: AtLeast1 = 2
    learning_rate: Positive = 3e-3
    kl: Weight = 1e-6
    emphasis: Weight = 100.0
    roles: Weight = 0.0
    frames: Literal[5, 9, 13, 17] = 17


@dataclass(frozen=True)
class SupervisedTraining(Optimisation):
    """Weights of the value and action losses beside that of RGB: λ_m and λ_a of eq. (9) of arXiv:2604.11135.

    `depth_weight` is λ_D of arXiv:2604.26694. Wan's own weights are trained at `wan_rate` times the learning rate.
    `ema` is the decay of an exponential moving average of the weights, which policies then use; 0 keeps none.
    """

    value_weight: Weight = 1.0
    action_weight: Weight = 1.0
    depth_weight: Weight = 1.0
    wan_rate: Weight = 1.0
    ema: Share = 0.0


@dataclass(frozen=True)
class ObjectiveConfig:
    """Clipping of the probability ratio below and above 1, and β, the weight of the KL to the initial policy."""

    clip_low: float = 0.2
    clip_high: float = 0.28
    divergence: float = 0.0


@dataclass(frozen=True)
class RewardConfig:
    """Weights of the dense and sparse reward, λ_d and λ_s. The dense one is the smaller unless it is the only one."""

    dense: float = 0.2
    sparse: float = 1.0

    def of(self, heat: float, success: bool) -> float:
        """The reward of an episode with this mean heat (value-map level at the commanded TCP, in [0, 1])."""
        return self.dense * heat + self.sparse * success


@dataclass(frozen=True)
class SamplerConfig:
    """How actions are sampled in stage 2, in `steps` steps on a grid with time shift `shift`.

    sde: Flow-SDE, stochastic at every step (arXiv:2505.05470). sde_hybrid: stochastic at one step, chosen at random for
    each chunk, and the ODE elsewhere (arXiv:2510.25889). cps: Flow-CPS, whose steps keep the noise level of the flow
    (arXiv:2509.05952). noise_net: ODE steps with a learned standard deviation within `spread` (arXiv:2505.22094).
    gaussian: the ODE, then Gaussian noise. `noise` is the coefficient a of the first three and the standard deviation
    of the last. With `shared_start` the episodes of a group start from the same initial noise (as in arXiv:2505.07818),
    so that the ratio scores everything in which their first chunks differ.
    """

    kind: Literal["sde_hybrid", "sde", "cps", "noise_net", "gaussian"] = "sde"
    steps: int = 10
    shift: float = 1.0
    noise: float = 0.5
    shared_start: bool = True
    spread: tuple[float, float] = (0.08, 0.16)


@dataclass(frozen=True)
class GrpoTraining(Optimisation):
    """A step runs `groups` groups of `group` episodes from the same scene and passes over them `epochs` times.

    Each pass makes `minibatches` optimiser steps, `batch` chunks at a time. `tasks` are names separated by commas, or
    all; `setting` is easy, hard or both. Seeds count up from `first_seed`, above those of datasets and below those of
    `aimdata eval`; with `pool` > 0 training uses a fixed pool of that many seeds per task and setting instead, the
    first ones on which the initial policy succeeds in a share of a group within `pool_success`. Every `eval_every`
    steps the policy is run without exploration on `eval_seeds` fixed seeds per task and setting. An episode has at
    most `limit` actions; null means RoboTwin's step limit of the task. RGB and value maps are denoised first, in
    `video_steps` steps; then `sampler` samples the actions.
    """

    steps: AtLeast1 = 100
    batch: AtLeast1 = 8
    learning_rate: Positive = 5e-6
    warmup: NotNegative = 0
    weight_decay: Weight = 0.0
    tasks: str = "all"
    setting: str = "easy"
    first_seed: NotNegative = 10_000
    limit: AtLeast1 | None = None
    pool: NotNegative = 0
    pool_success: tuple[float, float] = (0.2, 0.8)
    eval_seeds: NotNegative = 0
    eval_every: AtLeast1 = 10
    groups: AtLeast1 = 4
    group: AtLeast2 = 16
    epochs: AtLeast1 = 2
    minibatches: AtLeast1 = 4
    video_steps: AtLeast1 = 10
    shift_video: Positive = 5.0
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)


@dataclass(frozen=True)
class TrainConfig:
    """A training run. `run` is a folder with the checkpoints of each stage. `more_datasets` are mixed with `dataset`.

    `vae_run` is another run whose VAE and cached latents are used, so that several runs share them. The settings in the
    first block do not change the result. `checkpointing` recomputes activations in the backward pass instead of keeping
    them: all (full), or all but those of attention and most matrix products (selective). `compile` compiles each layer,
    for GPUs. `attention` uses one dense mask (sdpa), only the keys each group of
    tokens sees (staged: less work for long samples on a CPU), or a block mask (flex: for long samples on a GPU).
    Stage 2: `workers` simulators run on this machine or as tasks of a Ray cluster (`executor`). With `servers` = 0 each
    has a model of its own; else they ask so many policy servers, one per GPU: the first is this process (with Ray, all
    are actors of the cluster).
    """

    dataset: str = "aim-data"
    more_datasets: tuple[str, ...] = ()
    run: str = "aim-runs/tiny"
    vae_run: str | None = None
    resume: bool = True
    device: Literal["auto", "cpu", "cuda"] = "auto"
    workers: NotNegative = 0
    save_every: AtLeast1 = 200
    keep: AtLeast1 = 2
    checkpointing: ActivationCheckpointing = "off"
    compile: bool = False
    attention: AttentionBackend = "sdpa"
    executor: Literal["local", "ray"] = "local"
    servers: NotNegative = 0

    stage: Literal["vae", "1", "2"] = "1"
    seed: NotNegative = 0
    precision: Precision = "fp32"
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    aim: AimConfig = field(default_factory=AimConfig)
    data: DataConfig = field(default_factory=DataConfig)
    flow: FlowConfig = field(default_factory=FlowConfig)
    stage_vae: VaeTraining = field(default_factory=VaeTraining)
    stage_1: SupervisedTraining = field(default_factory=SupervisedTraining)
    stage_2: GrpoTraining = field(default_factory=GrpoTraining)

    @property
    def datasets(self) -> tuple[Path, ...]:
        """The folders of all datasets."""
        return tuple(Path(one) for one in (self.dataset, *self.more_datasets))

    @property
    def optimisation(self) -> Optimisation:
        """The optimiser settings of the selected stage."""
        return getattr(self, f"stage_{self.stage}")


RUNTIME_ONLY = (
    "dataset",
    "more_datasets",
    "run",
    "vae_run",
    "resume",
    "device",
    "workers",
    "save_every",
    "keep",
    "checkpointing",
    "compile",
    "attention",
    "executor",
    "servers",
)


def result_settings(config: TrainConfig) -> dict[str, Any]:
    """The settings that determine the result up to a step, as JSON values; a run resumes only if they are unchanged."""
    plain = msgspec.json.decode(msgspec.json.encode(config))
    values = {key: value for key, value in plain.items() if key not in RUNTIME_ONLY}
    own = f"stage_{config.stage}"
    values = {key: value for key, value in values.items() if key == own or not key.startswith("stage_")}
    if config.stage == "vae":
        values = {key: value for key, value in values.items() if key not in ("aim", "flow")}
    if config.optimisation.schedule == "constant":
        values[own] = {key: value for key, value in values[own].items() if key != "steps"}
    return values


def check(config: TrainConfig) -> TrainConfig:
    """The config with what follows from other settings; UsageError for the first invalid setting or combination.

    `aim.action_dim` follows from `data.action_space`.
    """
    validate(config)
    config = replace(config, aim=replace(config.aim, action_dim=len(CHANNELS[config.data.action_space].names)))
    per_latent = TEMPORAL_STRIDE * config.data.stride
    found = config.aim.actions_per_latent
    _need(found == per_latent, "aim.actions_per_latent", found, f"{TEMPORAL_STRIDE} x data.stride = {per_latent}")
    if config.stage == "2":
        _check_grpo(config.stage_2)
    near, far, blocks = config.data.near, config.data.far, config.aim.depth_blocks
    _need(0 < near < far < math.inf, "data.near", near, f"above 0 and below data.far = {far}")
    _need(bool(blocks) == config.data.depth, "data.depth", config.data.depth, f"{blocks > 0}: depth_blocks = {blocks}")
    if config.stage == "vae" and config.backbone.pretrained:
        raise UsageError(f"{config.backbone.pretrained} has its own VAE; run `--stage 1` without `--stage vae`.")
    return config


def _check_grpo(section: GrpoTraining) -> None:
    sampler, objective, reward = section.sampler, section.objective, section.reward
    _need(section.accumulate == 1, "stage_2.accumulate", section.accumulate, "1 in stage 2")
    _need(sampler.steps >= 2, "stage_2.sampler.steps", sampler.steps, "at least 2")
    _need(0 < sampler.noise <= 1, "stage_2.sampler.noise", sampler.noise, "above 0 and at most 1")
    for name, value in {"sampler.shift": sampler.shift, "objective.clip_high": objective.clip_high}.items():
        _need(math.isfinite(value) and value > 0, f"stage_2.{name}", value, "a finite number above 0")
    _need(
        0 < sampler.spread[0] < sampler.spread[1] < 10,
        "stage_2.sampler.spread",
        sampler.spread,
        "increasing, below 10",
    )
    low, high = section.pool_success
    _need(0 <= low < high <= 1, "stage_2.pool_success", section.pool_success, "two increasing shares in [0, 1]")
    _need(0 < objective.clip_low < 1, "stage_2.objective.clip_low", objective.clip_low, "above 0 and below 1")
    _need(0 <= objective.divergence < 100, "stage_2.objective.divergence", objective.divergence, "from 0 to 100")
    _need(0 <= reward.sparse < 100, "stage_2.reward.sparse", reward.sparse, "from 0 to 100")
    if reward.sparse:
        _need(0 <= reward.dense < reward.sparse, "stage_2.reward.dense", reward.dense, "below stage_2.reward.sparse")
    else:
        _need(0 < reward.dense < 100, "stage_2.reward.dense", reward.dense, "above 0 where stage_2.reward.sparse is 0")


def _need(holds: bool, name: str, value: object, expected: str) -> None:
    if not holds:
        raise UsageError(f"{name} is {value}, it must be {expected}; set it with `--set {name}=…`.")
