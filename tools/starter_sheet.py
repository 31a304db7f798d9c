"""Draws all starters side by side for the documentation: `python tools/starter_sheet.py`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pyvips

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "assets" / "starters.png"
WIDTH, GAP = 1280, 20
GROUND = (238, 240, 244)
_MOMENT = ("--clock", "2026-11-30T09:00:00Z")
"""What countdowns are drawn at, so that the sheet is the same on every day."""
ROWS = (
    ("social-ad", "story", "podcast-cover", "product-card", "product-ad"),
    ("certificate", "real-estate-card", "birthday-card", "recipe-card"),
    ("open-graph", "job-post", "quote", "menu"),
    ("monthly-report", "invoice", "badge", "match-result", "product-label"),
    ("event-ticket", "sale-countdown"),
    ("email-banner", "price-tag"),
    ("ticket", "coupon"),
)
"""Which starters share a row; the pictures of a row are made equally high and fill its width."""


def size(name: str) -> tuple[int, int]:
    """The page of a starter in px."""
    page = json.loads((ROOT / "src" / "tirage" / "starters" / name / "template.json").read_bytes())["pages"][0]
    return page["width"], page["height"]


def picture(name: str, width: int, height: int, folder: Path) -> pyvips.Image:
    """A starter at exactly the given size, drawn larger and scaled down."""
    file = folder / f"{name}.png"
    scale = max(0.1, min(4.0, 2 * height / size(name)[1]))
    command = [sys.executable, "-m", "tirage", "render", name, "--scale", f"{scale:.4f}", "--out", str(file), *_MOMENT]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    drawn = pyvips.Image.new_from_file(str(file))
    drawn = drawn.flatten(background=GROUND) if drawn.hasalpha() else drawn
    return drawn.thumbnail_image(width, height=height, size="force")


def main() -> None:
    """Lay the rows out and write one picture with a palette, small enough for a README."""
    placed: list[tuple[pyvips.Image, int, int]] = []
    with tempfile.TemporaryDirectory() as temporary:
        top = GAP
        for row in ROWS:
            room = WIDTH - GAP * (len(row) + 1)
            height = round(room / sum(width / height for width, height in map(size, row)))
            left = GAP
            for name in row:
                width = round(height * size(name)[0] / size(name)[1])
                width = WIDTH - GAP - left if name == row[-1] else width
                placed.append((picture(name, width, height, Path(temporary)).copy_memory(), left, top))
                left += width + GAP
            top += height + GAP
        sheet = (pyvips.Image.black(WIDTH, top, bands=3) + list(GROUND)).cast("uchar").copy(interpretation="srgb")
        for image, left, above in placed:
            sheet = sheet.insert(image, left, above)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        sheet.pngsave(str(TARGET), palette=True, Q=100, dither=1.0, effort=10, compression=9, keep="none")
    print(f"{TARGET.relative_to(ROOT)}: {sheet.width} × {sheet.height}, {TARGET.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
