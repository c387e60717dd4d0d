"""The benchmark of the 5B model: its count of FLOPs is torch's, and what it runs on a GPU it can run here, tiny."""

import json
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from aimdata.model.network.config import AimConfig, BackboneConfig, TextConfig, TransformerConfig, VaeConfig
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

spec = spec_from_file_location("gpu", Path(__file__).parents[2] / "benchmarks" / "gpu.py")
gpu = module_from_spec(spec)
spec.loader.exec_module(gpu)

BACKBONE = BackboneConfig(
    transformer=TransformerConfig(heads=2, head_dim=24, layers=3, ffn_dim=40),
    vae=VaeConfig(z_dim=8),
    text=TextConfig(width=16),
)
TINY = gpu.Case(
    name="tiny",
    backbone=BACKBONE,
    aim=AimConfig(action_width=16, action_ffn_dim=36, actions_per_latent=4),
    cells=(4, 6),
    text=5,
    history=2,
    chunks=2,
    steps=2,
    rank=2,
)
CPU = torch.device("cpu")


def counted(call) -> int:
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    return counter.get_total_flops()


@pytest.mark.parametrize(("past", "chunks"), [(0, 1), (2, 1), (1, 2)])
def test_the_flops_of_a_training_pass_are_those_torch_counts(past, chunks):
    given = gpu.Given(TINY, gpu.build(TINY, CPU, torch.float32))
    numbers = range(past + 1 - chunks, past + 1)
    futures = [given.chunk(gpu.FRAMES * now).as_future(given.level(), given.level()) for now in numbers]
    text, before = given.text(), given.past(past)
    before = replace(before, actions=before.actions if past else None)
    size = given.size(past, chunks, 0)
    whole = replace(size, pairs=(size.video + size.action) ** 2)
    assert gpu.forward_flops(given.aim, whole) == counted(lambda: given.aim(text, before, futures))


@torch.no_grad()
def test_the_flops_of_a_sampling_step_are_those_torch_counts():
    given = gpu.Given(TINY, gpu.build(TINY, CPU, torch.float32))
    text = given.aim.encode_text(given.text())
    cache, noise = given.aim.extend_cache(text, given.past(2)), given.chunk(4)
    config = gpu.SamplingConfig(2, 2, order="sync")
    found = counted(lambda: gpu.sample(given.aim, text, cache, noise, config))
    assert gpu.step_flops(given, cache, config) == found


def test_everything_runs_in_bf16_and_gives_figures():
    lines = [
        *gpu.latency(TINY, CPU, compiled=False),
        *gpu.training(TINY, CPU, torch.bfloat16),
        *gpu.full_training(TINY, CPU),
    ]
    fields = {"name", "value", "unit", "baseline", "baseline_value", "ratio", "note"}
    assert all(set(line) == fields and json.dumps(line) for line in lines)
    names = [line["name"].removeprefix("gpu.tiny.") for line in lines]
    assert names == [
        "chunk_past",
        "chunk_sync",
        "chunk_sequential",
        "chunk_actions",
        "chunk_memory",
        "step_staged",
        "tokens",
        "step_memory",
        "full_step",
        "full_memory",
    ]
    assert all(line["value"] > 0 for line in lines if not line["name"].endswith("memory"))


def test_five_billion_parameters_are_built_and_counted_without_memory():
    case = gpu.Case()
    given = gpu.Given(case, gpu.build(case, torch.device("meta"), torch.bfloat16))
    assert sum(p.numel() for p in given.aim.wan.parameters()) == 4_999_787_712
    step = gpu.forward_flops(given.aim, given.size(-1, 1, 0, reads=False))
    assert step == pytest.approx(601 * 8.68e9, rel=0.05)  # 8.68 GFLOP a video token, and 601 of them


def test_the_pairs_that_attend_are_those_of_a_pass():
    given = gpu.Given(TINY, gpu.build(TINY, CPU, torch.float32))
    futures = [given.chunk(gpu.FRAMES * now).as_future(given.level(), given.level()) for now in range(2)]
    with torch.no_grad():
        tags = given.aim.extend_cache(given.text(), given.past(1), futures).tags
    assert len(tags.now) == given.size(1, 2, 0).video + given.size(1, 2, 0).action
    pairs = int(gpu.visible(given.aim.table, tags, tags, given.aim.config.window).sum())
    assert gpu.attending_pairs(TINY, 2) == pairs


def test_a_part_that_fails_says_why_and_keeps_what_it_measured():
    def part():
        yield {"name": "one"}
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried")

    one, end = gpu.measured("training", part)
    assert one == {"name": "one"}
    assert end["note"] == "not measured: OutOfMemoryError: CUDA out of memory. Tried"


def test_what_cannot_be_measured_beside_the_model_is_reported(monkeypatch):
    monkeypatch.setattr(gpu.sys, "executable", "/bin/false")
    assert [line["note"][:12] for line in gpu.companions()] == ["not measured"] * 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_it_says_so(capsys):
    gpu.main()
    (line,) = capsys.readouterr().out.splitlines()
    assert "no GPU here" in json.loads(line)["note"]
