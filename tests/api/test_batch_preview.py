"""`POST /batches/preview`: columns with a guess for each and the first rows, before anything is started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.harness.serving import command
from tests.harness.site import Site, running_site

from tirage.client import Client

TABLE = b"Headline,Picture,Notes\nOne,https://a.example/1.png,x\nTwo,,y\n"


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process."""
    return running_site()


@pytest.fixture
def alice(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Alice's workspace."""
    with site.client(site.alice.key) as client:
        yield client


def preview(client: httpx.Client, site: Site, data: bytes = TABLE, **fields: str) -> httpx.Response:
    """The preview of a CSV over the design `card`."""
    members = {"templateId": site.alice.designs["card"], **fields}
    return client.post("/batches/preview", data=members, files={"file": ("rows.csv", data)})


def test_columns_are_guessed_and_rows_bound(site: Site, alice: httpx.Client) -> None:
    """Each column has its best target with a score; the rows come by the names that the guess gives them."""
    said = preview(alice, site, naming="{Headline}").json()
    columns = {each["name"]: (each["target"], each["how"]) for each in said["columns"]}
    assert columns == {"Headline": ("title", "synonym"), "Picture": ("photo", "synonym"), "Notes": (None, "none")}
    assert said["mapping"] == {"Headline": "title", "Picture": "photo"} and said["unfilled"] == ["box"]
    assert said["rows"][1]["values"] == {"title": "Two", "photo": "", "Notes": "y"}
    assert [each["name"] for each in said["rows"]] == ["One", "Two"]
    assert [each["code"] for each in said["rows"][0]["warnings"]] == ["column_unused"]


def test_a_mapping_that_is_given_holds(site: Site, alice: httpx.Client) -> None:
    """What was said is not guessed over; names that the design or the table lacks are told with the closest."""
    said = preview(alice, site, mapping='{"Notes":"title"}').json()
    assert said["mapping"] == {"Notes": "title"} and said["rows"][0]["values"]["title"] == "x"
    unknown = preview(alice, site, mapping='{"Notes":"titel"}')
    assert (unknown.status_code, unknown.json()["code"]) == (422, "mapping_target_unknown")
    assert unknown.json()["closest"] == "title"
    assert preview(alice, site, mapping='{"Nots":"title"}').json()["code"] == "mapping_column_unknown"
    assert preview(alice, site, b"a,a\n1,2\n").json()["code"] == "header_duplicate"
    assert preview(alice, site, mapping='{"Notes":"title.color"}').status_code == 200


def test_nothing_is_kept_and_bad_rows_are_shown(site: Site, alice: httpx.Client) -> None:
    """Of a long table the first rows are read; the stored one is gone, whether it could be read or not."""
    before = sorted((site.folder / "blobs").rglob("batches/*"))
    said = preview(alice, site, b"title\n" + b"One,Two\n" + b"One\n" * 5_000).json()
    assert len(said["rows"]) == 20 and [each["code"] for each in said["rows"][0]["errors"]] == ["ragged_row"]
    assert preview(alice, site, b"").json()["code"] == "table_empty"
    rows = {"templateId": site.alice.designs["card"], "rows": [{"Titel": "One"}]}
    assert alice.post("/batches/preview", json=rows).json()["mapping"] == {"Titel": "title"}
    assert alice.post("/batches/preview", json={**rows, "templateId": "0" * 10}).status_code == 404
    assert sorted((site.folder / "blobs").rglob("batches/*")) == before


def test_the_client_and_the_command_line_show_it(site: Site, tmp_path: Path) -> None:
    """`tirage batch preview` says what each column is for, and how to submit it so."""
    table = tmp_path / "rows.csv"
    table.write_bytes(TABLE)
    with Client(site.base, site.alice.key) as client:
        found = client.batches.preview(site.alice.designs["card"], data=table)
        assert found.mapping == {"Headline": "title", "Picture": "photo"} and found.columns[0].score == 0.85
    given = {"TIRAGE_URL": site.base, "TIRAGE_API_KEY": site.alice.key}
    done = command("batch", "preview", "card", "--data", str(table), **given)
    assert done.returncode == 0, done.stderr
    assert "Headline → title  (another word for it, 85%)" in done.stdout and "Notes       not used" in done.stdout
    assert "--map Headline=title --map Picture=photo" in done.stderr
    table.write_bytes(b"title\nOne,Two\n")
    broken = command("batch", "preview", "card", "--data", str(table), **given)
    assert broken.returncode == 1 and "0 of the first 1 rows" in broken.stdout and "row 1" in broken.stderr
