"""What `--policy` names: a policy without images, a checkpoint, or the address of one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError, unknown
from .players import WITHOUT_IMAGES

if TYPE_CHECKING:
    from ..dataset.storage.layout import Shader
    from ..geometry import Canvas


def chosen_policy(policy: str | None) -> str:
    """The value of --policy; UsageError if it was not given or names nothing."""
    if policy is None:
        raise UsageError(
            "Which policy? Give --policy replay (recorded actions, no model), a checkpoint's folder such as "
            "aim-runs/tiny/stage-1/step-000300, hf://user/name, or the address of a policy server."
        )
    if policy not in WITHOUT_IMAGES and "://" not in policy and not Path(policy).exists():
        raise unknown(
            "policy", policy, [*WITHOUT_IMAGES, "a checkpoint's folder", "hf://user/name", "http://127.0.0.1:PORT"]
        )
    return policy


def downloaded(policy: str) -> str:
    """The folder of a checkpoint on the Hub, downloaded once; any other policy as it is."""
    if not policy.startswith("hf://"):
        return policy
    from ..model.hub import local_path

    return str(local_path(policy))


def images_of(policy: str, canvas: str | None, shader: str | None) -> "tuple[Canvas, Shader]":
    """The canvas and shader of the images a policy sees; UsageError if a checkpoint was trained on another canvas."""
    from ..simgen.generation.image_options import parse_canvas, parse_shader

    wanted = parse_canvas(canvas or "t-pose")
    if policy in WITHOUT_IMAGES or "://" in policy:
        return wanted, parse_shader(shader or "forward")
    from ..model.checkpoint import read_meta

    meta = read_meta(Path(policy))
    if canvas is not None and wanted != meta.canvas:
        raise UsageError(
            f"{policy} was trained on a canvas of {meta.canvas.width} x {meta.canvas.height} and sees no other; "
            f"'{canvas}' is {wanted.width} x {wanted.height}, so leave --canvas out."
        )
    return meta.canvas, parse_shader(shader or meta.shader)


def checked_sampling(policy: str, given: Sequence[str]) -> str:
    """The sampling settings as the protocol states them; UsageError if they do not fit the policy."""
    if not given:
        return ""
    execution = all(setting.partition("=")[0].strip() in ("replan", "latency") for setting in given)
    if policy in WITHOUT_IMAGES or ("://" in policy and not execution):
        raise UsageError(f"--set is for checkpoints; '{policy}' has no sampling to set here.")
    from ..model.inference.config import SamplingConfig
    from ..model.settings import apply

    sampling = apply(SamplingConfig(), given)
    if "://" not in policy:
        _check_replan(policy, sampling.replan)
    return ", ".join(sorted(given))


def _check_replan(policy: str, replan: int) -> None:
    from ..model.checkpoint import read_meta
    from ..model.network.config import TEMPORAL_STRIDE

    data = read_meta(Path(policy)).data
    per_latent = TEMPORAL_STRIDE * data.stride
    if replan % per_latent or replan > data.actions:
        raise UsageError(
            f"replan is {replan}, expected a multiple of {per_latent}, the actions of a latent frame, up to "
            f"{data.actions}, a chunk."
        )


def about(policy: str, dataset: str | None) -> str:
    """What identifies a policy beyond its name; UsageError if there is no such policy."""
    if policy == "replay":
        source = "each demonstration's own quantiles" if dataset is None else f"the statistics of {dataset}"
        return f"recorded actions, normalised and restored with {source}"
    if policy in WITHOUT_IMAGES or "://" in policy:
        return ""
    return _identity(Path(policy))


def _identity(policy: Path) -> str:
    """What identifies a checkpoint."""
    from hashlib import sha256

    from ..model import checkpoint

    meta = checkpoint.read_meta(policy)
    document = sha256((policy / checkpoint.DOCUMENT).read_bytes()).hexdigest()
    return f"stage {meta.stage}, step {meta.step}, sha256 {document[:16]}"


def evaluation_of(policy: Path, results: Path) -> str:
    """The report of a results folder; UsageError if it is of another policy or of none."""
    from ..dataset.storage.json_documents import from_json
    from ..simgen.evaluation.protocol import PROTOCOL, Protocol
    from ..simgen.evaluation.results import REPORT

    for name in (PROTOCOL, REPORT):
        if not (results / name).is_file():
            raise UsageError(f"{results} holds no {name}; give a folder that `aimdata eval` finished.")
    found = from_json((results / PROTOCOL).read_bytes(), Protocol, results / PROTOCOL).about
    if found != (wanted := _identity(policy)):
        raise UsageError(f"{results} is an evaluation of '{found or 'another policy'}', not of {policy} ({wanted}).")
    return (results / REPORT).read_text().partition("\n")[2]
