"""Time of a rollout: of sampling a chunk, and of an action in the simulator with and without images.

* Sampling: staged, with the keys and values of the past computed once a chunk, against the forward that training uses,
  one masked pass over the past, RGB, maps and actions at every Euler step. Both sample the same chunk; their results
  are compared first. The presets see 1 (tiny, small) and 4 chunks (5 B) of the past. And what it costs to encode the
  past anew for every chunk instead of appending the last one to keys and values kept before (see `context`).
* Simulation: images of every fourth frame, as the model looks at them, against images of every frame.

Times are processor time, so that other programs count little. JSON lines on stdout.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.sampling import sample, schedule
from aimdata.model.network.aim import Aim
from aimdata.model.network.backbone import build_transformer
from aimdata.model.network.chunk import Chunk, Past
from aimdata.model.network.config import AimConfig, BackboneConfig
from aimdata.policy import Observations
from aimdata.simgen.assets.builtin.library import BuiltinLibrary
from aimdata.simgen.job import Job

CHUNKS, FRAMES, ACTIONS, CELLS = 16, 2, 32, (12, 8)
SHOWN = (1, 4, 8, CHUNKS)
REPEATS = 3
SIMULATED = 32
SAMPLING = SamplingConfig(video_steps=4, action_steps=4)


def seconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The fastest of REPEATS calls of each, taken in turn."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(REPEATS):
        for name, call in calls.items():
            start = time.process_time()
            call()
            best[name] = min(best[name], time.process_time() - start)
    return best


def chunk(channels: int, now: int) -> Chunk:
    """Noise after frame `now`."""
    generator = torch.Generator().manual_seed(now)
    video, black, value = (torch.randn(1, channels, f, *CELLS, generator=generator) for f in (FRAMES, 1, FRAMES))
    return Chunk(now, video, black, value, torch.randn(1, ACTIONS, 14, generator=generator))


def past(observations: torch.Tensor, actions: torch.Tensor, start: int, stop: int) -> Past:
    """Frames `start` … `stop` − 1 and the actions before each."""
    per = ACTIONS // FRAMES
    return Past(observations[:, :, start:stop], start, actions=actions[:, per * max(start - 1, 0) : per * (stop - 1)])


@torch.no_grad()
def dense(aim: Aim, text: torch.Tensor, known: Past, noise: Chunk) -> Chunk:
    """The same sampling with everything recomputed at every step."""
    for (video, action), (video_next, action_next) in pairwise(schedule(SAMPLING)):
        (v,) = aim(text, known, [noise.as_future(torch.full((1,), video), torch.full((1,), action))])
        noise = replace(
            noise,
            video=noise.video + (video_next - video) * v.video,
            value=noise.value + (video_next - video) * v.value,
            actions=noise.actions + (action_next - action) * v.actions,
        )
    return noise


class Still:
    """Holds the measured joints; looks at every `image_stride`-th frame."""

    def __init__(self, stride: int) -> None:
        self.image_stride = stride

    def reset(self, instruction: str) -> None:
        """Keeps no state."""

    def act(self, observations: Observations, executed: np.ndarray) -> np.ndarray:
        """(32, 14)."""
        return observations.state[-1:].repeat(ACTIONS, axis=0)


def simulate() -> None:
    """Processor time of an action, without the start of the episode, which a run of one action measures."""
    from aimdata.simgen.sapien.rollout import rollout

    def episode(stride: int, limit: int, render: bool = True) -> None:
        rollout(Job("click_bell", 0), BuiltinLibrary(), Still(stride), "Wait.", render=render, limit=limit)

    kinds = {"every": (1, True), "fourth": (4, True), "none": (1, False)}
    calls = {
        f"{name} {limit}": partial(episode, stride, limit, render)
        for name, (stride, render) in kinds.items()
        for limit in (1, SIMULATED + 1)
    }
    best = seconds(calls)
    action = {name: (best[f"{name} {SIMULATED + 1}"] - best[f"{name} 1"]) / SIMULATED for name in kinds}
    for name, ours in (("fourth_frame", "fourth"), ("no_images", "none")):
        line = {
            "name": f"rollout.action.{name}",
            "value": round(1000 * action[ours], 2),
            "unit": "ms",
            "baseline": "images of every frame",
            "baseline_value": round(1000 * action["every"], 2),
            "ratio": round(action[ours] / action["every"], 3),
            "note": f"click_bell, easy; mean of {SIMULATED} actions of a policy that costs nothing; 384 x 320 canvas",
        }
        print(json.dumps(line), flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("sampling", "simulation"), help="one of the two; default both")
    only = parser.parse_args().only
    if only != "simulation":
        measure_sampling()
    if only != "sampling":
        simulate()


@torch.no_grad()
def measure_sampling() -> None:
    """Chunks after pasts of growing length."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    backbone = BackboneConfig()
    aim, channels = Aim(build_transformer(backbone), AimConfig()).eval(), backbone.vae.z_dim
    raw = torch.randn(1, backbone.text.tokens, backbone.text.width)
    observations = torch.randn(1, channels, 1 + FRAMES * CHUNKS, *CELLS)
    actions, text = torch.randn(1, ACTIONS * CHUNKS, 14), aim.encode_text(raw)
    calls: dict[str, Callable[[], object]] = {}
    for number in SHOWN:
        now = FRAMES * number
        seen, noise = past(observations, actions, 0, now + 1), chunk(channels, now)
        known = aim.extend_cache(text, past(observations, actions, 0, now - FRAMES + 1))
        added = past(observations, actions, now - FRAMES + 1, now + 1)

        def staged(seen: Past = seen, noise: Chunk = noise) -> Chunk:
            return sample(aim, text, aim.extend_cache(text, seen), noise, SAMPLING)

        calls |= {f"staged {number}": staged, f"dense {number}": partial(dense, aim, raw, seen, noise)}
        calls |= {f"encoded {number}": partial(aim.extend_cache, text, seen)}
        calls |= {f"appended {number}": partial(aim.extend_cache, text, added, cache=known)}
        found, wanted = staged(), dense(aim, raw, seen, noise)
        for name in ("video", "value", "actions"):
            torch.testing.assert_close(getattr(found, name), getattr(wanted, name), rtol=0, atol=1e-3)
    best = seconds(calls)
    about = f"{SAMPLING.video_steps} + {SAMPLING.action_steps} steps, one thread; chunks of the past: "
    rows = [(f"chunk_{n}", f"staged {n}", f"dense {n}", "dense masked forwards", n) for n in SHOWN]
    rows += [(f"past_{n}", f"encoded {n}", f"appended {n}", "appending its last chunk", n) for n in SHOWN]
    for name, ours, theirs, baseline, chunks in rows:
        line = {
            "name": f"rollout.{name}",
            "value": round(1000 * best[ours], 1),
            "unit": "ms",
            "baseline": baseline,
            "baseline_value": round(1000 * best[theirs], 1),
            "ratio": round(best[ours] / best[theirs], 3),
            "note": about + str(chunks),
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
