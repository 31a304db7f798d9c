"""Codes are read back by another reader, and wrong numbers are refused with the right digit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pyvips
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from tirage.engine.codes.barcode import barcode, check_digit
from tirage.engine.codes.modules import Modules, outline, rectangles
from tirage.engine.codes.qr import qr_code
from tirage.engine.errors import ResourceProblem, TirageError
from tirage.engine.values.outline import rectangle, reverse

LOGO = (
    "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2010%2010'%3E"
    "%3Ccircle%20cx='5'%20cy='5'%20r='5'%20fill='tomato'/%3E%3C/svg%3E"
)
SYMBOLOGIES = [
    ("code128", "Tirage-2026", "Tirage-2026"),
    ("gs1-128", "(01)09501101530003(10)AB-1", "(01)09501101530003(10)AB-1"),
    ("code39", "TIRAGE-39", "TIRAGE-39"),
    ("code93", "TIRAGE93", "TIRAGE93"),
    ("codabar", "A1234B", "A1234B"),
    ("itf14", "1540014128876", "15400141288763"),
    ("itf", "123456", "123456"),
    ("ean13", "590123412345", "5901234123457"),
    ("ean13", "5901234123457+12345", "590123412345712345"),
    ("ean8", "7351353", "73513537"),
    ("upca", "03600029145", "0036000291452"),
    ("upce", "123456", "0012345000065"),
    ("isbn", "0-306-40615-2", "9780306406157"),
    ("datamatrix", "Tirage rows ü", "Tirage rows ü"),
    ("gs1-datamatrix", "(01)09501101530003(10)AB", "(01)09501101530003(10)AB"),
    ("pdf417", "Tirage prints one picture per row", "Tirage prints one picture per row"),
    ("aztec", "Tirage", "Tirage"),
]


def document(kind: str, width: int, height: int, **properties: Any) -> dict[str, Any]:
    """A page with a single code on grey."""
    layer = {"id": "c", "name": "code", "type": kind, "width": width, "height": height, **properties}
    return {"width": width, "height": height, "background": "#d0d8e0", "layers": [layer]}


def read(data: bytes, *, shrink: float = 1.0, quality: int | None = None) -> list[str]:
    """The texts that a reader finds in a picture, made smaller and compressed first."""
    image = pyvips.Image.new_from_buffer(data, "")
    if image.hasalpha():
        image = image.flatten()
    if shrink != 1.0:
        image = image.resize(shrink)
    if quality:
        image = pyvips.Image.new_from_buffer(image.jpegsave_buffer(Q=quality), "")
    grey = image.colourspace("b-w")
    pixels = np.ndarray(buffer=grey.write_to_memory(), dtype=np.uint8, shape=(grey.height, grey.width))
    found = zxingcpp.read_barcodes(pixels, ean_add_on_symbol=zxingcpp.EanAddOnSymbol.Read)
    # A number with an add-on is found twice, once without it.
    return [max((each.text for each in found), key=len)] if found else []


@pytest.mark.parametrize(("symbology", "value", "text"), SYMBOLOGIES)
def test_a_barcode_is_read_back(studio: Any, symbology: str, value: str, text: str) -> None:
    """From the picture, from a JPEG of quality 75, and at half its size."""
    made = studio.render(document("barcode", 900, 320, symbology=symbology, value=value)).files[0].data
    for shrink, quality in ((1.0, None), (1.0, 75), (0.5, None), (0.5, 75)):
        assert read(made, shrink=shrink, quality=quality) == [text], (shrink, quality)


@pytest.mark.parametrize("shape", ["square", "rounded", "dots", "vertical", "horizontal"])
@pytest.mark.parametrize("eye", ["square", "rounded", "circle"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"color": "linear-gradient(135deg, #1a237e, #b71c1c)", "eyeColor": "#c2185b"},
        {"imageUrl": LOGO, "borderRadius": 24},
    ],
    ids=["plain", "coloured", "logo"],
)
def test_a_qr_code_is_read_back_in_every_dress(studio: Any, shape: str, eye: str, more: dict[str, Any]) -> None:
    """Shapes, eyes, gradients and a logo leave it readable, also as a JPEG of quality 75 at half size."""
    value = "https://tirage.example/t/4711?name=Ünal"
    page = document("qrcode", 400, 400, value=value, moduleShape=shape, eyeFrame=eye, eyeBall=eye, **more)
    pictures = {LOGO: _svg()} if more.get("imageUrl") else {}
    made = studio.render(page, pictures=pictures)
    assert not made.report.warnings
    assert read(made.files[0].data) == [value]
    assert read(made.files[0].data, shrink=0.5, quality=75) == [value]


def test_a_micro_qr_code_is_read_back(studio: Any) -> None:
    """A few characters fit into the small form."""
    assert read(studio.render(document("qrcode", 200, 200, value="AB12", micro=True)).files[0].data) == ["AB12"]


@pytest.mark.parametrize(
    ("symbology", "value", "right"),
    [
        ("ean13", "5901234123451", "7"),
        ("ean8", "73513538", "7"),
        ("upca", "036000291453", "2"),
        ("upce", "01234566", "5"),
        ("itf14", "15400141288764", "3"),
        ("isbn", "9780306406158", "7"),
        ("isbn", "0306406153", "2"),
        ("gs1-128", "(01)09501101530004", "3"),
    ],
)
def test_a_wrong_check_digit_is_told_with_the_right_one(symbology: Any, value: str, right: str) -> None:
    """Nobody has to work out a check digit by hand."""
    with pytest.raises(ResourceProblem, match=rf"check digit .* but must be {right}"):
        barcode(symbology, value)


@pytest.mark.parametrize(
    ("symbology", "value"),
    [
        ("ean13", "12a"),
        ("ean13", "12345"),
        ("ean13", "590123412345+1"),
        ("code128", "日本"),
        ("code128", "x" * 400),
        ("upce", "9"),
        ("aztec", "x" * 3200),
        ("codabar", "12"),
        ("isbn", "123"),
        ("itf", "12x"),
        ("code39", "ä"),
        ("pdf417", "x" * 3999),
    ],
)
def test_a_value_that_does_not_fit_is_refused(symbology: Any, value: str) -> None:
    """With a sentence about the layer's value."""
    with pytest.raises(ResourceProblem) as caught:
        barcode(symbology, value)
    assert caught.value.code == "code_value_invalid" and caught.value.problems[0].pointer == "/value"


