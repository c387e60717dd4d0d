"""`aimdata eval` as its users meet it, on trials that were made before."""

import json
from pathlib import Path

import pytest
from aimdata.commands.policies import checked_sampling, images_of
from aimdata.dataset.attempts import Attempt, append
from aimdata.errors import UsageError
from aimdata.geometry import CANVASES, T_POSE
from aimdata.simgen.evaluation.protocol import EvalConfig, record_protocol
from PIL import Image

ASKED = ("eval", "--tasks", "click_bell", "--setting", "easy", "--results", "found")


@pytest.fixture
def found(tmp_path):
    """A results folder of `zero` with a success, a failure, and seeds that the expert fails on up to the last."""
    folder = tmp_path / "found"
    config = EvalConfig(folder, ("click_bell",), ("easy",), episodes=2, policy="zero")
    record_protocol(folder, config.protocol())
    for seed in range(config.seed, config.seed + config.seed_budget):
        outcome = {0: "success", 1: "failed"}.get(seed - config.seed, "unreachable")
        append(folder, Attempt("click_bell", "easy", seed, outcome))
    return folder


def test_results_are_written_and_printed(run, found):
    code, out, _ = run(*ASKED, "--policy", "zero", "--episodes", 2)
    assert code == 0
    assert out.strip() == (found / "report.md").read_text().strip()
    assert "| **zero, here** | 50 % (1/2; 9 to 91 %) |  |" in out
    with Image.open(found / "report.png") as chart:
        assert chart.width > 1500
    assert json.loads((found / "results.json").read_text())["lines"][1]["measured"]["easy"]["successes"] == 1


def test_machines_read_a_line_an_object_and_the_protocol_last(run, found):
    _, out, _ = run(*ASKED, "--policy", "zero", "--episodes", 2, "--json")
    mean, bell, last = map(json.loads, out.splitlines())
    assert (mean["task"], bell["task"]) == ("mean", "click_bell")
    assert bell["measured"]["easy"]["trials"] == 2
    assert last["protocol"]["first_seed"] == 100_000
    assert Path(last["results"]).name == "results.json"


def test_trials_that_are_missing_make_the_result_partial_but_not_lost(run, found):
    limit = EvalConfig(found, (), episodes=3).seed_budget
    for seed in range(100_026, 100_000 + limit):
        append(found, Attempt("click_bell", "easy", seed, "unreachable"))
    code, out, err = run(*ASKED, "--policy", "zero", "--episodes", 3)
    assert code == 3
    assert "1 trials are missing: the expert solves too few seeds" in err
    assert "50 % (1/2" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--policy", "expert"), "choose another folder with --results"),
        (("--policy", "zero", "--wording", "seen"), "choose another folder with --results"),
        (("--policy", "zero", "--wording", "polite"), "no wording named 'polite'"),
        (("--policy", "zeroo"), "did you mean zero"),
        (("--policy", "zero", "--share-model"), "--share-model is for checkpoints"),
        (("--policy", "zero", "--episodes", 0), "must be at least 1"),
        (("--policy", "zero", "--limit", 0), "limit is 0"),
        (("--policy", "zero", "--limit", 50), "action limit None, not 50"),
        (("--policy", "zero", "--set", "seed=1"), "--set is for checkpoints"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(run, found, options, said):
    code, out, err = run(*ASKED, *options)
    assert (code, out) == (2, "")
    assert said in err
    assert len([line for line in err.splitlines() if not line.startswith("Evaluating ")]) == 1


def test_two_results_folders_are_compared_seed_by_seed(run, found):
    code, out, _ = run("eval", "compare", found, found)
    assert code == 0
    assert "| mean | easy | 2 | 50.0 % | 50.0 % | +0.0 | +0.0 to +0.0 | 0 | 0 |" in out
    code, out, _ = run("eval", "compare", found, found, "--json")
    assert [json.loads(line)["task"] for line in out.splitlines()] == ["mean", "click_bell"]
    code, _, err = run("eval", "compare", found, found.parent)
    assert code == 2
    assert "holds no evaluation" in err


@pytest.fixture
def policy(tmp_path):
    """The folder of a checkpoint of stage 1 that was trained on the tiny canvas, without weights."""
    from aimdata.model import checkpoint
    from aimdata.model.data_config import DataConfig
    from aimdata.model.network.config import AimConfig, BackboneConfig
    from aimdata.model.normalise import Normalisation, Normaliser

    same = Normaliser((0.0,) * 14, (1.0,) * 14)
    about = (BackboneConfig(), AimConfig(), DataConfig(), Normalisation(same, same), CANVASES["tiny"], "ab", {})
    meta = checkpoint.CheckpointMeta(checkpoint.FORMAT, checkpoint.VERSION, "1", 3, 9, *about, shader="forward")
    return str(checkpoint.write(tmp_path, meta, {}, keep=1))


def test_a_checkpoint_sees_the_canvas_it_was_trained_on_and_no_other(policy):
    tiny = CANVASES["tiny"]
    assert images_of(policy, None, None) == (tiny, "forward")
    assert images_of(policy, "tiny", "deferred") == (tiny, "deferred")
    with pytest.raises(UsageError, match="trained on a canvas of 64 x 96 and sees no other"):
        images_of(policy, "t-pose", None)


@pytest.mark.parametrize("replan", [8, 24, 48])
def test_a_chunk_is_replaced_at_the_end_of_one_of_its_latent_frames_or_not_at_all(policy, replan):
    with pytest.raises(UsageError, match=f"replan is {replan}, expected a multiple of 16.* up to 32"):
        checked_sampling(policy, [f"replan={replan}"])
    assert checked_sampling(policy, ["seed=1", "replan=16"]) == "replan=16, seed=1"


def test_a_policy_server_is_shown_the_canvas_asked_for():
    assert images_of("http://127.0.0.1:8000", None, None) == (T_POSE, "forward")
    assert images_of("http://127.0.0.1:8000", "small", None)[0] == CANVASES["small"]


def test_a_policy_on_the_hub_that_cannot_be_had_is_one_sentence(run, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, _, err = run(*ASKED, "--policy", "hf://me/no-such-policy")
    assert code == 1
    assert "hf://me/no-such-policy could not be downloaded" in err
    assert len(err.strip().splitlines()) == 1


def test_a_policy_on_the_hub_is_evaluated_from_its_downloaded_folder_under_its_own_name(run, found, monkeypatch):
    from aimdata.commands import evaluate

    monkeypatch.setattr(evaluate, "downloaded", lambda policy: "zero")
    code, _, err = run(*ASKED, "--policy", "hf://me/aim", "--episodes", 2)
    assert code == 2
    assert "holds trials with policy 'zero', not 'hf://me/aim'" in err
