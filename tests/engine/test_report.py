"""The report as JSON: names, what is left out, and nothing shared with the report itself."""

from __future__ import annotations

from tirage.engine.report import ImageReport, LayerReport, LineReport, Report, TextReport, Warning_, report_as_json
from tirage.engine.values.transform import Rect


def test_a_report_is_told_in_camel_case_without_what_is_empty() -> None:
    """Attributes have the wire's spelling; None, empty texts and empty tuples are left out, zeros and False are not."""
    line = LineReport(0, 5, 0.0, 12.5, 40.0)
    layer = LayerReport(
        id="a",
        name="title",
        page=0,
        box=Rect(0, 1, 2, 3),
        quad=((0, 1), (2, 1), (2, 4), (0, 4)),
        text=TextReport("Hello", 16.0, (line,), ("Inter",)),
        images=(ImageReport("photo.jpg", "00", 4, 3, Rect(0, 0, 4, 3), Rect(0, 0, 40, 30)),),
    )
    report = Report((layer,), (Warning_("text_cut", "Cut.", "title"),), {"layout": 0.5})
    assert report_as_json(report) == {
        "layers": [
            {
                "id": "a",
                "name": "title",
                "page": 0,
                "box": {"x": 0, "y": 1, "width": 2, "height": 3},
                "quad": [[0, 1], [2, 1], [2, 4], [0, 4]],
                "text": {
                    "text": "Hello",
                    "fontSize": 16.0,
                    "lines": [{"start": 0, "end": 5, "x": 0.0, "baseline": 12.5, "width": 40.0}],
                    "fonts": ["Inter"],
                    "cut": False,
                    "overflow": False,
                },
                "images": [
                    {
                        "source": "photo.jpg",
                        "sha256": "00",
                        "width": 4,
                        "height": 3,
                        "crop": {"x": 0, "y": 0, "width": 4, "height": 3},
                        "place": {"x": 0, "y": 0, "width": 40, "height": 30},
                    }
                ],
            }
        ],
        "warnings": [{"code": "text_cut", "message": "Cut.", "layer": "title"}],
        "timings": {"layout": 0.5},
        "version": 1,
    }


def test_an_empty_report_has_its_version_and_its_timings() -> None:
    """A report of nothing is small."""
    assert report_as_json(Report()) == {"timings": {}, "version": 1}
