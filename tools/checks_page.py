"""The list of checks and the marks of the tests → the page that says which test proves what."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests" / "checks" / "checks.toml"
_MARK = re.compile(r"mark\.check\(([\d\s,]*)\)")
_INTRO = """# The checks of reliability

What Tirage promises about load, crashes, hostile input and walls between tenants is written as numbered checks. A
test that proves one carries its number, `@pytest.mark.check(33)`; `make test` runs the short forms, `make soak` the
long ones. A check without a test has a reason.

Routes have short names here: `/v1/renders` is `POST /designs/{UID}`, `/v1/batches` is `POST /batches`. EVIL is a
misbehaving host, CANARY a listener that must never be connected to, HOOK a receiver of webhooks, CLOCK a clock that a
test moves, STUBDNS a resolver whose answers it writes: all are real servers on the loopback interface. Times and
sizes in the second column are those of the long forms, on a machine of four cores.
"""


@dataclass(frozen=True, slots=True)
class Check:
    """What is done and what must come of it."""

    number: int
    area: str
    done: str
    must: str


def checks() -> tuple[Check, ...]:
    """All of them, in order."""
    read = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return tuple(
        Check(int(number), area, done, must)
        for area, rows in read["checks"].items()
        for number, (done, must) in rows.items()
    )


def reasons() -> Mapping[int, str]:
    """Why a check has no test of its own."""
    read = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return {int(number): text for number, text in read["reasons"].items()}


def notes() -> Mapping[int, str]:
    """What a check's tests leave out, or do in another way."""
    read = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return {int(number): text for number, text in read["notes"].items()}


def marks() -> Mapping[int, tuple[str, ...]]:
    """The test files by the numbers that they bear."""
    found: dict[int, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        numbers = {
            int(each)
            for mark in _MARK.findall(path.read_text(encoding="utf-8"))
            for each in mark.split(",")
            if each.strip()
        }
        for number in numbers:
            found.setdefault(number, []).append(path.relative_to(ROOT).as_posix())
    return {number: tuple(paths) for number, paths in found.items()}


def page() -> str:
    """The page."""
    told, why, but, parts, area = marks(), reasons(), notes(), [_INTRO], ""
    for each in checks():
        if each.area != area:
            area = each.area
            parts.append(
                f"\n## {area}\n\n| # | What is done | What must come of it | Tests |\n| --- | --- | --- | --- |"
            )
        tests = "<br>".join(f"`{path}`" for path in told.get(each.number, ())) or f"None: {why[each.number]}"
        if each.number in but:
            tests += f"<br>{but[each.number]}"
        cells = (str(each.number), each.done, each.must, tests)
        parts.append("| " + " | ".join(_cell(each) for each in cells) + " |")
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    """As a cell of a table; outside of code, what looks like a tag is not one."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if place % 2 else re.sub("<(?!br>)", "&lt;", part) for place, part in enumerate(parts))
