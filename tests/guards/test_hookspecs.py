"""The plugin API never changes unannounced."""

from __future__ import annotations

import attrs
import pytest
from click.testing import CliRunner

from tools import hook_snapshot
from tools.hook_snapshot import HOW_TO, current_hooks, differences, news_problem, read_snapshot, write_snapshot

pytestmark = pytest.mark.feature("P2.4")


def test_hook_specifications_equal_their_snapshot():
    found = differences(read_snapshot(), current_hooks())
    assert not found, "\n".join([*(f"{name}: {text}" for name, text in found.items()), HOW_TO])


def test_the_last_change_of_each_hook_is_told_in_the_news():
    problems = [problem for hook in read_snapshot().values() if (problem := news_problem(hook.name, hook.news))]
    assert problems == []


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"session": "Session", "more": "str"}},
        {"arguments": {"session": "str", "permission": "str"}},
        {"returns": "str"},
        {"options": {}},
        {"options": {"firstresult": True, "warn_on_impl": "gone in 0.3"}},
        {"owner": "italy"},
    ],
)
def test_every_kind_of_change_is_noticed(change):
    hooks = current_hooks()
    changed = {**hooks, "crm_check_permission": attrs.evolve(hooks["crm_check_permission"], **change)}
    assert list(differences(hooks, changed)) == ["crm_check_permission"]


def test_new_and_removed_hooks_are_noticed():
    hooks = current_hooks()
    fewer = {name: hook for name, hook in hooks.items() if name != "crm_validate"}
    assert differences(hooks, fewer) == {"crm_validate": "is gone"}
    assert differences(fewer, hooks) == {"crm_validate": "is new"}


def test_a_change_is_recorded_only_with_news_that_speak_of_it(tmp_path, monkeypatch):
    hooks = read_snapshot()
    stale = {**hooks, "crm_validate": attrs.evolve(hooks["crm_validate"], returns="None")}
    snapshot = tmp_path / "hookspecs.json"
    write_snapshot(stale, snapshot)
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "9.api.md").write_text("- Something else.\n")
    monkeypatch.setattr(hook_snapshot, "ROOT", tmp_path)
    monkeypatch.setattr(hook_snapshot, "read_snapshot", lambda: stale)
    written = []
    monkeypatch.setattr(hook_snapshot, "write_snapshot", written.append)
    call = CliRunner().invoke
    assert call(hook_snapshot.main, []).exit_code == 1
    assert "does not exist" in call(hook_snapshot.main, ["--write", "--news", "news/8.api.md"]).output
    assert "does not mention" in call(hook_snapshot.main, ["--write", "--news", "news/9.api.md"]).output
    assert written == []
    (tmp_path / "news" / "9.api.md").write_text("- `crm_validate` may return None.\n")
    assert call(hook_snapshot.main, ["--write", "--news", "news/9.api.md"]).exit_code == 0
    [recorded] = written
    assert recorded["crm_validate"].news == "news/9.api.md"
    assert recorded["crm_tables"] == hooks["crm_tables"]
