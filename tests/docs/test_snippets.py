"""Docs cannot lie: every snippet runs, or says why it does not."""

from __future__ import annotations

import pytest

from crmcore import Crm
from crmcore.testing import require_pdf
from tools.repository import DOCS, ROOT
from tools.snippet_runner import PageRun, SnippetError
from tools.snippets import Step, fits, read_snippets, read_steps

pytestmark = pytest.mark.feature("P2.10")

NEEDS_PDF = "<!-- needs what PDFs are made with -->"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
RUN = [page for page in PAGES if any(each.kind not in {"illustration", "not run"} for each in read_snippets(page))]


def name_of(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_every_snippet_of_a_page_runs(page, tmp_path):
    if NEEDS_PDF in page.read_text("utf-8"):
        with Crm.open("sqlite://", migrate=True) as crm:
            require_pdf(crm.renderer)
    with PageRun(tmp_path) as run:
        run.run(read_snippets(page))


def test_what_is_not_run_says_why():
    bare = [
        f"{name_of(page)}:{each.line} ({each.language or 'no language'})"
        for page in PAGES
        for each in read_snippets(page)
        if each.kind == "unknown" or (each.kind == "not run" and not each.reason)
    ]
    assert bare == [], "give the block a title, or put `<!-- not run: reason -->` before it"


def page(tmp_path, text):
    path = tmp_path / "page.md"
    path.write_text(text)
    return read_snippets(path)


def test_blocks_are_told_apart(tmp_path):
    found = page(
        tmp_path,
        '```toml title="x.toml"\na = 1\n```\n\n<!-- appended -->\n```toml title="x.toml"\nb = 2\n```\n\n```python\nprint(1)\n```\n'
        '```text title="output"\n1\n```\n<!-- not run: needs a server -->\n\n```console\n$ ls\n```\ntext\n```yaml\nx: 1\n```\n'
        "````markdown\n```python\n```\n````\n```text\na picture\n```\n",
    )
    assert [each.kind for each in found] == ["file", "append", "python", "output", "not run", "unknown", "unknown", "illustration"]
    assert found[0].code == "a = 1\n"
    assert found[4].reason == "needs a server"


def test_a_mark_counts_for_the_next_block_only(tmp_path):
    found = page(tmp_path, "<!-- not run: reason -->\nwords between\n```python\n```\n")
    assert [each.kind for each in found] == ["python"]


def test_blocks_inside_lists_lose_their_indentation(tmp_path):
    assert page(tmp_path, "- item\n\n    ```python\n    if True:\n        pass\n    ```\n")[0].code == "if True:\n    pass\n"


def test_commands_are_read_with_what_they_print():
    assert read_steps("$ one \\\n  more\n$ two\nA\nB\n") == [Step("one more", ""), Step("two", "A\nB")]


@pytest.mark.parametrize(
    ("expected", "found", "answer"),
    [
        ("a", "a\n", True),
        ("a", "ab", False),
        ("", "a", False),
        ("...", "", True),
        ("a ... c", "a b\nb c", True),
        ("a...", "b", False),
        ("a.c", "abc", False),
        ("a\nb", "a  \nb\n\n", True),
    ],
)
def test_outputs_are_compared_with_room_for_anything(expected, found, answer):
    assert fits(expected, found) is answer


@pytest.mark.parametrize(
    "text",
    [
        "```python\nraise ValueError(1)\n```\n",
        '```python\nprint(1)\n```\n```text title="output"\n2\n```\n',
        "```console\n$ echo a\nb\n```\n",
        "```console\n$ false\n```\n",
        '<!-- appended -->\n```python title="x.py"\n```\n',
        "```python\nimport os; os._exit(1)\n```\n",
    ],
)
def test_a_page_that_lies_is_caught(tmp_path, text):
    snippets = page(tmp_path, text)
    with PageRun(tmp_path) as run, pytest.raises(SnippetError, match=r"page\.md:"):
        run.run(snippets)


WHOLE = """
```python title="made.py"
x = 1
```
```python
import crmcore, made, sys
print(made.x, sys.prefix != sys.base_prefix)
```
```text title="output"
1 True
```
```python title="made.py"
x = 2
```
```python
import made
print(made.x)
```
```text title="output"
2
```
```console
$ export WORD=hello
$ mkdir inside
$ cd inside
$ pwd; echo $WORD
.../inside
hello
```
"""


def test_pages_run_in_an_environment_of_their_own(tmp_path):
    snippets = page(tmp_path, WHOLE)
    with PageRun(tmp_path) as run:
        assert run.run(snippets) == len(snippets)
