"""How much of the variance of a policy's actions the ratio of stage 2 scores, for each sampler, on a real checkpoint.

For some recorded samples the actions are drawn many times, given the true future: from one start each, so that they
differ by the random steps alone, which the ratio scores, and from new starts. The share is the ratio of both variances,
over the numbers that vary in the data. With `shared_start` all that differs within a group is scored, whatever the
share.

    python benchmarks/long/sampler_variance.py --policy CKPT --dataset aim-data

JSON lines on stdout; `std` is the deviation of the actions in normalised units.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch
from aimdata.model.config import GrpoTraining, SamplerConfig
from aimdata.model.data import StepSampler, collate, open_source
from aimdata.model.grpo.explorer import velocity_of
from aimdata.model.grpo.post_train import used_numbers
from aimdata.model.grpo.sampler import Velocity, draw
from aimdata.model.inference.policy import Policy
from torch.utils.data import DataLoader

SAMPLES, DRAWS = 8, 24
SAMPLERS = [
    SamplerConfig(kind="sde_hybrid", noise=0.3),
    SamplerConfig(kind="sde_hybrid", noise=0.5),
    *(SamplerConfig(kind="sde", noise=noise) for noise in (0.3, 0.5, 0.7)),
    SamplerConfig(kind="sde", noise=0.5, steps=4),
]


def action_velocity(policy: Policy, data: Path) -> tuple[Velocity, torch.Size]:
    """The action head on some recorded samples, and the shape of their actions."""
    source = open_source(data, replace(policy.meta.data, latents=False, maps="own", chunks=1))
    sampler = StepSampler(len(source.clips), SAMPLES, 0, range(1))
    encoded = policy.world.encode(next(iter(DataLoader(source.clips, batch_sampler=sampler, collate_fn=collate))))
    aim, future = policy.world.aim, encoded.futures[0]
    text = aim.encode_text(encoded.text)
    seen = aim.extend_cache(text, encoded.past)
    cache = aim.extend_cache(text, None, [future.as_future()], seen)
    return velocity_of(policy.world, text, future.now, cache), future.actions.shape


@torch.no_grad()
def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", type=Path, required=True, help="a checkpoint of stage 1")
    parser.add_argument("--dataset", type=Path, required=True, help="with images and value maps")
    asked = parser.parse_args()
    policy = Policy.load(asked.policy)
    velocity, shape = action_velocity(policy, asked.dataset)
    used, generator = used_numbers(policy.meta.normalisation.action), torch.Generator().manual_seed(0)
    for sampler in SAMPLERS:
        start = torch.randn(shape, generator=generator)
        same = [draw(sampler, velocity, start, generator)[0] for _ in range(DRAWS)]
        new = [draw(sampler, velocity, torch.randn(shape, generator=generator), generator)[0] for _ in range(DRAWS)]
        scored, total = (torch.stack(drawn).var(0)[..., used].mean() for drawn in (same, new))
        chosen = sampler == GrpoTraining().sampler
        line = {
            "name": f"sampler_variance.{sampler.kind}_{sampler.noise:g}_{sampler.steps}",
            "value": round(float(scored / total), 3),
            "unit": "scored share of the variance",
            "baseline": None,
            "baseline_value": None,
            "ratio": None,
            "std": round(float(total.sqrt()), 4),
            "note": f"step {policy.meta.step}, {SAMPLES} samples, {DRAWS} draws{'; the default' if chosen else ''}",
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
