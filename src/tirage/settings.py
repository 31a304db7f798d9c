"""The one table of settings: name, default, unit, sentence; flags win over the environment, that over a file."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

Sandbox = Literal["strict", "best-effort", "off"]
LogFormat = Literal["console", "json"]
Origin = Literal["flag", "environment", "file", "default"]
PREFIX = "TIRAGE_"
CONFIG_VARIABLE = "TIRAGE_CONFIG"
"""Names the file of settings (TOML); each of its keys is a setting's name in lower case."""


class SettingsInvalid(ValueError):
    """Settings that cannot be used: (code, variable, sentence) of each."""

    def __init__(self, faults: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__(" ".join(sentence for _, _, sentence in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `unit` is empty for words and paths; `choices` are the words that are taken."""

    name: str
    variable: str
    default: str | int | float | bool
    unit: str
    sentence: str
    least: float = 0
    choices: tuple[str, ...] = ()
    secret: bool = False


def _about(unit: str, sentence: str, least: float = 0, *, secret: bool = False) -> dict[str, Any]:
    return {"unit": unit, "sentence": sentence, "least": least, "secret": secret}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values that hold for this process."""

    workers: int = field(
        default=0, metadata=_about("processes", "How many pictures are drawn at once; 0 means one for each core.")
    )
    sandbox: Sandbox = field(
        default="best-effort",
        metadata=_about("", "Whether drawing processes must (strict), should or need not (off) be walled in."),
    )
    worker_memory: int = field(
        default=2048, metadata=_about("MiB", "How much address space a drawing process may have.", 512)
    )
    worker_resident: int = field(
        default=400, metadata=_about("MiB", "Above this size in memory a drawing process is replaced.", 100)
    )
    picture_seconds: float = field(default=20.0, metadata=_about("s", "How long one picture may take.", 0.1))
    picture_cpu_seconds: int = field(
        default=15, metadata=_about("s", "How much processor time one picture may take.", 1)
    )
    fetch_seconds: float = field(
        default=30.0, metadata=_about("s", "How long a row waits for its remote pictures.", 0.1)
    )
    look_ahead: int = field(
        default=64, metadata=_about("rows", "How many rows ahead of the drawing remote pictures are fetched.", 1)
    )
    cache_dir: str = field(
        default="", metadata=_about("", "Where fetched pictures are kept; empty means the user's cache folder.")
    )
    cache_size: int = field(
        default=2000, metadata=_about("MB", "How much room the kept pictures may take on disk; 0 keeps none.")
    )
    fonts_dir: str = field(
        default="", metadata=_about("", "The folder of the user's own fonts; empty means the user's data folder.")
    )
    debug: bool = field(default=False, metadata=_about("", "Whether errors are shown with their tracebacks."))
    host: str = field(default="127.0.0.1", metadata=_about("", "The address on which the service listens."))
    port: int = field(default=8080, metadata=_about("", "The port on which the service listens; 0 takes a free one."))
    public_url: str = field(
        default="", metadata=_about("", "The base of every address in answers; empty means where the service listens.")
    )
    data_dir: str = field(
        default="",
        metadata=_about(
            "", "The folder of the database, the pictures and the secret; empty means the user's data folder."
        ),
    )
    database_url: str = field(
        default="",
        metadata=_about(
            "", "The application's PostgreSQL; empty starts an embedded one in the data folder.", secret=True
        ),
    )
    database_owner_url: str = field(
        default="",
        metadata=_about("", "The same database for the role that migrates; empty means the same address.", secret=True),
    )
    storage: str = field(
        default="",
        metadata=_about(
            "", "Where pictures are kept: a folder, s3://, gs:// or az://; empty is the data folder.", secret=True
        ),
    )
    source_database_url: str = field(
        default="",
        metadata=_about(
            "",
            "A PostgreSQL that batches may draw rows from, by a role that may only read; empty is none.",
            secret=True,
        ),
    )
    source_query_seconds: int = field(
        default=120, metadata=_about("s", "How long a query of that database may take.", 1)
    )
    secret: str = field(
        default="",
        metadata=_about(
            "", "The installation's secret, 32 bytes in base 64; empty means the file in the data folder.", secret=True
        ),
    )
    bootstrap_key: str = field(
        default="",
        metadata=_about("", "The first API key of a new installation; empty makes one and shows it.", secret=True),
    )
    tls_cert: str = field(
        default="", metadata=_about("", "The certificate (PEM) of the service, or self-signed to make one.")
    )
    tls_key: str = field(default="", metadata=_about("", "The file of the certificate's private key (PEM)."))
    require_https: bool = field(
        default=False, metadata=_about("", "Whether requests that a proxy received over plain HTTP are refused.")
    )
    trusted_proxies: str = field(
        default="", metadata=_about("", "Addresses whose X-Forwarded headers are believed, with commas between.")
    )
    allow_hosts: str = field(
        default="",
        metadata=_about("", "Hosts or networks that pictures may come from beside public ones, with commas."),
    )
    batch_workers: int = field(
        default=1,
        metadata=_about("processes", "Workers that `tirage serve` runs for batches; 0 leaves them to `tirage worker`."),
    )
    workspace_chunks: int = field(
        default=0,
        metadata=_about("chunks", "How many chunks of rows of one workspace are drawn at once; 0 is any."),
    )
    wait_seconds: float = field(
        default=10.0, metadata=_about("s", "How long a request waits for a drawing process before it is told 503.", 0.1)
    )
    rate_key: int = field(
        default=30_000, metadata=_about("requests/min", "How many drawing requests one API key may make; 0 is any.")
    )
    rate_workspace: int = field(
        default=60_000, metadata=_about("requests/min", "How many drawing requests one workspace may have; 0 is any.")
    )
    rate_links: int = field(
        default=6_000, metadata=_about("requests/min", "How many links one address may have drawn anew; 0 is any.")
    )
    rate_failures: int = field(
        default=600,
        metadata=_about("requests/min", "How many wrong keys and signatures are read of one address; 0 is any."),
    )
    monthly_pictures: int = field(
        default=0, metadata=_about("pictures", "How many pictures a workspace may make in a calendar month; 0 is any.")
    )
    ai_url: str = field(
        default="",
        metadata=_about("", "Where pictures are made (OpenAI Images API), such as https://…/v1; empty makes none."),
    )
    ai_key: str = field(default="", metadata=_about("", "The key of the service that makes pictures.", secret=True))
    ai_model: str = field(default="gpt-image-1", metadata=_about("", "The model that makes pictures."))
    ai_seconds: float = field(default=120.0, metadata=_about("s", "How long a picture may take to be made.", 1))
    log_format: LogFormat = field(
        default="console", metadata=_about("", "Whether the service's log is for people (console) or programs (json).")
    )


_DEFAULTS = Settings()
_CHOICES: dict[str, tuple[str, ...]] = {"sandbox": get_args(Sandbox), "log_format": get_args(LogFormat)}

SETTINGS: tuple[Setting, ...] = tuple(
    Setting(
        each.name,
        f"{PREFIX}{each.name.upper()}",
        getattr(_DEFAULTS, each.name),
        **each.metadata,
        choices=_CHOICES.get(each.name, ()),
    )
    for each in fields(Settings)
)
"""The table that the reference page is made from."""


@dataclass(frozen=True, slots=True)
class Told:
    """One setting as it holds, and where that comes from."""

    setting: Setting
    value: str | int | float | bool
    origin: Origin

    @property
    def shown(self) -> str:
        """The value for people; secrets are not."""
        return "(hidden)" if self.setting.secret and self.value else str(self.value)


_OF_THE_CLIENT = frozenset({"TIRAGE_URL", "TIRAGE_API_KEY"})
"""What `tirage.client` and `tirage batch` read: no settings, and no slips either."""


def read_settings(
    environment: Mapping[str, str] | None = None, *, flags: Mapping[str, str | None] | None = None
) -> Settings:
    """The settings of this process. Raises SettingsInvalid with every one that cannot be used."""
    return Settings(**{each.setting.name: each.value for each in trace_settings(environment, flags=flags)})  # type: ignore[arg-type]


def trace_settings(
    environment: Mapping[str, str] | None = None, *, flags: Mapping[str, str | None] | None = None
) -> tuple[Told, ...]:
    """Each setting with its origin: a flag wins over the environment, that over the file, that over the default.

    `flags` are by setting's name, None where the flag was not given. Raises SettingsInvalid.
    """
    given = os.environ if environment is None else environment
    known = {each.variable for each in SETTINGS} | {CONFIG_VARIABLE} | _OF_THE_CLIENT
    faults = []
    for name in sorted(given):
        # Other programs of the house have variables of their own; only what is almost a setting is a slip.
        if name.startswith(PREFIX) and name not in known and (near := _near(name, known)):
            faults.append(("setting_unknown", name, f"There is no setting {name[:60]}. Did you mean {near}?"))
    path = given.get(CONFIG_VARIABLE, "").strip()
    file = _read_file(path, faults) if path else {}
    told = []
    for each in SETTINGS:
        sources: tuple[tuple[Origin, str, str], ...] = (
            ("flag", f"--{each.name.replace('_', '-')}", (flags or {}).get(each.name) or ""),
            ("environment", each.variable, given.get(each.variable, "").strip()),
            ("file", f"{each.name} in {path}", file.get(each.name, "")),
        )
        origin, place, text = next((source for source in sources if source[2]), ("default", "", ""))
        value = each.default
        if text:
            try:
                value = _value(each, text)
            except ValueError as error:
                shown = "set" if each.secret else repr(text[:60])
                faults.append(("setting_invalid", place, f"{place} is {shown}, but {error}."))
        told.append(Told(each, value, origin))
    if faults:
        raise SettingsInvalid(tuple(faults))
    return tuple(told)


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables that make another process read these settings; those at their default are left out."""
    return {
        each.variable: str(int(value) if isinstance(value, bool) else value)
        for each in SETTINGS
        if (value := getattr(settings, each.name)) != each.default
    }


def _read_file(path: str, faults: list[tuple[str, str, str]]) -> dict[str, str]:
    """The texts of a TOML file of settings, by name."""
    try:
        read = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        faults.append(("setting_invalid", CONFIG_VARIABLE, f"The file {path[:200]} cannot be read: {reason}."))
        return {}
    names = {each.name for each in SETTINGS}
    for name in sorted(set(read) - names):
        near = next(iter(difflib.get_close_matches(name[:60], names, n=1, cutoff=0.6)), "")
        hint = f" Did you mean {near}?" if near else ""
        faults.append(("setting_unknown", f"{name} in {path}", f"There is no setting {name[:60]} (in {path}).{hint}"))
    return {name: str(value) for name, value in read.items() if name in names}


def _near(name: str, known: set[str]) -> str:
    return next(iter(difflib.get_close_matches(name[:60], known, n=1, cutoff=0.85)), "")


def _value(setting: Setting, text: str) -> str | int | float | bool:
    if isinstance(setting.default, bool):
        if text.lower() not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
            raise ValueError("it takes 1 or 0")
        return text.lower() in ("1", "true", "yes", "on")
    if isinstance(setting.default, str):
        if setting.choices and text not in setting.choices:
            raise ValueError(f"it takes {', '.join(setting.choices)}")
        return text
    kind = type(setting.default)
    try:
        number = kind(text)
    except ValueError:
        raise ValueError("it takes a whole number" if kind is int else "it takes a number") from None
    if not setting.least <= number < 1e9:
        raise ValueError(f"it must be {setting.least:g} or more")
    return number
