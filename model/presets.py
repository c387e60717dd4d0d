"""Named training configurations."""

from ..errors import unknown
from . import wan22
from .config import GrpoTraining, SupervisedTraining, TrainConfig, VaeTraining
from .data_config import DataConfig
from .network.config import AimConfig, BackboneConfig, FlowConfig, TransformerConfig, VaeConfig

WINDOW = 3
"""Latent frames of the past in samples of the small presets: one chunk of history and the current frame."""
SMALL_RATE = 3e-5
"""Learning rate of stage 2 for a small model: as good as 1e-4 at half the distance from stage 1 (docs/learning.md)."""


def tiny() -> TrainConfig:
    """Wan's architecture with 0.6 M parameters on a 96 x 64 canvas, randomly initialised; trains on two CPU cores."""
    return TrainConfig(aim=AimConfig(window=WINDOW), stage_2=GrpoTraining(learning_rate=SMALL_RATE))


def small() -> TrainConfig:
    """Wan's architecture with 5 M parameters on a 192 x 128 canvas, randomly initialised; trains on a laptop."""
    return TrainConfig(
        run="aim-runs/small",
        backbone=BackboneConfig(
            transformer=TransformerConfig(heads=6, head_dim=32, layers=6, ffn_dim=512),
            vae=VaeConfig(base_dim=12, z_dim=24),
        ),
        aim=AimConfig(action_width=96, action_ffn_dim=256, state_token=True, window=WINDOW),
        data=DataConfig(height=192, width=128),
        stage_vae=VaeTraining(steps=1000, schedule="cosine"),
        stage_1=SupervisedTraining(steps=5000, batch=8, learning_rate=1e-3, schedule="cosine", warmup=100),
        stage_2=GrpoTraining(learning_rate=SMALL_RATE),
    )


def wan22_ti2v_5b() -> TrainConfig:
    """Wan2.2-TI2V-5B with its own VAE and UMT5 on the full canvas; an action stream of width 768, as in the paper."""
    return TrainConfig(
        run="aim-runs/wan2.2-ti2v-5b",
        precision="bf16",
        workers=4,
        save_every=1000,
        backbone=BackboneConfig(pretrained=wan22.REPOSITORY),
        aim=AimConfig(action_width=768, action_ffn_dim=3072, window=9),
        data=DataConfig(height=384, width=320, chunks=4),
        flow=FlowConfig(noisy_history=0.5, text_dropout=0.1),
        checkpointing="full",
        stage_1=SupervisedTraining(
            steps=50_000, batch=1, learning_rate=1e-4, wan_rate=0.1, schedule="cosine", warmup=500, clip=2.0
        ),
    )


PRESETS = {"tiny": tiny, "small": small, "wan2.2-ti2v-5b": wan22_ti2v_5b}


def preset(name: str) -> TrainConfig:
    """The configuration of that name; UsageError with near names if there is none."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]()
