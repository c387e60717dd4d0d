"""Performance of AIM at the size of Wan2.2-TI2V-5B on a GPU: latency of a chunk, a training step, memory.

Weights are random, nothing is downloaded. Wanted: a chunk in 190 ms at 10 steps, and 40 % of the GPU's peak in
training. The baseline of a compiled model is the same one uncompiled, that of FlexAttention a dense mask. Then, each in
a process of its own and left out where the simulator or a Vulkan driver is missing: canvases rendered and clips read
per second. Without a GPU it says so and measures nothing. Takes at most 8 minutes by estimate; no GPU has run this yet.
JSON lines on stdout.
"""

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import torch
from aimdata.model import wan22
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.deployment import compile_layers, halve
from aimdata.model.inference.sampling import sample, schedule
from aimdata.model.network.aim import Aim
from aimdata.model.network.attention import visible
from aimdata.model.network.backbone import PATCH, build_transformer
from aimdata.model.network.cache import Cache
from aimdata.model.network.chunk import Chunk, Future, Past
from aimdata.model.network.config import AimConfig, BackboneConfig
from aimdata.model.network.instruction import Instruction
from aimdata.model.training.activation_checkpointing import checkpoint_activations
from aimdata.model.training.throughput import peak_flops

FRAMES, WARM_UP, REPEATS = 2, 3, 5
SHARE = 40
KINDS = {
    "past": "keys and values of the past, computed once a chunk before the steps",
    "sync": "wanted at most 190 ms, with those of the past",
    "sequential": "RGB and maps first, then as many steps of actions",
    "actions": "the actions alone, RGB and maps finished; wanted at most 90 ms",
}


@dataclass(frozen=True)
class Case:
    """What is measured: a model, its latent canvas, chunks of history in a rollout, and of a training sample."""

    name: str = "wan2.2-ti2v-5b"
    backbone: BackboneConfig = field(default_factory=lambda: BackboneConfig(pretrained=wan22.REPOSITORY))
    aim: AimConfig = field(default_factory=lambda: AimConfig(action_width=768, action_ffn_dim=3072))
    cells: tuple[int, int] = (24, 20)
    text: int = 512
    history: int = 4
    chunks: int = 4
    steps: int = 10
    rank: int = 16


@dataclass(frozen=True)
class Size:
    """What a pass computes: tokens, pairs of a query and a key that attend, and noise levels of both streams.

    `noise` of the video tokens are learned, not embedded; `seen` is how many latents' and `numbers` how many actions'
    velocities are read from their tokens. The `text` tokens are read in this pass, unless they were before.
    """

    video: int
    action: int
    pairs: int
    text: int
    noise: int
    seen: int
    numbers: int
    video_levels: int
    action_levels: int
    reads: bool = True


def forward_flops(aim: Aim, size: Size) -> int:
    """Multiplications and additions of one forward pass of one sample, by a model without depth branch.

    Dimensions: d width of the video stream, w of the action stream, p action numbers, e text width.
    """
    wan: Any = aim.wan.config
    d, w, freq = wan.num_attention_heads * wan.attention_head_dim, aim.config.action_width, wan.freq_dim
    p, patch, e = aim.config.action_dim, wan.in_channels * aim.patch**2, wan.text_dim
    video = 6 * d * d + 2 * d * wan.ffn_dim + 2 * size.text * d  # projections of both attentions, feed-forward, text
    action = 4 * w * d + 2 * w * aim.config.action_ffn_dim
    layer = size.video * video + size.action * action + 2 * d * size.pairs + 2 * d * d * size.text * size.reads
    ends = (size.video - size.noise + size.seen) * patch * d
    ends += size.action * (p * w + w * w) + size.numbers * w * p
    times = size.video_levels * (freq * d + 7 * d * d) + size.action_levels * (freq * w + 7 * w * w)
    text = size.text * size.reads * (e * d + d * d)
    return 2 * (wan.num_layers * layer + ends + times + text)


def build(case: Case, device: torch.device, dtype: torch.dtype) -> Aim:
    """The model with random weights, made where it is to be."""
    with torch.device("meta"):
        aim = Aim(build_transformer(case.backbone), case.aim).to(dtype)
    if device.type == "meta":
        return aim
    aim.to_empty(device=device)
    for parameter in aim.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    return aim


