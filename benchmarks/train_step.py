"""Time and memory of a training step: AIM against stock Wan, and visibility by construction against a dense mask.

* One chunk of the preset `tiny` in batches of 16 against stock WanTransformer3DModel, on as many RGB tokens and on as
  many tokens in all; each does forward, backward and AdamW. AIM adds its value and action streams, the mask and the
  encoding (VAE and text), also given by itself.
* Several chunks in one pass, on the canvas of `small`: each group given just the keys it sees (attention=staged)
  against a dense mask. Their losses are compared first. Memory is what autograd keeps, counted by storage.

Times are those of one thread's own computing, so that what else runs counts little. JSON lines on stdout.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from aimdata.model.config import TrainConfig
from aimdata.model.data import Batch
from aimdata.model.network.aim import Aim
from aimdata.model.network.backbone import build_transformer
from aimdata.model.network.chunk import Future, Past, Velocities
from aimdata.model.network.config import AimConfig, AttentionBackend
from aimdata.model.network.flow import add_noise, velocity
from aimdata.model.presets import tiny
from aimdata.model.world_model import WorldModel

REPEATS = 5
BATCH = 16
LONG = (4, 16)
CELLS = (12, 8)


def seconds(*calls: Callable[[], None], repeats: int = REPEATS) -> list[float]:
    """Median over calls, which take turns, after one to warm up."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats + 1):
        for own, call in zip(times, calls, strict=True):
            start = time.process_time()
            call()
            own.append(time.process_time() - start)
    return [statistics.median(own[1:]) for own in times]


def batch(config: TrainConfig) -> Batch:
    """Random samples of the preset's shapes."""
    generator, size, data = torch.Generator().manual_seed(0), BATCH, config.data
    chunks = data.history_chunks + 1

    def pixels(*shape: int) -> torch.Tensor:
        return torch.randint(0, 256, (size, *shape), generator=generator, dtype=torch.uint8)

    return Batch(
        rgb=pixels(1 + 8 * chunks, data.height, data.width, 3),
        value=pixels(1, 8, data.height, data.width),
        actions=torch.randn(size, data.actions * chunks, 14, generator=generator),
        state=torch.randn(size, 1, 14, generator=generator),
        instructions=("Place the cup on the coaster.",) * size,
    )


