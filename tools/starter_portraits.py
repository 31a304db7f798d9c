"""Draws the people of the starters and of the sample data as flat SVG portraits: `python tools/starter_portraits.py`."""

# ruff: noqa: E501 (path data have no good places to break)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Person:
    """Colours and the two drawings of the hair: behind the head and over the brow."""

    file: str
    ground: tuple[str, str]
    skin: str
    shade: str
    lip: str
    hair: str
    back: str
    front: str
    wear: str
    collar: str
    extra: str = ""
    brow: str = ""


FACE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">
<defs><linearGradient id="ground" x1="0" y1="0" x2="0" y2="1">
<stop offset="0" stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/></linearGradient></defs>
<rect width="400" height="400" fill="url(#ground)"/>
<g fill="{hair}">{back}</g>
<path d="M44 400c2-62 42-92 104-104l26-8h52l26 8c62 12 102 42 104 104z" fill="{wear}"/>
<path d="M160 236h80v52c0 24-18 42-40 42s-40-18-40-42z" fill="{skin}"/>
<path d="M160 250c12 26 66 30 80 2v26c-16 22-62 22-80-4z" fill="{shade}"/>
{collar}
<ellipse cx="120" cy="194" rx="16" ry="24" fill="{shade}"/><ellipse cx="280" cy="194" rx="16" ry="24" fill="{shade}"/>
<path d="M120 160c0-56 34-88 80-88s80 32 80 88c0 68-36 116-80 116s-80-48-80-116z" fill="{skin}"/>
<path d="M242 84c24 16 38 42 38 76 0 68-36 116-80 116-6 0-12-1-18-3 42-8 70-52 70-113 0-30-4-56-10-76z" fill="{shade}"
 opacity=".55"/>
<path d="M146 160c8-8 22-9 32-3M222 157c10-6 24-5 32 3" fill="none" stroke="{brow}" stroke-width="7"
 stroke-linecap="round"/>