@dataclass(frozen=True, eq=False)
class Given:
    """What a model of that case is shown."""

    case: Case
    aim: Aim

    def normal(self, *shape: int) -> torch.Tensor:
        """Noise where the model is, as precise as it is."""
        parameter = self.aim.value_noise
        return torch.randn(1, *shape, device=parameter.device, dtype=parameter.dtype)

    def text(self) -> torch.Tensor:
        """An instruction."""
        return self.normal(self.case.text, self.aim.wan.config.text_dim)

    def past(self, chunks: int) -> Past:
        """That many chunks and the frame before them."""
        config, channels = self.aim.config, self.aim.wan.config.in_channels
        frames = FRAMES * chunks
        actions = self.normal(config.actions_per_latent * frames, config.action_dim)
        return Past(self.normal(channels, 1 + frames, *self.case.cells), actions=actions)

    def chunk(self, now: int) -> Chunk:
        """Noise after that frame."""
        config, channels = self.aim.config, self.aim.wan.config.in_channels
        video, black, value = (self.normal(channels, f, *self.case.cells) for f in (FRAMES, 1, FRAMES))
        actions = self.normal(config.actions_per_latent * FRAMES, config.action_dim)
        return Chunk(now, video, black, value, actions)

    def level(self) -> torch.Tensor:
        """A noise level."""
        return torch.full((1,), 0.5, device=self.aim.value_noise.device)

    def size(self, past: int, chunks: int, pairs: int, *, actions: bool = True, reads: bool = True) -> Size:
        """Of a pass over `past` chunks (-1: none) and `chunks` to come."""
        frame, per = self.case.cells[0] * self.case.cells[1] // PATCH**2, self.aim.config.actions_per_latent * FRAMES
        return Size(
            video=frame * (1 + FRAMES * past if past >= 0 else 0) + chunks * (frame * (2 * FRAMES + 1) + 1),
            action=per * (max(past, 0) + chunks * actions),
            pairs=pairs,
            text=self.case.text,
            noise=chunks,
            seen=2 * FRAMES * frame * chunks,
            numbers=per * chunks * actions,
            video_levels=(past >= 0) + 4 * chunks,
            action_levels=(past > 0) + chunks * actions,
            reads=reads,
        )


def seconds(call: Callable[[], object], device: torch.device, repeats: int = REPEATS) -> float:
    """Median over calls, after some to warm up, until the device is done."""
    times = []
    for _ in range(WARM_UP + repeats):
        start = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[WARM_UP:])


def peak_memory(device: torch.device) -> float:
    """GB allocated at most so far; 0 where nobody counts."""
    return torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else 0.0


def attending_pairs(case: Case, chunks: int) -> int:
    """Pairs of a query and a key that attend in a training pass; from a model without memory, on the meta device."""
    given = Given(case, build(case, torch.device("meta"), torch.float32))
    futures = [given.chunk(FRAMES * number).as_future(given.level(), given.level()) for number in range(chunks)]
    tags = given.aim.extend_cache(given.text(), given.past(chunks - 1), futures).tags
    return int(visible(given.aim.table, tags, tags, given.aim.config.window).sum())


def step_flops(given: Given, cache: Cache, config: SamplingConfig) -> int:
    """Of all steps that sample a chunk together with its actions (order sync), on the cache."""
    chunk = given.chunk(FRAMES * given.case.history)
    own = given.aim.extend_cache(given.text(), None, [chunk.as_future(given.level(), given.level())]).tags
    pairs = int(visible(given.aim.table, own, type(own).join([cache.tags, own]), given.aim.config.window).sum())
    return sum(1 for _ in pairwise(schedule(config))) * forward_flops(given.aim, given.size(-1, 1, pairs, reads=False))