@pytest.mark.parametrize(("symbology", "value", "text"), [("itf", "123", "0123"), ("codabar", "a12-3b", "A12-3B")])
def test_people_read_what_scanners_read(symbology: Any, value: str, text: str) -> None:
    """A symbol that holds other characters than were given says so beneath its bars."""
    assert barcode(symbology, value).text == text


@pytest.mark.parametrize(("date", "good"), [("271130", True), ("280229", True), ("270200", True), ("270229", False),
                                            ("271301", False), ("999999", False)])  # fmt: skip
def test_dates_of_gs1_codes_are_dates(date: str, good: bool) -> None:
    """Expiry and other dates are checked; day 00 stands for the end of the month."""
    value = f"(01)09501101530003(17){date}(10)A1"
    if good:
        assert barcode("gs1-128", value).text == value
    else:
        with pytest.raises(ResourceProblem, match=rf"{date} of \(17\) .* is no date"):
            barcode("gs1-datamatrix", value)


def test_small_letters_are_no_code_39() -> None:
    """Scanners would read capitals: that is told instead of drawn."""
    with pytest.raises(ResourceProblem, match="scanners would read 'AB-1'"):
        barcode("code39", "ab-1")


def test_a_upc_e_is_read_by_people_with_its_check_digit() -> None:
    """Six digits stand for eight: number system before, check digit behind."""
    assert barcode("upce", "123456").text == barcode("upce", "0123456").text == barcode("upce", "01234565").text
    assert [text for text, _, _ in barcode("upce", "123456").digits] == ["0", "123456", "5"]