def updating(module: torch.nn.Module, loss: Callable[[], torch.Tensor]) -> Callable[[], None]:
    """A whole optimiser step on that loss."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4, fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return step


def against_wan() -> None:
    """One chunk of `tiny`."""
    config = tiny()
    samples, world = batch(config), WorldModel(config.backbone, config.aim)
    encoded, t = world.encode(samples), torch.full((BATCH,), 0.5)
    (chunk,) = encoded.futures
    clean = (chunk.video, chunk.value, chunk.actions)
    noise = [torch.randn_like(z) for z in clean]
    x, m, a = (add_noise(z, e, t) for z, e in zip(clean, noise, strict=True))
    noisy = replace(chunk, video=x, value=m, actions=a).as_future(t, t)

    def aim_loss() -> torch.Tensor:
        (found,) = world.aim(encoded.text, encoded.past, [noisy])
        pairs = zip((found.video, found.value, found.actions), clean, noise, strict=True)
        return torch.stack([(v - velocity(z, e)).pow(2).mean() for v, z, e in pairs]).sum()

    stock, frames = build_transformer(config.backbone), torch.cat([encoded.past.observations, chunk.video], dim=2)
    each = frames.shape[3] * frames.shape[4] // 4
    with torch.no_grad():
        tokens = len(world.aim.extend_cache(encoded.text, encoded.past, [noisy]))
    longer = torch.cat([frames] * (tokens // frames.shape[2]), dim=2)[:, :, : round(tokens / each)]

    def stock_loss(latents: torch.Tensor) -> torch.Tensor:
        return stock(latents, 1000 * t, encoded.text).sample.pow(2).mean()

    steps = [updating(stock, lambda latents=latents: stock_loss(latents)) for latents in (frames, longer)]
    rgb, everything, own, encoding = seconds(
        *steps, updating(world.aim, aim_loss), lambda: world.encode(samples) and None
    )
    about = f"batch {len(t)}, {frames.shape[2] * each} RGB tokens of {tokens}, one thread"
    wan = "WanTransformer3DModel step, as many"
    report("tiny.step", 1000 * own, "ms", about, f"{wan} tokens in all", 1000 * everything)
    report("tiny.step_rgb", 1000 * own, "ms", about, f"{wan} RGB tokens", 1000 * rgb)
    report("tiny.encoding", 1000 * encoding, "ms", about, f"{wan} RGB tokens", 1000 * rgb)


def against_a_mask(count: int) -> None:
    """A sample of `count` chunks in one pass."""
    config = tiny()
    aim, channels = Aim(build_transformer(config.backbone), AimConfig()), config.backbone.vae.z_dim
    generator, half = torch.Generator().manual_seed(0), torch.full((1,), 0.5)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(1, *shape, generator=generator)

    text = normal(config.backbone.text.tokens, config.backbone.text.width)
    past = Past(normal(channels, 2 * count - 1, *CELLS), actions=normal(32 * (count - 1), 14))
    futures = [
        Future(2 * number, *(normal(channels, f, *CELLS) for f in (2, 1, 2)), normal(32, 14), half, half, half)
        for number in range(count)
    ]

    def loss(how: AttentionBackend) -> torch.Tensor:
        aim.attention = how
        return sum_of_squares(aim(text, past, futures))

    ways: tuple[AttentionBackend, AttentionBackend] = ("sdpa", "staged")
    torch.testing.assert_close(*(loss(how) for how in ways), rtol=1e-4, atol=0)
    dense, staged = seconds(*(updating(aim, lambda how=how: loss(how)) for how in ways), repeats=2)
    memory = [kept(aim, lambda how=how: loss(how)) for how in ways]
    with torch.no_grad():
        tokens = len(aim.extend_cache(text, past, futures))
    about = f"{tokens} tokens in one pass, tiny weights, one thread"
    report(f"chunks_{count}", 1000 * staged, "ms", about, "one dense mask", 1000 * dense)
    report(f"chunks_{count}.tokens", tokens / staged, "tokens/s", about, "one dense mask", tokens / dense)
    report(f"chunks_{count}.kept", memory[1], "MB", f"for the backward pass; {about}", "one dense mask", memory[0])


def sum_of_squares(found: list[Velocities]) -> torch.Tensor:
    """A loss that asks for everything."""
    return torch.stack([part.square().mean() for v in found for part in (v.video, v.value, v.actions)]).sum()


def kept(module: torch.nn.Module, loss: Callable[[], torch.Tensor]) -> float:
    """MB of what autograd keeps, each storage once, without parameters."""
    own = {p.untyped_storage().data_ptr() for p in module.parameters()}
    found: dict[int, torch.UntypedStorage] = {}

    def note(x: torch.Tensor) -> torch.Tensor:
        found[x.untyped_storage().data_ptr()] = x.untyped_storage()
        return x

    with torch.autograd.graph.saved_tensors_hooks(note, lambda x: x):
        graph = loss()
    del graph
    return sum(storage.nbytes() for pointer, storage in found.items() if pointer not in own) / 1e6


def report(name: str, value: float, unit: str, note: str, baseline: str, baseline_value: float) -> None:
    """One line of JSON."""
    about = {
        "baseline": baseline,
        "baseline_value": round(baseline_value, 2),
        "ratio": round(value / baseline_value, 3),
    }
    line = {"name": f"train_step.{name}", "value": round(value, 2), "unit": unit, **about, "note": note}
    print(json.dumps(line), flush=True)


def main() -> None:
    """Measures and prints."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    against_wan()
    for count in LONG:
        against_a_mask(count)


if __name__ == "__main__":
    main()
