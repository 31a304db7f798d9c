"""The files for containers, systemd and proxies: they name what exists, and the tools that read them take them."""

from __future__ import annotations

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
import trustme

from tirage.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PAGES = [
    ROOT / "docs" / "how-to" / f"{name}.md" for name in ("install", "systemd", "reverse-proxy", "upgrade", "backup")
]
FILES = [
    *(ROOT / name for name in ("Dockerfile", "compose.yaml", "compose.cluster.yaml")),
    *sorted(path for path in DEPLOY.rglob("*") if path.is_file()),
    *PAGES,
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_only_settings_that_exist_are_named(file: Path) -> None:
    """A misspelt variable would keep the service from starting."""
    known = {each.variable for each in SETTINGS}
    assert set(re.findall(r"\bTIRAGE_[A-Z_]+\b", file.read_text(encoding="utf-8"))) <= known


def test_the_image_copies_what_is_there_and_sent() -> None:
    """Each source of a COPY exists and is let through by .dockerignore."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [word for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for word in line.split()[:-1]]
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"]
    assert len(copied) > 5
    assert [
        name for name in copied if not (ROOT / name).exists() or not any(fnmatch(name, each) for each in sent)
    ] == []
    # What the package's build needs must be among it.
    assert {"src", "build-fonts", "hatch_build.py", "pyproject.toml", "requirements.lock"} <= set(copied)


@pytest.mark.parametrize(("language", "file"), [("nginx", "nginx.conf"), ("text", "Caddyfile")])
def test_the_page_shows_lines_of_the_file(language: str, file: str) -> None:
    """What the page on reverse proxies quotes is in the files, word for word."""
    page = (ROOT / "docs" / "how-to" / "reverse-proxy.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    lines = [line.strip() for line in (DEPLOY / file).read_text(encoding="utf-8").splitlines()]
    assert [line for line in block.splitlines() if line.strip() not in lines] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """systemd finds nothing to complain of; the programs' paths are exchanged for ones that exist here."""
    units = sorted(each.name for each in DEPLOY.glob("tirage*.*"))
    assert len(units) == 3
    for name in units:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/opt/tirage/bin/tirage serve", "/bin/true"), encoding="utf-8")
    command = ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "tirage" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
def test_nginx_takes_its_file(tmp_path: Path) -> None:
    """nginx parses the file, with a certificate that exists here."""
    certificate = trustme.CA().issue_cert("pictures.example.com")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r"/etc/letsencrypt/\S+\.pem", str(tmp_path / "both.pem"), text)
    (tmp_path / "tirage.conf").write_text(text, encoding="utf-8")
    main = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ include {tmp_path}/tirage.conf; }}"
    (tmp_path / "main.conf").write_text(main, encoding="utf-8")
    command = ["nginx", "-t", "-p", str(tmp_path), "-c", str(tmp_path / "main.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("caddy") is None, reason="needs caddy")
def test_caddy_takes_its_file() -> None:
    """Caddy translates the file into its own configuration."""
    command = ["caddy", "adapt", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
