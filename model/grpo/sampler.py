"""Stochastic samplers of the actions: the flow as a chain of Gaussian steps, so that a sample has a density.

Time runs from t = 1, noise, to t = 0, data, as in `flow`; a step goes from t to t − δ. With x̂0 = x − t v the data and
x̂1 = x + (1 − t) v the noise that the velocity points to, every step is a weighted sum of the two plus noise.
Dimensions: B batch, S random steps, A actions, P numbers of an action.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, log, pi, sin

import torch
from torch import Tensor, nn

from ..config import SamplerConfig
from ..network.chunk import Batched
from ..network.flow import euler, grid

Velocity = Callable[[Tensor, Tensor], Tensor]
"""The network: from x (B, A, P) at times t (B,) to dx/dt."""


@dataclass(frozen=True, eq=False)
class Chain(Batched):
    """The random steps of a sample: x before and after each (B, S, A, P), start and stop times (B, S).

    `log_probability` (B, A, P) is that of all steps together, under the network that sampled them.
    """

    before: Tensor
    after: Tensor
    start: Tensor
    stop: Tensor
    log_probability: Tensor


@dataclass(frozen=True, eq=False)
class Density:
    """Mean and standard deviation (B, S, A, P) of each random step, given x before it."""

    mean: Tensor
    std: Tensor

    def log_probability(self, after: Tensor) -> Tensor:
        """Of the steps to `after` (B, S, A, P), summed over them: (B, A, P)."""
        z = (after - self.mean) / self.std
        return (-0.5 * z**2 - self.std.log() - 0.5 * log(2 * pi)).sum(1)

    def divergence(self, other: "Density") -> Tensor:
        """KL(self ‖ other) (B, A, P), summed over the steps."""
        ratio, shift = self.std / other.std, (self.mean - other.mean) / other.std
        return (0.5 * (ratio**2 + shift**2 - 1) - ratio.log()).sum(1)


class NoiseNet(nn.Module):
    """The learned spread of `noise_net`, per number: of x, the velocity (which knows the observation) and the time."""

    def __init__(self, numbers: int, spread: tuple[float, float], width: int = 64) -> None:
        super().__init__()
        self.spread = spread
        last = nn.Linear(width, numbers)
        nn.init.zeros_(last.weight)
        self.net = nn.Sequential(nn.Linear(2 * numbers + 1, width), nn.SiLU(), last)

    def forward(self, x: Tensor, v: Tensor, t: Tensor) -> Tensor:
        """(B, A, P) between the bounds, of x and v (B, A, P) at t (B,)."""
        time = t[:, None, None].to(x.dtype).expand(*x.shape[:2], 1)
        low, high = self.spread
        share = self.net(torch.cat([x, v.detach(), time], dim=-1)).sigmoid()
        return low * (high / low) ** share


def initial_noise(
    config: SamplerConfig, shape: Sequence[int], group: torch.Generator, own: torch.Generator, dtype: torch.dtype
) -> Tensor:
    """The pure noise an episode's actions start from: the group's with `shared_start`, else the episode's own."""
    source = group if config.shared_start else own
    return torch.randn(tuple(shape), generator=source, device=source.device, dtype=dtype)


def draw(
    config: SamplerConfig, velocity: Velocity, noise: Tensor, generator: torch.Generator, net: NoiseNet | None = None
) -> tuple[Tensor, Chain]:
    """Actions from pure noise (B, A, P), and the chain that gives their density; `net` is for `noise_net` only."""
    size, x = len(noise), noise
    times = grid(config.steps, config.shift).to(noise)
    if config.kind == "gaussian":
        drawn = Density(
            (mean := follow_ode(config, velocity, noise))[:, None], torch.full_like(mean[:, None], config.noise)
        )
        x = mean + config.noise * _normal(mean, generator)
        start, stop = (times[end].expand(size, 1) for end in (0, -1))
        return x, Chain(noise[:, None], x[:, None], start, stop, drawn.log_probability(x[:, None]))
    picked = _random_steps(config, size, generator).to(noise.device)
    states, means, deviations = [x], [], []
    for number, (start, stop) in enumerate(pairwise(times)):
        v = velocity(x, start.expand(size))
        mean, std = _step(config, x, v, start.expand(size), stop.expand(size), net)
        random = (picked == number).any(1)[:, None, None]
        x = torch.where(random, mean + std * _normal(x, generator), euler(x, v, float(start), float(stop)))
        states.append(x)
        means.append(mean)
        deviations.append(std.expand_as(mean))
    row = torch.arange(size, device=noise.device)[:, None]
    path, *moments = (torch.stack(parts, dim=1) for parts in (states, means, deviations))
    after, drawn = path[row, picked + 1], Density(*(part[row, picked] for part in moments))
    return x, Chain(path[row, picked], after, times[picked], times[picked + 1], drawn.log_probability(after))


def density(config: SamplerConfig, velocity: Velocity, chain: Chain, net: NoiseNet | None = None) -> Density:
    """Density of the random steps of a chain under the current network."""
    if config.kind == "gaussian":
        mean = follow_ode(config, velocity, chain.before[:, 0])[:, None]
        return Density(mean, torch.full_like(mean, config.noise))
    means, deviations = [], []
    for x, start, stop in zip(chain.before.unbind(1), chain.start.unbind(1), chain.stop.unbind(1), strict=True):
        mean, std = _step(config, x, velocity(x, start), start, stop, net)
        means.append(mean)
        deviations.append(std.expand_as(mean))
    return Density(torch.stack(means, dim=1), torch.stack(deviations, dim=1))


def _random_steps(config: SamplerConfig, size: int, generator: torch.Generator) -> Tensor:
    """(B, S) indices of the random steps; the last step of `cps` has no spread."""
    if config.kind == "sde_hybrid":
        return torch.randint(config.steps, (size, 1), generator=generator, device=generator.device)
    return torch.arange(config.steps - (config.kind == "cps")).expand(size, -1)


def _step(
    config: SamplerConfig, x: Tensor, v: Tensor, start: Tensor, stop: Tensor, net: NoiseNet | None
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of x after a random step between two times (B,)."""
    t, s = (time[:, None, None].to(x.dtype) for time in (start, stop))
    if net is not None:
        return x + (s - t) * v, net(x, v, start)
    data, noise, a = x - t * v, x + (1 - t) * v, config.noise
    if config.kind == "cps":
        return (1 - s) * data + s * cos(pi * a / 2) * noise, s * sin(pi * a / 2)
    variance = a**2 * t / (1 - torch.where(t == 1, s, t))  # infinite at t = 1: there the next time stands in
    return (1 - s) * data + (s - variance * (t - s) / (2 * t)) * noise, (variance * (t - s)).sqrt()


def follow_ode(config: SamplerConfig, velocity: Velocity, x: Tensor) -> Tensor:
    """Actions from pure noise (B, A, P) without further randomness: Euler steps on the sampler's grid."""
    for start, stop in pairwise(grid(config.steps, config.shift).to(x)):
        x = euler(x, velocity(x, start.expand(len(x))), float(start), float(stop))
    return x


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)
