"""Bundled fonts and fonts of the user: present, described truly, and damaged files refused."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.typeface import bar_font

from tirage.assets import fonts
from tirage.assets.fontsource import FontPack, LibraryFonts, PackedFonts, face_of, face_text
from tirage.engine.errors import ResourceProblem
from tirage.engine.resources import FaceInfo
from tirage.engine.text.fonts import FontBook

BUNDLED = fonts.bundled()


def face_file(family: str = "Caveat", weight: int = 400) -> Path:
    """The file of a bundled face, as somebody's font to read."""
    return next(f.path for f in BUNDLED.family(family) if f.weight == weight and not f.italic)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the user's fonts."""
    monkeypatch.setenv("TIRAGE_FONTS_DIR", str(tmp_path / "fonts"))
    return tmp_path / "fonts"


def test_every_file_is_the_one_of_the_index() -> None:
    """Each face's file is there and has the hash and the size that the index says."""
    assert len(BUNDLED.families()) >= 32
    for face in BUNDLED.faces:
        data = face.path.read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (face.sha256, face.size), face.path.name


def test_every_family_has_a_regular_face_and_its_licence() -> None:
    """Each family has an upright face of weight 400, and each package's licence text travels along."""
    for family in BUNDLED.families():
        assert any(f.weight == 400 and not f.italic for f in BUNDLED.family(family)), family
    texts = [path.read_text(encoding="utf-8") for path in (fonts.BUNDLED_DIR / "licenses").iterdir()]
    assert len(texts) == len(BUNDLED.families())
    assert all("Open Font License" in text.title() or "Apache License" in text for text in texts)


def test_bold_of_every_script() -> None:
    """A headline in any of the promised scripts finds a bold face in its fallback family."""
    for role in ("base", "arabic", "hebrew", "devanagari", "thai", "japanese", "chinese", "korean"):
        (family,) = BUNDLED.roles[role]
        assert any(f.weight == 700 for f in BUNDLED.family(family)), family


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("Latin", "The quick brown fox jumps over ßœøşžđ ’“”–—…€£¥©®™°"),
        ("Vietnamese", "Tiếng Việt ở đây ắằẵặ"),
        ("Greek", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
        ("Cyrillic", "Съешь ещё этих мягких французских булок ґїєў"),
        ("Arabic", "أبجد هوز حطي كلمن سعفص قرشت ٠١٢٣٤٥ پچژگ یک"),
        ("Hebrew", "דג סקרן שט בים מאוכזב ולפתע מצא חברה שָׁלוֹם"),
        ("Devanagari", "ऋषियों को सताने वाले दुष्ट राक्षसों ०१२३"),
        ("Thai", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า ๐๑๒๓ ฿"),
        ("Japanese", "いろはにほへと チリヌルヲ 色は匂へど散りぬるを 「」、。"),
        ("Simplified Chinese", "我能吞下玻璃而不伤身体。《书》,价格¥"),
        ("Traditional Chinese", "我能吞下玻璃而不傷身體。繁體中文"),
        ("Korean", "키스의 고유조건은 입술끼리 만나야 하고"),
        ("Symbols", "←↑→↓↔⇒★☆✓✔✗✘•◦▪●○■□▲△▼♠♥♦♣♪♫☎✂✉☀☁♻⚡①②③½⅓²³№"),
        ("Mathematics", "∀∃∈∉∑∏∫√∞≈≠≤≥⊂⊆∪∩±×÷"),
        ("Emoji", "😀🎉❤👍🏽👩\u200d💻🏳🌈🇩🇪1\u20e3"),
        ("Money", "$€£¥₹₺₽₿₩₪₫₴"),
    ],
)
def test_no_empty_box(script: str, text: str) -> None:
    """Every character of the promised scripts has a glyph in one of the fallback families."""
    fallback = [face for family in BUNDLED.fallback for face in BUNDLED.family(family)]
    shown = [c for c in text if not c.isspace() and unicodedata.category(c) != "Cf"]
    assert [c for c in shown if not any(face.covers(ord(c)) for face in fallback)] == []


def test_fallback_order() -> None:
    """The base family is asked first and the emoji last; the emoji alone are in colour."""
    assert BUNDLED.fallback[0] == "Noto Sans" and BUNDLED.fallback[-1] == "Noto Color Emoji"
    assert {face.family for face in BUNDLED.faces if face.color} == {"Noto Color Emoji"}