@torch.no_grad()
def latency(case: Case, device: torch.device, *, compiled: bool) -> Iterator[dict]:
    """A chunk as `aimdata serve --set precision=bf16 --set compile=true` computes it: RGB, maps and actions."""
    aim = build(case, device, torch.float32).eval()
    halve(aim, device.type)
    given, layer = Given(case, aim), aim.layer
    text: Instruction = aim.encode_text(given.text())
    past, noise = given.past(case.history), given.chunk(FRAMES * case.history)
    cache = aim.extend_cache(text, past)

    def encoded(_: Cache) -> Callable[[], object]:
        return lambda: aim.extend_cache(text, past)

    def sampled(seen: Cache, order: Literal["sync", "sequential"]) -> Callable[[], object]:
        config = SamplingConfig(case.steps, case.steps, order=order)
        return lambda: sample(aim, text, seen, noise, config)

    def acted(seen: Cache) -> Callable[[], object]:
        known = aim.extend_cache(text, None, [noise.as_future()], seen)
        future = Future(noise.now, actions=noise.actions, t_action=given.level())
        return lambda: [aim(text, None, [future], known) for _ in range(case.steps)]

    whole = {"sync": partial(sampled, order="sync"), "sequential": partial(sampled, order="sequential")}
    for name, call in {"past": encoded, **whole, "actions": acted}.items():
        found = plain = seconds(call(cache), device)
        if compiled:
            compile_layers(aim)
            found = seconds(call(cache), device)
            aim.layer = layer
        about = f"{case.steps} steps, {len(cache)} tokens of history, {case.text} of text; {KINDS[name]}"
        yield figure(case, f"chunk_{name}", 1000 * found, "ms", "the same, not compiled", 1000 * plain, about)
        peak = peak_flops(device)
        if peak and name == "sync":
            config = SamplingConfig(case.steps, case.steps, order="sync")
            share = 100 * step_flops(given, cache, config) / found / peak
            yield figure(case, "chunk_flops", share, "% of peak", None, None, "model FLOPs of the steps")
    yield figure(case, "chunk_memory", peak_memory(device), "GB", None, None, "allocated at most, weights included")


def training(case: Case, device: torch.device, dtype: torch.dtype) -> Iterator[dict]:
    """A step of adapters and of AIM's own weights, several chunks in one pass, activations computed again."""
    aim = build(replace(case, aim=replace(case.aim, lora_rank=case.rank)), device, dtype)
    checkpoint_activations(aim, "full")
    given = Given(case, aim)
    text, past = given.text(), given.past(case.chunks - 1)
    chunks = [given.chunk(FRAMES * number).as_future(given.level(), given.level()) for number in range(case.chunks)]
    optimizer = torch.optim.AdamW([p for p in aim.parameters() if p.requires_grad], lr=1e-5, fused=True)

    def step() -> None:
        found = aim(text, past, chunks)
        parts = [part for v in found for part in (v.video, v.value, v.actions)]
        torch.stack([part.float().square().mean() for part in parts]).sum().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    best = {}
    for aim.attention in ("sdpa", "flex") if device.type == "cuda" else ("sdpa", "staged"):
        best[aim.attention] = seconds(step, device)
    how = aim.attention
    size = given.size(case.chunks - 1, case.chunks, attending_pairs(case, case.chunks))
    count = size.video + size.action
    about = f"{case.chunks} chunks, {count} tokens, rank {case.rank}, bf16, activations computed again"
    yield figure(case, f"step_{how}", 1000 * best[how], "ms", "a dense mask", 1000 * best["sdpa"], about)
    yield figure(case, "tokens", count / best[how], "tokens/s", None, None, f"attention={how}")
    yield figure(case, "step_memory", peak_memory(device), "GB", None, None, "allocated at most, weights included")
    peak = peak_flops(device)
    if peak:
        # forward, and backward to the activations: frozen weights have no gradient; the second forward is not counted
        share = 100 * 2 * forward_flops(aim, size) / best[how] / peak
        yield figure(case, "step_flops", share, "% of peak", "wanted at least", float(SHARE), "model FLOPs utilisation")


