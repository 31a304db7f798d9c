"""The published vectors of links, and the signers that the documentation shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tirage.links import (
    Link,
    LinkKey,
    LinkProblem,
    parse_link,
    sign,
    verify,
)

ROOT = Path(__file__).resolve().parent.parent
VECTORS = json.loads((ROOT / "docs" / "reference" / "link-vectors.json").read_text(encoding="utf-8"))
SIGNING: list[dict[str, Any]] = VECTORS["signing"]
READING: list[dict[str, Any]] = VECTORS["reading"]
PAGE = (ROOT / "docs" / "how-to" / "sign-links.md").read_text(encoding="utf-8")
NOW = 1_700_000_000.0


def read(link: str) -> Link:
    """A link as a request would bring it."""
    path, _, query = link.partition("?")
    return parse_link(path, query)


@pytest.mark.check(153)
@pytest.mark.parametrize("vector", SIGNING, ids=lambda vector: vector["name"])
def test_vectors_of_signing(vector: dict[str, Any]) -> None:
    """Signing gives the published form and signature, and verifying takes them."""
    key = LinkKey(vector["kid"], vector["secret"])
    link = sign(key, vector["template"], vector["extension"], vector["parameters"])
    assert link == f"{vector['canonical']}&sig={vector['signature']}"
    parsed = read(link)
    assert parsed.canonical == vector["canonical"]
    assert dict(parsed.parameters) == {**vector["parameters"], "kid": vector["kid"]}
    verify(parsed, [key], NOW)


@pytest.mark.check(155, 156)
@pytest.mark.parametrize("vector", READING, ids=lambda vector: vector["name"])
def test_vectors_of_reading(vector: dict[str, Any]) -> None:
    """Every way to write a link has the published canonical form or is refused with the published code."""
    if "code" in vector:
        with pytest.raises(LinkProblem) as caught:
            read(vector["link"])
        assert caught.value.code == vector["code"]
    else:
        assert read(vector["link"]).canonical == vector["canonical"]


def signer(language: str) -> str:
    """The documented signer of a language."""
    found = re.search(rf"```{language} [^\n]*\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


RUNS = {
    "python": (
        "signer.py",
        "\nimport json, sys\nfor v in json.load(sys.stdin):\n    "
        "print(sign_link(v['secret'], v['kid'], v['template'], v['extension'], v['parameters']))\n",
        [sys.executable],
    ),
    "js": (
        "signer.mjs",
        '\nimport { readFileSync } from "node:fs";\nfor (const v of JSON.parse(readFileSync(0, "utf8")))\n'
        "  console.log(signLink(v.secret, v.kid, v.template, v.extension, v.parameters));\n",
        ["node"],
    ),
    "php": (
        "signer.php",
        '\nforeach (json_decode(file_get_contents("php://stdin"), true) as $v)\n    echo sign_link($v["secret"], '
        '$v["kid"], $v["template"], $v["extension"], $v["parameters"]), "\\n";\n',
        ["php"],
    ),
    "go": (
        "signer.go",
        "\ntype vector struct {\n\tSecret, Kid, Template, Extension string\n\tParameters map[string]string\n}\n\n"
        "func main() {\n\tvar vectors []vector\n\tif err := json.NewDecoder(os.Stdin).Decode(&vectors); err != nil {\n"
        "\t\tpanic(err)\n\t}\n\tfor _, v := range vectors {\n"
        "\t\tfmt.Println(SignLink(v.Secret, v.Kid, v.Template, v.Extension, v.Parameters))\n\t}\n}\n",
        ["go", "run"],
    ),
}


@pytest.mark.check(153)
@pytest.mark.parametrize("language", RUNS)
def test_documented_signers(language: str, tmp_path: Path) -> None:
    """The signer that the documentation shows in each language gives the vectors to the letter."""
    name, call, command = RUNS[language]
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    text = signer(language) + call
    if language == "python":
        text = re.sub(r"^link = sign_link\(.*?^assert [^\n]*\n", "", text, flags=re.DOTALL | re.MULTILINE)
    if language == "go":
        text = text.replace('\t"encoding/hex"\n', '\t"encoding/hex"\n\t"encoding/json"\n\t"fmt"\n\t"os"\n')
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, *command[1:], str(tmp_path / name)],
        input=json.dumps(SIGNING), capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{each['canonical']}&sig={each['signature']}" for each in SIGNING]


def test_there_are_enough_vectors() -> None:
    """At least twenty of them, no two with the same name or signature."""
    assert len(SIGNING) >= 20 and len(READING) >= 20
    assert len({each["name"] for each in [*SIGNING, *READING]}) == len(SIGNING) + len(READING)
    assert len({each["signature"] for each in SIGNING}) == len(SIGNING)