@given(st.integers(0, 0x10FFFF))
def test_covers_is_membership_of_the_ranges(code_point: int) -> None:
    """`covers` agrees with looking through all ranges, for a face with few and one with many."""
    for face in (BUNDLED.family("Bebas Neue")[0], BUNDLED.family("Noto Sans JP")[0]):
        assert face.covers(code_point) == any(low <= code_point <= high for low, high in face.coverage)


def test_reading_a_bundled_file_gives_what_the_index_says() -> None:
    """The reader for users' files and the build agree about a face."""
    for face in (BUNDLED.family("Lora")[0], BUNDLED.family("Poppins")[-1], BUNDLED.family("Noto Sans Thai")[0]):
        (read,) = fonts.read_face(face.path)
        assert (read.weight, read.italic, read.coverage, read.postscript) == (
            face.weight,
            face.italic,
            face.coverage,
            face.postscript,
        )
        assert (read.sha256, read.scripts, read.color) == (face.sha256, face.scripts, face.color)


def test_load_maps_the_file_once() -> None:
    """`load` gives the file's bytes, read-only, and the same map each time."""
    face = BUNDLED.family("Anton")[0]
    data = fonts.load(face)
    assert bytes(data) == face.path.read_bytes()
    assert fonts.load(face) is data
    assert memoryview(data).readonly


def test_add_and_list(folder: Path) -> None:
    """An added font appears in the user's list and among the families; adding it twice keeps one."""
    assert fonts.user_fonts() == ()
    first = fonts.add(face_file("Pacifico"))
    assert fonts.add(face_file("Pacifico")) == first == fonts.user_fonts()
    assert first[0].path.parent == folder
    assert [path.suffix for path in folder.iterdir()] == [".ttf"]
    assert "Pacifico" in fonts.families()


def test_add_unpacks_woff2(folder: Path, tmp_path: Path) -> None:
    """A WOFF2 file is stored as a plain font with the same characters."""
    from fontTools.ttLib import TTFont

    packed = tmp_path / "packed.woff2"
    with TTFont(face_file()) as font:
        font.flavor = "woff2"
        font.save(packed)
    (face,) = fonts.add(packed)
    assert face.path.read_bytes()[:4] == b"\0\1\0\0"
    assert face.coverage == BUNDLED.family("Caveat")[0].coverage


@pytest.mark.parametrize("flavor", [None, "woff", "woff2"])
def test_a_variable_font_of_the_user_has_every_weight(folder: Path, tmp_path: Path, flavor: str | None) -> None:
    """Its axes are known, and a face is opened at the weight that is asked for, in a mapped file too."""
    file = tmp_path / f"grow.{flavor or 'ttf'}"
    file.write_bytes(bar_font("Grow", axes=[("wght", 1, 400, 1000), ("wdth", 75, 100, 125)], flavor=flavor))
    (added,) = fonts.add(file)
    assert added.axes == (("wght", 1.0, 400.0, 1000.0), ("wdth", 75.0, 100.0, 125.0))
    assert added.style == "Regular"
    book = FontBook(LibraryFonts())
    (info,) = book.family("grow")
    for weight, width in ((1, 100), (400, 500), (700, 700), (1000, 900), (2000, 900)):
        face = book.open(info, weight)
        left, _, right, _ = face.extents(face.font.get_nominal_glyph(ord("I")))
        assert right - left == width, weight


def test_weights_of_an_axis_are_those_of_css(tmp_path: Path) -> None:
    """What lies outside 1 to 1000 is cut off (CSS Fonts 4, 2.2)."""
    file = tmp_path / "wide.ttf"
    file.write_bytes(bar_font("Wide", axes=[("wght", 0, 400, 2000)]))
    assert fonts.read_face(file)[0].axes == (("wght", 1.0, 400.0, 1000.0),)


def test_collection(folder: Path, tmp_path: Path) -> None:
    """All faces of a collection file are read, each with its number."""
    from fontTools.ttLib import TTCollection, TTFont

    collection = TTCollection()
    collection.fonts = [TTFont(face_file("Caveat", weight)) for weight in (400, 700)]
    path = tmp_path / "both.ttc"
    collection.save(path)
    assert [(face.weight, face.index) for face in fonts.add(path)] == [(400, 0), (700, 1)]


