"""Dot plot of success rates: a row an arm, its pooled rate with a 95 % interval, small dots for the training seeds.

    python benchmarks/report/dots.py RESULTS.json... PICTURE.png

draws documents of `value_map_ablation.py`, a block per task and setting; a document's `note` is part of the title.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

WIDTH, LEFT, RIGHT, ROW, HEADER, FOOT = 860, 190, 70, 30, 34, 40
INK, SOFT, FAINT, PRIMARY = (30, 30, 30), (120, 124, 130), (226, 228, 232), (30, 90, 200)


def draw(documents: Sequence[Mapping[str, Any]], path: Path) -> None:
    """A PNG of documents of `value_map_ablation.py`, a block per task and setting."""
    blocks: dict[str, list[Mapping[str, Any]]] = {}
    for found in documents:
        for one in found["rates"]:
            blocks.setdefault(_title(found, one["task"]), []).append(one)
    height = sum(HEADER + ROW * len(rates) for rates in blocks.values()) + FOOT
    page = Image.new("RGB", (WIDTH, height), "white")
    pen, top = ImageDraw.Draw(page), 0
    for share in range(0, 101, 20):
        pen.line((_x(share / 100), HEADER - 6, _x(share / 100), height - FOOT), FAINT)
        pen.text((_x(share / 100), height - FOOT + 6), f"{share} %", SOFT, _font(13), "ma")
    for title, rates in blocks.items():
        pen.text((12, top + 10), title, INK, _font(15))
        top += HEADER
        for one in rates:
            _row(pen, top + ROW // 2, one)
            top += ROW
    page.save(path)


def _title(found: Mapping[str, Any], task: str) -> str:
    shift, note = found["map_shift_px"][task], f"; {found['note']}" if "note" in found else ""
    return f"{task}, {found['study']['setting']} (the VAE moves maps by {shift:.1f} px{note})"


def _row(pen: ImageDraw.ImageDraw, y: int, one: Mapping[str, Any]) -> None:
    color = PRIMARY if one["arm"] == "aim" else INK
    pen.text((24, y), one["arm"], color, _font(14), "lm")
    pen.line((_x(one["low"]), y, _x(one["high"]), y), color, 2)
    for share in one["seeds"]:
        pen.ellipse((_x(share) - 2, y - 9, _x(share) + 2, y - 5), SOFT)
    x = _x(one["successes"] / one["trials"])
    pen.ellipse((x - 5, y - 5, x + 5, y + 5), color)
    pen.text((_x(max(one["high"], *one["seeds"])) + 8, y), f"{one['successes']}/{one['trials']}", SOFT, _font(12), "lm")


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


if __name__ == "__main__":
    *results, picture = map(Path, sys.argv[1:])
    draw([json.loads(path.read_text()) for path in results], picture)
