"""Every numbered check has a test or a written reason, and no test bears a number that there is not."""

from __future__ import annotations

import checks_page


def test_every_check_has_a_test_or_a_reason() -> None:
    """All 206, each once."""
    numbers = [each.number for each in checks_page.checks()]
    marked, reasons = checks_page.marks(), checks_page.reasons()
    assert sorted(numbers) == list(range(1, 207))
    assert [each for each in numbers if each not in marked and not reasons.get(each)] == []
    assert set(marked) <= set(numbers) and set(checks_page.notes()) <= set(marked)
    assert all(text.endswith(".") for text in [*reasons.values(), *checks_page.notes().values()])
