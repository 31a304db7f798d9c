"""The variables of a template → rows of random but plausible data, the same for the same seed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from faker import Faker


@dataclass(frozen=True, slots=True)
class SampleField:
    """What is known of a variable: its name, its type, and the values that its author gave."""

    name: str
    type: str = "text"
    sample: str | None = None
    default: str | None = None
    description: str | None = None
    enum: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()


_VERBS = ("Meet", "Discover", "Rethink", "Celebrate", "Build", "Explore", "Welcome", "Share", "Grow", "Simplify")
_THINGS = (
    "your next chapter",
    "the city after dark",
    "a calmer inbox",
    "work that matters",
    "the art of slow coffee",
    "a home by the sea",
    "better numbers",
    "small ideas with long legs",
    "the new collection",
    "a season of light",
    "bread worth waking up for",
    "everything in one place",
)
_TAILS = ("", "", "", " today", " this autumn", " in ten minutes", ", without the noise", " – from the first day on")
_SENTENCES = (
    "Good work is mostly patience with details.",
    "We started with a notebook and a long table.",
    "It saves our team a morning every week.",
    "What is simple to use was hard to make.",
    "Nobody remembers the plan; everybody remembers the day it worked.",
    "I came for the design and stayed for the people.",
    "Begin before you are ready, and mend it while it runs.",
    "The best tool is the one that you forget.",
)
_ROLES = (
    "Product Designer",
    "Head of Operations",
    "Nurse Practitioner",
    "Data Engineer",
    "Baker",
    "Chief Financial Officer",
    "Customer Success Lead",
    "Civil Engineer",
    "Teacher",
    "Senior Software Engineer, Platform",
)
_PRODUCTS = ("Lamp", "Notebook", "Kettle", "Backpack", "Chair", "Raincoat", "Headphones", "Teapot", "Desk", "Blanket")
_QUALITIES = ("Oak", "Linen", "Copper", "Nordic", "Everyday", "Handmade", "Compact", "Wool", "Classic", "Ceramic")
_VENUES = ("Great Hall", "Harbour Theatre", "Old Mill", "Botanical Garden", "City Arena", "Studio 4", "The Orangery")
_OFFERS = ("20 % off", "Two for one", "Free delivery", "First month free", "Save 15 €", "Early-bird price")
#: Names that no face for Latin letters can draw: they show what a layout does with other scripts.
_OTHER_SCRIPTS = (
    "محمد الهاشمي",
    "נועה לוי",
    "佐藤 美咲",
    "Ελένη Παπαδοπούλου",
    "Юлія Шевченко",
    "अनन्या शर्मा",
    "Zoë 🌸 Kühn",
)


def _headline(source: _Source) -> str:
    text = f"{source.pick(_VERBS)} {source.pick(_THINGS)}{source.pick(_TAILS)}"
    return text if source.random.random() > 0.1 else f"{text}, and {source.pick(_VERBS).lower()} {source.pick(_THINGS)}"


def _paragraph(source: _Source) -> str:
    count = source.random.choice((1, 1, 2, 3))
    return " ".join(source.random.sample(_SENTENCES, count))


def _name(source: _Source) -> str:
    if source.random.random() < 0.05:
        return source.pick(_OTHER_SCRIPTS)
    name: str = source.faker.name()
    return name if source.random.random() > 0.05 else f"{name} {source.faker.last_name()}-{source.faker.last_name()}"


class _Source:
    """A seeded Faker and a seeded `Random`; every value comes from them alone."""

    def __init__(self, faker: Faker, random: Random) -> None:
        self.faker = faker
        self.random = random

    def pick(self, choices: Sequence[str]) -> str:
        return self.random.choice(choices)

    def number(self, low: int, high: int) -> str:
        return str(self.random.randint(low, high))

    def price(self) -> str:
        units = self.random.choice((4, 9, 14, 24, 39, 49, 89, 129, 349, 1290))
        return f"{units}.{self.random.choice(('00', '50', '90', '99'))}"


_Maker = Callable[[_Source], str]

# The first pattern that fits a name decides, so the narrower ones stand first. Names are looked at in lower snake case.
_BY_NAME: Final[tuple[tuple[str, _Maker], ...]] = (
    (r"first_?name|given_name|vorname", lambda s: s.faker.first_name()),
    (r"last_?name|surname|family_name|nachname", lambda s: s.faker.last_name()),
    (r"job|role|position|occupation|job_title", lambda s: s.pick(_ROLES)),
    (r"company|organi[sz]ation|employer|brand|sponsor|issuer|firm", lambda s: s.faker.company()),
    (r"e_?mail|mail", lambda s: s.faker.ascii_safe_email()),
    (r"phone|mobile|tel", lambda s: f"0{s.number(20, 89)} {s.number(100, 999)} {s.number(1000, 9999)}"),
    (r"street|address", lambda s: s.faker.street_address()),
    (r"city|town|place", lambda s: s.faker.city()),
    (r"country", lambda s: s.faker.country()),
    (r"zip|postcode|postal_code", lambda s: s.faker.postcode()),
    (r"handle|username|user", lambda s: s.faker.user_name()),
    (r"domain|site|website|url|link|href", lambda s: f"https://example.com/{s.faker.slug()}"),
    (r"colou?r|background|accent", lambda s: s.faker.hex_color()),
    (r"year", lambda s: s.number(1990, 2030)),
    (r"weekday|day", lambda s: s.faker.day_of_week()),
    (r"month", lambda s: s.faker.month_name()),
    (r"time|doors|start|end", lambda s: f"{s.random.randint(8, 22):02d}:{s.pick(('00', '15', '30', '45'))}"),
    (r"date|birthday|deadline|expires|valid", lambda s: f"{_date(s)}"),
    (r"currency", lambda s: s.pick(("EUR", "USD", "GBP", "JPY"))),
    (r"salary|income", lambda s: f"{s.random.randint(32, 140)},000"),
    (r"price|cost|amount|total|fee|was|old_price|new_price", lambda s: s.price()),
    (r"percent|percentage|discount|progress", lambda s: f"{s.random.randint(1, 19) * 5} %"),
    (r"offer|deal|promo", lambda s: s.pick(_OFFERS)),
    (r"rating|score|stars", lambda s: f"{s.random.randint(30, 50) / 10}"),
    (r"venue|location|stage|hall", lambda s: s.pick(_VENUES)),
    (r"seat", lambda s: s.number(1, 48)),
    (r"row", lambda s: s.pick("ABCDEFGHJKLMN")),
    (r"gate|section|block", lambda s: f"{s.pick('ABCD')}{s.number(1, 24)}"),
    (r"code|barcode|qr|ticket|serial|id|order|reference|sku", lambda s: f"{s.pick('KMRTX')}{s.number(100000, 999999)}"),
    (r"age", lambda s: s.number(1, 99)),
    (r"bed(room)?s|bath(room)?s|rooms", lambda s: s.number(1, 6)),
    (r"area|size|sqm|sqft", lambda s: s.number(34, 260)),
    (r"episode|number|no|nr|count|quantity|edition|points|index", lambda s: s.number(1, 240)),
    (r"quote|testimonial|saying", lambda s: s.pick(_SENTENCES)),
    (r"product|item|article", lambda s: f"{s.pick(_QUALITIES)} {s.pick(_PRODUCTS)}"),
    (
        r"course|subject|topic|programme|program",
        lambda s: f"{s.pick(_QUALITIES)} {s.pick(('Design', 'Cooking', 'Data'))}",
    ),
    (r"cta|button|action|label|badge|tag|category", lambda s: s.pick(("Read more", "Join in", "New", "Book now"))),
    (
        r"name|author|speaker|guest|host|recipient|person|attendee|artist|instructor|agent|signed|signature|from|to",
        _name,
    ),
    (r"body|text|description|summary|message|bio|abstract|intro|details|note|caption", _paragraph),
    (r"title|headline|heading|subtitle|tagline|slogan|event|show|podcast|subject_line", _headline),
)
_BY_TYPE: Final[dict[str, _Maker]] = {
    "color": lambda s: s.faker.hex_color(),
    "number": lambda s: s.number(1, 500),
    "integer": lambda s: s.number(1, 500),
    "boolean": lambda s: s.pick(("true", "false")),
    "date": lambda s: _date(s),
    "url": lambda s: f"https://example.com/{s.faker.slug()}",
    "email": lambda s: s.faker.ascii_safe_email(),
}
_PICTURE = re.compile(r"(^|_)(avatar|photo|image|picture|logo|portrait|cover|icon|thumbnail|img)(_|$|\d)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _date(source: _Source) -> str:
    # Fixed bounds: counting from today would give other rows tomorrow.
    return f"{source.random.randint(2026, 2028)}-{source.random.randint(1, 12):02d}-{source.random.randint(1, 28):02d}"


def _maker(field: SampleField) -> _Maker:
    name = re.sub(r"[^a-z0-9]+", "_", _CAMEL.sub("_", field.name).lower()).strip("_")
    given = tuple(dict.fromkeys(each for each in (*field.samples, field.sample, field.default) if each))
    if field.enum:
        return lambda source: source.pick(field.enum)
    if field.type in ("image", "picture") or _PICTURE.search(name):
        pictures = given or tuple(_swatch(tone) for tone in ("#e76f51", "#2a9d8f", "#264653", "#e9c46a"))
        return lambda source: source.pick(pictures)
    if field.type in _BY_TYPE and field.type not in ("number", "integer"):
        return _BY_TYPE[field.type]
    exact = [make for pattern, make in _BY_NAME if re.fullmatch(pattern, name)]
    words = exact or [make for pattern, make in _BY_NAME if re.search(rf"(^|_)({pattern})(_|\d|$)", name)]
    maker = words[0] if words else _BY_TYPE.get(field.type, _headline)
    if field.type in ("number", "integer"):
        plain = _BY_TYPE[field.type]
        return lambda source: text if _is_number(text := maker(source)) else plain(source)
    if given and maker in (_headline, _paragraph):
        return lambda source: _as_long_as(maker(source), given[0], source)
    return maker


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) is not None


def _as_long_as(text: str, sample: str, source: _Source) -> str:
    """Text about as long as the author's own (40 to 160 %), so that it is meant for the same box."""
    wanted = max(3, round(len(sample) * source.random.uniform(0.4, 1.6)))
    words = text.rstrip(".").split()
    while len(" ".join(words)) < wanted * 0.8:
        words += f"and {source.pick(_VERBS).lower()} {source.pick(_THINGS)}".split()
    while len(words) > 1 and len(" ".join(words)) > wanted:
        words.pop()
    while len(words) > 1 and words[-1].lower().strip(",–") in {"a", "and", "the", "of", "in", "by", "for", "with", ""}:
        words.pop()
    return " ".join(words).rstrip(",")


def _swatch(tone: str) -> str:
    shape = f"<rect width='64' height='64' fill='{tone}'/>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'>{shape}</svg>"
    return "data:image/svg+xml," + svg.replace("#", "%23").replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")


def sample_rows(
    variables: Sequence[SampleField], n: int, seed: int = 1, locale: str = "en_US"
) -> Iterator[dict[str, str]]:
    """Give `n` rows with a value for every variable; equal arguments give equal rows.

    Pictures are picked from the samples given (a small coloured square without any); raises `ValueError` for a locale
    that Faker does not know.
    """
    from faker import Faker  # It takes a quarter of a second to load.

    try:
        faker = Faker(locale.replace("-", "_"))
    except AttributeError:
        raise ValueError(f"No sample data for the locale {locale!r}; de_DE, en_US, fr_FR, ja_JP are some.") from None
    faker.seed_instance(seed)
    source = _Source(faker, Random(seed))
    makers = [(field.name, _maker(field)) for field in variables]
    for _ in range(n):
        yield {name: " ".join(maker(source).split()) for name, maker in makers}