def full_training(case: Case, device: torch.device) -> Iterator[dict]:
    """A step of all weights as in training: float32 masters and moments, bf16 autocast, compiled layers, fused AdamW.

    Left out where weights, gradients and moments (16 bytes a parameter), bf16 copies and activations do not fit.
    """
    needed = 20 * sum(p.numel() for p in build(case, torch.device("meta"), torch.float32).parameters())
    if device.type == "cuda" and torch.cuda.mem_get_info()[0] < needed:
        about = f"needs {needed / 1e9:.0f} GB of free memory"
        yield {**figure(case, "full_step", 0.0, "ms", None, None, about), "value": None}
        return
    aim = build(case, device, torch.float32)
    checkpoint_activations(aim, "full")
    gpu = device.type == "cuda"
    aim.attention = "flex" if gpu else "staged"
    if gpu:
        compile_layers(aim)
    given = Given(case, aim)
    text, past = given.text(), given.past(case.chunks - 1)
    chunks = [given.chunk(FRAMES * number).as_future(given.level(), given.level()) for number in range(case.chunks)]
    optimizer = torch.optim.AdamW(aim.parameters(), lr=1e-5, fused=True)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16):
            found = aim(text, past, chunks)
        parts = [part for v in found for part in (v.video, v.value, v.actions)]
        torch.stack([part.float().square().mean() for part in parts]).sum().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    taken = seconds(step, device, repeats=3)
    about = f"all weights, {case.chunks} chunks, batch 1, {aim.attention}, activations computed again"
    yield figure(case, "full_step", 1000 * taken, "ms", None, None, about)
    yield figure(case, "full_memory", peak_memory(device), "GB", None, None, "allocated at most")
    peak = peak_flops(device)
    if peak:
        pairs = attending_pairs(case, case.chunks)
        share = 100 * 3 * forward_flops(aim, given.size(case.chunks - 1, case.chunks, pairs)) / taken / peak
        yield figure(case, "full_flops", share, "% of peak", "wanted at least", float(SHARE), "model FLOPs utilisation")


RENDERED = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import render
from aimdata.geometry import T_POSE
drawing = render.Drawing(render.moment(T_POSE), "forward", True)
drawing.measure(20)
start = time.perf_counter()
drawing.measure(200)
rate = 200 / (time.perf_counter() - start)
about = {"baseline": None, "baseline_value": None, "ratio": None, "note": "384x320: rgb, depth, segmentation"}
print(json.dumps({"name": "gpu.renderer", "value": round(rate, 1), "unit": "canvases/s", **about}))
"""


def companions(seconds_each: int = 90) -> Iterator[dict]:
    """Canvases rendered per second on this machine's Vulkan device, and clips read per second."""
    folder = Path(__file__).parent
    commands = {
        "renderer": ["-c", RENDERED, str(folder)],
        "clips": [str(folder / "read_clips.py"), "--episodes", "4", "--rounds", "20"],
    }
    for name, command in commands.items():
        try:
            done = subprocess.run(
                [sys.executable, *command], capture_output=True, text=True, timeout=seconds_each, check=True
            )
            yield from (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
        except (subprocess.SubprocessError, ValueError) as error:
            nothing = dict.fromkeys(("value", "baseline", "baseline_value", "ratio"))
            reason = (str(getattr(error, "stderr", "") or error).strip().splitlines() or ["?"])[-1]
            yield {"name": f"gpu.{name}", "unit": "", **nothing, "note": f"not measured: {reason}"}


def figure(
    case: Case, name: str, value: float, unit: str, baseline: str | None, baseline_value: float | None, note: str
) -> dict:
    """One line of the report."""
    ratio = None if not baseline_value else round(value / baseline_value, 3)
    rounded = None if baseline_value is None else round(baseline_value, 2)
    about = {"baseline": baseline, "baseline_value": rounded, "ratio": ratio, "note": note}
    return {"name": f"gpu.{case.name}.{name}", "value": round(value, 2), "unit": unit, **about}


def main() -> None:
    """Measures and prints."""
    if not torch.cuda.is_available():
        nothing = dict.fromkeys(("value", "baseline", "baseline_value", "ratio"))
        print(json.dumps({"name": "gpu", "unit": "", **nothing, "note": "no GPU here, so nothing was measured"}))
        return
    torch.manual_seed(0)
    case, device = Case(), torch.device("cuda")
    parts = {
        "latency": partial(latency, case, device, compiled=True),
        "training": partial(training, case, device, torch.bfloat16),
        "full_training": partial(full_training, case, device),
        "companions": companions,
    }
    for name, part in parts.items():
        for line in measured(name, part):
            print(json.dumps(line), flush=True)


def measured(name: str, part: Callable[[], Iterator[dict]]) -> Iterator[dict]:
    """The lines of a part, and why it ended early if it did, so that the other parts are measured all the same."""
    try:
        yield from part()
    except Exception as error:  # whatever torch, its compilers or the driver raise
        nothing = dict.fromkeys(("value", "baseline", "baseline_value", "ratio"))
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        yield {"name": f"gpu.{name}", "unit": "", **nothing, "note": f"not measured: {reason}"}
    torch.compiler.reset()
    gc.collect()  # a model whose methods were wrapped refers to itself
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    main()