def test_a_too_long_value_of_a_qr_code_names_the_limit() -> None:
    """The sentence says how long it is and what fits."""
    with pytest.raises(ResourceProblem, match="3000 bytes"):
        qr_code("x" * 3000, "H")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([each[0] for each in SYMBOLOGIES]), st.text(max_size=60))
def test_any_text_is_a_symbol_or_our_own_error(symbology: Any, value: str) -> None:
    """Whatever a row brings, nothing else than a TirageError leaves the room."""
    try:
        made = barcode(symbology, value)
    except TirageError:
        return
    assert made.modules.count() > 0


@given(st.text("0123456789", min_size=7, max_size=17), st.integers(0, 9), st.integers(1, 9))
def test_a_check_digit_finds_every_single_wrong_digit(digits: str, place: int, by: int) -> None:
    """Changing one digit always changes it."""
    place %= len(digits)
    other = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    assert check_digit(digits) != check_digit(other)


@given(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), min_size=1, max_size=9))
def test_rectangles_cover_exactly_the_dark_modules(rows: list[list[bool]]) -> None:
    """No module twice, none forgotten."""
    modules = Modules(tuple(bytes(row) for row in rows))
    found = [
        (x, y)
        for left, top, right, bottom in rectangles(modules)
        for x in range(left, right)
        for y in range(top, bottom)
    ]
    assert len(found) == len(set(found)) == modules.count()
    assert all(modules.dark(x, y) for x, y in found)


def test_a_single_rounded_module_is_a_circle() -> None:
    """A module without neighbours has four round corners; one between two has none at their side."""
    alone = outline(Modules((b"\x01",)), 0, 0, 10, 10, "rounded")
    pair = outline(Modules((b"\x01\x01",)), 0, 0, 10, 10, "rounded")
    assert sum(verb == "C" for verb, _ in alone) == 4 == sum(verb == "C" for verb, _ in pair)
    assert len(reverse(rectangle(0, 0, 10, 10, 3))) == len(rectangle(0, 0, 10, 10, 3))


def test_small_and_pale_codes_are_warned_of(studio: Any) -> None:
    """A module below two pixels, and light modules on a dark ground."""
    dense = studio.render(document("barcode", 120, 60, value="A long value for so small a box"))
    pale = studio.render(document("qrcode", 300, 300, value="x", color="#eeeeee", backgroundColor="#222222"))
    empty = studio.render(document("qrcode", 300, 300))
    large = studio.render(document("qrcode", 300, 300, value="x", imageUrl=LOGO, logoSize=0.4), pictures={LOGO: _svg()})
    bare = studio.render(document("barcode", 400, 160, value="x", quietZone=1))
    found = [[each.code for each in made.report.warnings] for made in (dense, pale, empty, large, bare)]
    assert found == [["code_dense"], ["code_contrast"], ["code_empty"], ["code_logo_large"], ["code_quiet_zone"]]


def test_codes_stay_outlines_in_pdf_and_svg(studio: Any) -> None:
    """A printer gets exact edges: no picture is in the document."""
    for output in ("pdf", "svg"):
        data = studio.render(document("barcode", 400, 200, value="Tirage"), output=output).files[0].data
        assert b"/Subtype /Image" not in data and b"<image" not in data


def _svg() -> bytes:
    return (
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'><circle cx='5' cy='5' r='5' fill='tomato'/></svg>"
    )


@pytest.mark.parametrize("output", ["png", "pdf"])
def test_codes_are_measured_on_paper_where_the_output_names_a_dpi(studio: Any, output: str) -> None:
    """A module of 3 px is 0.25 mm at 300 dpi and stays silent; at 600 dpi it is half of that, and told in mm."""
    drawn = document("qrcode", 99, 99, value="https://example.org/a", quietZone=4)
    found = {dpi: studio.render(drawn, output=output, dpi=dpi).report.warnings for dpi in (None, 300, 600)}
    assert [each.code for dpi in (None, 300) for each in found[dpi]] == []
    assert [each.code for each in found[600]] == ["code_dense"] and "0.13 mm wide on paper" in found[600][0].message
    assert not studio.render(drawn, output=output, dpi=600, scale=2).report.warnings