def test_a_broken_file_in_the_folder_is_left_out(folder: Path) -> None:
    """A damaged file among the user's fonts does not hide the good ones."""
    fonts.add(face_file())
    (folder / "broken.ttf").write_bytes(face_file().read_bytes()[:5000])
    (folder / "notes.txt").write_text("not a font")
    assert [face.family for face in fonts.user_fonts()] == ["Caveat"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\1\0\0", b"not a font at all, but long enough to look", b"wOF2" + bytes(60), b"ttcf" + bytes(60)],
    ids=["empty", "short", "text", "woff2", "collection"],
)
def test_no_font_is_refused(data: bytes, folder: Path, tmp_path: Path) -> None:
    """What is no font is refused by name, and nothing is stored."""
    path = tmp_path / "bad.ttf"
    path.write_bytes(data)
    with pytest.raises(ResourceProblem, match=r"bad\.ttf") as caught:
        fonts.add(path)
    assert caught.value.code == "font_rejected"
    assert not folder.exists()


@pytest.mark.parametrize("cut", [13, 500, 5_000, 60_000, 200_000])
def test_a_truncated_font_is_refused(cut: int, tmp_path: Path) -> None:
    """A font file that ends too early is refused."""
    path = tmp_path / "cut.ttf"
    path.write_bytes(face_file().read_bytes()[:cut])
    with pytest.raises(ResourceProblem):
        fonts.read_face(path)


@pytest.mark.parametrize("sanitiser", [True, False], ids=["sanitiser", "fontTools only"])
def test_damage_anywhere_never_escapes(sanitiser: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A font with bytes overwritten anywhere is either read or refused with a ResourceProblem, nothing else."""
    if not sanitiser:
        monkeypatch.setattr(fonts, "sanitise", lambda *_: False)
    data = face_file().read_bytes()
    refused = 0
    for place in (4, 12, 40, 100, 300, 700, 1_500, 4_000, 20_000, 120_000):
        path = tmp_path / f"damaged-{place}.ttf"
        path.write_bytes(data[:place] + b"\xff" * 64 + data[place + 64 :])
        try:
            fonts.read_face(path)
        except ResourceProblem as problem:
            refused += 1
            assert problem.code == "font_rejected"
    assert refused >= 3


def test_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the size limit is refused before it is read."""
    monkeypatch.setattr(fonts, "MAX_FONT_BYTES", 1000)
    with pytest.raises(ResourceProblem, match="up to 1,000"):
        fonts.read_face(face_file())


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is a problem with its name, not a traceback."""
    with pytest.raises(ResourceProblem, match=r"absent\.ttf"):
        fonts.read_face(tmp_path / "absent.ttf")


def test_fonts_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout without fonts says which command builds them."""
    monkeypatch.setattr(fonts, "BUNDLED_DIR", tmp_path)
    with pytest.raises(ResourceProblem, match=r"pip install -e \.") as caught:
        fonts.bundled.__wrapped__()
    assert caught.value.code == "fonts_missing"


def test_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting the fonts lie in the user's data folder."""
    monkeypatch.delenv("TIRAGE_FONTS_DIR", raising=False)
    assert fonts.user_dir().parts[-2:] == ("tirage", "fonts")


@given(
    st.lists(st.integers(0, 0x10FFFF), unique=True, max_size=40).map(sorted),
    st.integers(1, 1000),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_a_face_comes_back_from_its_text(codes: list[int], weight: int, flag: bool, name: str) -> None:
    """What stores and jobs keep of a face is all of it."""
    pairs = tuple(zip(codes[::2], codes[1::2], strict=False))
    face = FaceInfo("key", name, weight, flag, pairs, not flag, (("wght", 1.0, 400.0, 1000.0),), name)
    assert face_of("key", orjson.loads(face_text(face))) == face


def test_packed_fonts_come_before_the_others() -> None:
    """Faces of a pack are listed first and loaded from it; all others stay reachable, the fallback is the same."""
    base = LibraryFonts()
    mine = FaceInfo("mine", "Inter", 400, False, ((65, 90),))
    packed = PackedFonts(FontPack.of([(mine, b"bytes")]), base)
    assert packed.faces()[0] == mine and len(packed.faces()) == len(base.faces()) + 1
    assert packed.load("mine") == b"bytes" and packed.fallback() == base.fallback()
    other = base.faces()[0].key
    assert packed.load(other) is base.load(other)
