"""Evaluation of a policy that lives elsewhere: it plays, and one that falls silent ends the run with a sentence."""

import socket
import sys
from pathlib import Path
from threading import Thread
from time import monotonic

import pytest
from aimdata.model.serve import PolicyServer
from aimdata.simgen.evaluate import evaluate
from aimdata.simgen.protocol import EvalConfig
from aimdata.simgen.workers import WorkerFailed

sys.path.insert(0, str(Path(__file__).parent))  # spawned workers import `playing` from here
from playing import REMOTE, Still, plays_elsewhere

pytestmark = pytest.mark.sapien


def config(folder):
    return EvalConfig(folder, ("click_bell",), ("easy",), episodes=1, seed=5, policy="http://…")


def test_a_served_policy_is_evaluated(tmp_path, monkeypatch):
    made = []

    def make():
        made.append(Still())
        return made[-1]

    with PolicyServer(make) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(REMOTE, server.url)
        done = evaluate(config(tmp_path), plays_elsewhere, sees=False)
        server.shutdown()
    assert [(one.outcome, one.frames) for one in done.trials] == [("failed", 601)]
    assert len(made) == 1
    assert "bell" in made[0].told.lower()


def test_a_server_that_never_answers_ends_the_evaluation_with_a_sentence(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(REMOTE, f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = monotonic()
        with pytest.raises(WorkerFailed, match="does not answer"):
            evaluate(config(tmp_path), plays_elsewhere, sees=False)
    assert monotonic() - begun < 60
    assert not (tmp_path / "attempts.jsonl").exists()