<ellipse cx="164" cy="184" rx="7.5" ry="9" fill="#2a211f"/><ellipse cx="236" cy="184" rx="7.5" ry="9" fill="#2a211f"/>
<circle cx="166.500" cy="181" r="2.500" fill="#fff"/><circle cx="238.500" cy="181" r="2.500" fill="#fff"/>
<path d="M200 186c-4 14-8 24-8 30 0 5 8 7 16 4" fill="none" stroke="{shade}" stroke-width="6" stroke-linecap="round"/>
<path d="M168 236c18 10 46 10 64 0-6 18-18 25-32 25s-26-7-32-25z" fill="{lip}"/>
<path d="M175 239c16 6 34 6 50 0-2 5-8 8-25 8s-23-3-25-8z" fill="#fff"/>
{extra}
<g fill="{hair}">{front}</g>
</svg>
"""

AFRO = (
    '<circle cx="200" cy="128" r="118"/><circle cx="104" cy="190" r="52"/><circle cx="296" cy="190" r="52"/>'
    '<circle cx="116" cy="92" r="52"/><circle cx="284" cy="92" r="52"/><circle cx="200" cy="76" r="60"/>',
    '<path d="M116 168c-4-60 34-104 84-104s88 44 84 104c-10-28-20-44-38-52-8 10-28 14-46 10-14 8-38 6-50-4-18 8-30 24-34 46z"/>',
)
BOB = (
    '<path d="M96 176c-6-80 38-132 104-132s110 52 104 132c-2 40 4 70 10 92-20 14-62 16-84 10h-60c-22 6-64 4-84-10 6-22 12-52 10-92z"/>',
    '<path d="M112 176c0-66 34-112 88-112s88 46 88 112c-8-14-14-30-18-48-40 4-92-2-118-26-6 34-22 58-40 74z"/>',
)
LONG = (
    '<path d="M100 170c-8-76 36-126 100-126s108 50 100 126c0 50 34 90 26 150-40 30-82 20-86-20h-80c-4 40-46 50-86 20-8-60 26-100 26-150z"/>',
    '<path d="M112 184c-6-72 30-124 94-124 54 0 86 48 82 118-24-8-60-34-76-74-18 44-60 70-100 80z"/>',
)
BUN = (
    '<circle cx="200" cy="44" r="40"/><path d="M108 190c-12-84 24-136 92-136s104 52 92 136z"/>',
    '<path d="M112 180c-6-72 28-120 88-120s94 48 88 120c-10-40-30-70-88-74-58 4-78 34-88 74z"/>',
)
SHORT = (
    '<path d="M116 190c-10-80 24-134 84-134s94 54 84 134z"/>',
    '<path d="M112 178c-12-70 22-126 92-126 40 0 76 26 80 70 2 20 0 40-4 56-6-8-8-24-14-44-22 4-50-2-66-18-22 22-52 22-70 20-10 14-14 28-18 42z"/>',
)
CURLS = (
    '<path d="M116 190c-10-80 24-134 84-134s94 54 84 134z"/>',
    '<path d="M114 176c-6-24-4-50 8-66-4-28 22-46 44-42 14-20 54-22 68 0 26-6 50 14 46 44 10 18 10 42 4 64-6-10-10-24-14-40-16 4-32 0-42-12-16 12-40 12-54 0-12 10-30 14-44 10-6 14-10 28-16 42z"/>',
)
BUZZ = (
    '<path d="M118 170c-4-62 28-104 82-104s86 42 82 104z"/>',
    '<path d="M118 164c-4-60 30-100 82-100s86 40 82 100c-6-16-10-26-16-34-38-16-94-16-132 0-6 8-10 18-16 34z"/>',
)
BEARD = '<path d="M121 200c6 56 34 92 79 92s73-36 79-92c-4 18-12 30-22 34-14-16-26-18-57-18s-43 2-57 18c-10-4-18-16-22-34zm45 38c16-8 52-8 68 0-4 20-18 28-34 28s-30-8-34-28z" fill-rule="evenodd"/>'
SCARF = (
    '<path d="M84 196C76 96 128 44 200 44s124 52 116 152c-2 60 10 96 30 124-60 40-232 40-292 0 20-28 32-64 30-124z"/>',
    '<path d="M200 44c72 0 124 52 116 152-2 70-44 132-116 132S86 266 84 196C76 96 128 44 200 44zm0 46c-50 0-74 34-74 78 0 62 32 108 74 108s74-46 74-108c0-44-24-78-74-78z" fill-rule="evenodd"/>',
)
CREW = '<path d="M148 296c20 40 84 40 104 0l14 4c-22 58-110 58-132 0z" fill="{}"/>'
LAPELS = '<path d="M160 290l40 46 40-46 20 8-60 84-60-84z" fill="#ffffff"/>'
TIE = (
    '<path d="M158 290l42 40 42-40 16 6-30 50-28-16-28 16-30-50z" fill="#f4f7f6"/>'
    '<path d="M192 330h16l10 70h-36z" fill="#d98f4e"/>'
)
GLASSES = (
    '<g fill="none" stroke="#3a3550" stroke-width="5"><circle cx="164" cy="186" r="27"/><circle cx="236" cy="186" r="27"/>'
    '<path d="M191 182c6-4 12-4 18 0M137 180l-16-6M263 180l16-6"/></g>'
)
EARRINGS = '<circle cx="118" cy="226" r="9" fill="#f2c14e"/><circle cx="282" cy="226" r="9" fill="#f2c14e"/>'
BROWN, DARK, TAN, LIGHT, FAIR = (
    ("#8d5a3b", "#744528", "#b4524a"), ("#6b4129", "#54301c", "#9c4640"), ("#c98c62", "#ab6e45", "#b24a4f"),
    ("#e7b48c", "#cf9468", "#b85b50"), ("#f2c9a5", "#dba57c", "#c4615a"),
)  # fmt: skip
STARTERS, EXAMPLES = "src/tirage/starters/", "examples/portraits/"

PEOPLE = (
    Person(STARTERS + "quote/assets/portrait.svg", ("#f4b183", "#e88d67"), *BROWN, "#241815", *AFRO, "#f7ead9", CREW.format("#e3cfb6"), EARRINGS),
    Person(STARTERS + "open-graph/assets/author.svg", ("#c9d6ff", "#93a8f4"), *FAIR, "#1d1a26", *BOB, "#2c2f6b", LAPELS, GLASSES),
    Person(STARTERS + "real-estate-card/assets/agent.svg", ("#b9ded6", "#7fbcb0"), *LIGHT, "#5a3a26", SHORT[0], SHORT[1] + BEARD, "#24525a", TIE),
    Person(STARTERS + "social-ad/assets/portrait.svg", ("#ffd6e0", "#ff9eb5"), *TAN, "#3b2219", *LONG, "#4b2bd6", CREW.format("#3a1fb0")),
    Person(EXAMPLES + "woman-1.svg", ("#ffd6e0", "#ff9eb5"), *TAN, "#3b2219", *LONG, "#4b2bd6", CREW.format("#3a1fb0")),
    Person(EXAMPLES + "woman-2.svg", ("#f4b183", "#e88d67"), *DARK, "#1d1311", *AFRO, "#f7ead9", CREW.format("#e3cfb6"), EARRINGS),
    Person(EXAMPLES + "woman-3.svg", ("#c9d6ff", "#93a8f4"), *FAIR, "#c98b3a", *BOB, "#2c2f6b", LAPELS),
    Person(EXAMPLES + "woman-4.svg", ("#d9f2e4", "#8fd0ae"), *LIGHT, "#2b1d1a", *BUN, "#c8492b", CREW.format("#a63a20"), EARRINGS),
    Person(EXAMPLES + "woman-5.svg", ("#fde9c8", "#f7c873"), *TAN, "#2a7a78", *SCARF, "#1f5b5a", "", brow="#3b2219"),
    Person(EXAMPLES + "woman-6.svg", ("#e9dcff", "#b79bf2"), *FAIR, "#1d1a26", *BUN, "#3d2b6b", LAPELS, GLASSES),
    Person(EXAMPLES + "man-1.svg", ("#b9ded6", "#7fbcb0"), *LIGHT, "#5a3a26", SHORT[0], SHORT[1] + BEARD, "#24525a", TIE),
    Person(EXAMPLES + "man-2.svg", ("#ffe1c2", "#ffb46b"), *DARK, "#17100e", *BUZZ, "#22577a", CREW.format("#1a4560")),
    Person(EXAMPLES + "man-3.svg", ("#d7e8ff", "#8fb8f0"), *FAIR, "#c47f35", *CURLS, "#2f5d50", LAPELS),
    Person(EXAMPLES + "man-4.svg", ("#ffd9d2", "#ff9c8a"), *FAIR, "#1d1a26", *SHORT, "#3a3550", CREW.format("#2b2740"), GLASSES),
    Person(EXAMPLES + "man-5.svg", ("#e4f0c8", "#b4d070"), *TAN, "#241815", CURLS[0], CURLS[1] + BEARD, "#6b3a2a", CREW.format("#54291c")),
    Person(EXAMPLES + "man-6.svg", ("#e3e1ee", "#aaa6c8"), *BROWN, "#3b3b40", BUZZ[0], BUZZ[1] + BEARD, "#1d2b53", TIE, GLASSES),
)  # fmt: skip

if __name__ == "__main__":
    for person in PEOPLE:
        drawing = FACE.format(
            top=person.ground[0], bottom=person.ground[1], skin=person.skin, shade=person.shade, lip=person.lip,
            hair=person.hair, brow=person.brow or person.hair, back=person.back, front=person.front, wear=person.wear,
            collar=person.collar, extra=person.extra,
        )  # fmt: skip
        (HOME / person.file).parent.mkdir(parents=True, exist_ok=True)
        (HOME / person.file).write_text(drawing.replace(".500", ".5"), encoding="utf-8")
