"""Runs commands of aimdata in this process, one after another, and prints what became of each as JSON.

`python without_privileges.py '[["info", "-d", "data"], …]'`
"""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

from aimdata import cli


def outcome(command: list[str]) -> dict:
    """Exit code, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["aimdata", *command]
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    print(json.dumps([outcome(command) for command in json.loads(sys.argv[1])]))
