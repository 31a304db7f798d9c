"""The environment's settings: read, bounded, and told when they are wrong."""

from __future__ import annotations

import pytest

from tirage.client.client import KEY_VARIABLE, URL_VARIABLE
from tirage.settings import SETTINGS, Settings, SettingsInvalid, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    """The table's defaults are what holds."""
    assert read_settings({}) == Settings() == read_settings({"TIRAGE_WORKERS": " ", "PATH": "/bin"})
    assert {each.name: each.default for each in SETTINGS} == {
        each.name: getattr(Settings(), each.name) for each in SETTINGS
    }


def test_what_the_client_reads_is_no_slip() -> None:
    """Who has an address and a key in the environment can also serve, look after and check a service."""
    assert read_settings({URL_VARIABLE: "http://127.0.0.1:8080", KEY_VARIABLE: "tir_live_x"}) == Settings()


def test_values_are_read_by_their_kind() -> None:
    """Numbers, words, switches and paths."""
    read = read_settings(
        {"TIRAGE_WORKERS": "3", "TIRAGE_SANDBOX": "off", "TIRAGE_DEBUG": "yes", "TIRAGE_PICTURE_SECONDS": "0.5"}
    )
    assert (read.workers, read.sandbox, read.debug, read.picture_seconds) == (3, "off", True, 0.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIRAGE_WORKERS", "-1"),
        ("TIRAGE_WORKERS", "two"),
        ("TIRAGE_WORKERS", "1.5"),
        ("TIRAGE_FETCH_SECONDS", "nan"),
        ("TIRAGE_FETCH_SECONDS", "inf"),
        ("TIRAGE_SANDBOX", "maybe"),
        ("TIRAGE_DEBUG", "perhaps"),
        ("TIRAGE_WORKER_MEMORY", "1"),
    ],
)
def test_values_that_cannot_be_used_are_told(name: str, value: str) -> None:
    """The sentence names the variable and the value."""
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({name: value})
    assert name in str(caught.value) and value in str(caught.value)


def test_all_faults_are_told_at_once_with_the_nearest_name() -> None:
    """A misspelt name is a fault too."""
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({"TIRAGE_WORKER": "1", "TIRAGE_LOOK_AHEAD": "0"})
    assert [code for code, _, _ in caught.value.faults] == ["setting_unknown", "setting_invalid"]
    assert "TIRAGE_WORKERS" in str(caught.value)
