"""Lists of words and a seed → the example tables in `examples/`: people.csv, products.ndjson and rows.xlsx.

Run `python tools/example_data.py` after a change; the same words give the same tables on every machine.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path
from random import Random

from openpyxl import Workbook

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PEOPLE = 200
_SEED = 2026


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_WOMEN = _words(
    "Amara|Beatriz|Camille|Chloé|Danielle|Elena|Fatou|Freya|Grace|Hanna|Ingrid|Isabel|Jada|Joanna|Katarzyna|Lucía|"
    "Mei|Michelle|Nadia|Natalie|Olivia|Priya|Renée|Rosa|Sakura|Simone|Sofia|Tamsin|Vera|Wanjiru"
)
_MEN = _words(
    "Aaron|Antoine|Björn|Charles|Daniel|Diego|Emeka|Felix|Gabriel|Henrik|Ivan|Jakub|Joseph|Kofi|Liam|Luca|Mario|"
    "Mateo|Nikolai|Oliver|Pedro|Rahul|Ryan|Samuel|Sean|Tariq|Thomas|Victor|Wei|Yusuf"
)
_LAST = _words(
    "Acheampong|Andersson|Bauer|Becker|Brown|Carlson|Castillo|Chen|Costa|Dubois|Evans|Ferrari|Fischer|Garcia|Hall|"
    "Ito|Ivanova|Jensen|Johnson|Kapoor|Kaya|Kim|Kowalski|Lefèvre|Lindqvist|Mbeki|Moreau|Moreno|Müller|Nguyen|"
    "Novák|O’Brien|Okafor|Pereira|Pope|Ramirez|Rossi|Sanders|Silva|Singh|Sørensen|Tanaka|Walker|Wright|Young"
)
_ROLES = _words(
    "Product Designer|Head of Operations|Nurse Practitioner|Data Engineer|Baker|Chief Financial Officer|Teacher|"
    "Civil Engineer|Customer Success Lead|Senior Software Engineer, Platform|Founder|Gardener|Museum Curator"
)
_COMPANIES = _words(
    "Northlight|Paper & Pine|Harbour Health|Blue Ladder|Fjord Analytics|Calder and Sons|Tiny Giant|Lumen Works|"
    "Atlas Freight|Mosaic Schools|Old Mill Bakery|Quiet Machines|Sunday Cycles|Verde|Brick, Stone & Daughters"
)
_CITIES = _words(
    "Accra|Antwerp|Barcelona|Berlin|Bogotá|Boston|Cape Town|Chicago|Copenhagen|Dublin|Edinburgh|Helsinki|Istanbul|"
    "Kraków|Lagos|Lisbon|London|Lyon|Melbourne|Mexico City|Milan|Montréal|Mumbai|Nairobi|New York|Oslo|Prague|"
    "Reykjavík|São Paulo|Seattle|Seoul|Singapore|Toronto|Utrecht|Vienna|Warsaw|Wellington|Zürich"
)
_VERBS = _words("Meet|Discover|Rethink|Celebrate|Build|Explore|Welcome|Share|Grow|Simplify")
_THINGS = _words(
    "your next chapter|the city after dark|a calmer inbox|work that matters|the art of slow coffee|a home by the sea|"
    "better numbers|small ideas with long legs|the new collection|a season of light|bread worth waking up for|"
    "everything in one place"
)
_TAILS = ("", "", "", "", " today", " this autumn", " in ten minutes", " – from the first day on")
_OFFERS = ("20 % off", "Two for one", "Free delivery", "First month free", "Save 15 €", "Early-bird price")
#: Every twentieth person has a name that tests a layout: another script, another direction, long, with pictures.
_UNUSUAL = (
    ("محمد", "الهاشمي", "دبي", "man"),
    ("נועה", "לוי", "תל אביב", "woman"),
    ("美咲", "佐藤", "東京", "woman"),
    ("Zoë 🌸", "Kühn", "Köln", "woman"),
    ("Søren", "Ångström-Þórðarson", "Tromsø", "man"),
    ("Maximiliane-Charlotte", "von Hohenberg-Wittelsbach", "Garmisch-Partenkirchen", "woman"),
    ("ליאור", "כהן", "חיפה", "man"),
    ("فاطمة", "العلي", "القاهرة", "woman"),
    ("健太", "鈴木", "大阪", "man"),
    ("José 🎉", "Muñoz", "A Coruña", "man"),
)
_GOODS = _words("Kettle|Backpack|Desk|Chair|Teapot|Lamp|Notebook|Raincoat|Headphones|Blanket")
_QUALITIES = _words("Oak|Linen|Copper|Nordic|Everyday|Handmade|Compact|Wool|Classic|Ceramic")
_PRAISE = (
    "Good work is mostly patience with details.",
    "What is simple to use was hard to make.",
    "The best tool is the one that you forget.",
    "Made in small numbers, and meant to be mended.",
    "Nobody remembers the plan; everybody remembers the day it worked.",
)


def _headline(random: Random) -> str:
    return f"{random.choice(_VERBS)} {random.choice(_THINGS)}{random.choice(_TAILS)}"


def people() -> str:
    """The CSV of two hundred people, one of twenty with an unusual name."""
    random = Random(_SEED)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["first_name", "last_name", "role", "company", "city", "headline", "offer", "photo"])
    for number in range(1, PEOPLE + 1):
        kind = random.choice(("man", "woman"))
        first, last = random.choice(_MEN if kind == "man" else _WOMEN), random.choice(_LAST)
        city = random.choice(_CITIES)
        if number % 20 == 10:
            first, last, city, kind = _UNUSUAL[number // 20]
        cells = [random.choice(_ROLES), random.choice(_COMPANIES), city, _headline(random), random.choice(_OFFERS)]
        writer.writerow([first, last, *cells, f"portraits/{kind}-{random.randint(1, 6)}.svg"])
    return text.getvalue()


def products() -> str:
    """The NDJSON of two dozen products, whose prices and ratings are numbers."""
    random = Random(_SEED)
    lines = []
    for _ in range(24):
        product = {
            "sku": f"{random.choice('KMRTX')}{random.randint(100_000, 999_999)}",
            "product": f"{random.choice(_QUALITIES)} {random.choice(_GOODS)}",
            "price": random.choice((9, 14, 24, 49, 89, 129)) + random.choice((0, 0.5, 0.9, 0.99)),
            "color": f"#{random.randrange(0x303030, 0xD0D0D0):06x}",
            "rating": random.randint(30, 50) / 10,
            "description": " ".join(random.sample(_PRAISE, random.choice((1, 1, 2)))),
        }
        lines.append(json.dumps(product, ensure_ascii=False) + "\n")
    return "".join(lines)


def rows() -> bytes:
    """A workbook of ten guests, with dates that are dates and seats that are numbers."""
    random = Random(_SEED)
    book = Workbook()
    book.active.title = "Guests"
    book.active.append(["name", "title", "company", "date", "seat"])
    for number in range(10):
        name = f"{random.choice(_WOMEN + _MEN)} {random.choice(_LAST)}" if number != 3 else "Zoë 🌸 Kühn"
        day = date(2027, 1, 1) + timedelta(days=random.randrange(365))
        book.active.append([name, _headline(random), random.choice(_COMPANIES), day, random.randint(1, 48)])
    made = io.BytesIO()
    book.save(made)
    # The library writes the time of day into the container; without it, the same rows are the same bytes.
    still = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(still, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != "docProps/core.xml":
                new.writestr(zipfile.ZipInfo(name), _without_core(old.read(name)), zipfile.ZIP_DEFLATED)
    return still.getvalue()


def _without_core(part: bytes) -> bytes:
    """The part without its mention of `docProps/core.xml`, which holds nothing but the time."""
    text = part.decode()
    for element in ("Override", "Relationship"):
        before, found, after = text.partition("docProps/core.xml")
        if found and f"<{element} " in before[before.rindex("<") :]:
            text = before[: before.rindex("<")] + after[after.index("/>") + 2 :]
    return text.encode()


def main(folder: Path = EXAMPLES) -> None:
    """Write the tables into the folder."""
    (folder / "people.csv").write_bytes(people().encode())
    (folder / "products.ndjson").write_bytes(products().encode())
    (folder / "rows.xlsx").write_bytes(rows())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
