"""The tool that puts small faults into a module tells those that tests notice from those that they do not."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import pytest

from tools.mutations import mutations
from tools.repository import ROOT

pytestmark = pytest.mark.feature("P6.hold")


def made(source):
    """Return the source after each mutation."""
    found = []
    for number in range(len(list(mutations(ast.parse(source))))):
        tree = ast.parse(source)
        list(mutations(tree))[number].make()
        compile(tree, "made", "exec")
        found.append(ast.unparse(tree))
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b == c", ["x = a <= b == c", "x = a < b != c"]),
        ("x = a is None", ["x = a is not None"]),
        ("x = a and b", ["x = a or b", "x = b", "x = a"]),
        ("x = a or b or c", ["x = a and b and c", "x = b or c", "x = a or c", "x = a or b"]),
        ("x = not a", ["x = a"]),
        ("x = a - b", ["x = a + b"]),
        ("x = -a", ["x = a"]),
        ("x = True", ["x = False"]),
        ("x = 1", ["x = 2"]),
        ("x = 'a'", ["x = ''"]),
        ("x = ''", ["x = 'mutant'"]),
        ("x = f'a{b}'", ["x = f'{b}'"]),
        ("x = None", []),
        ("x = a if b else c", ["x = a if not b else c"]),
        ("x = a if b > c else d", ["x = a if b >= c else d"]),
        ("x = [a for a in b if a]", ["x = [a for a in b]"]),
        ("x = and_(a, b)", ["x = or_(a, b)", "x = and_(b)", "x = and_(a)"]),
        ("x = y.where(a, b)", ["x = y.where(b)", "x = y.where(a)"]),
        ("x = sorted(a, key=b)", ["x = list(a)"]),
        ("x = max(a)", ["x = min(a)"]),
        ("x.y = a", ["pass"]),
        ("x[y] += a", ["pass"]),
        ("a()", ["pass"]),
        ("raise a", ["pass"]),
        ("def f(a=1):\n    return a", ["def f(a=2):\n    return a", "def f(a=1):\n    return None"]),
        ("def f():\n    return None", []),
        ("'''Text.'''\nimport a\nfrom b import c\n__all__ = ['c']", []),
        ("if TYPE_CHECKING:\n    a()", []),
        ("def f(a: 'x') -> 'y':\n    pass\nb: Final['z']", []),
    ],
)
def test_each_fault_is_one_change(source, expected):
    assert made(source) == expected


SOURCE = '''"""Ages."""


def is_adult(age: int) -> bool:
    """Say whether."""
    return age >= 18


def name_of(age: int) -> str:
    """Say how."""
    return "adult" if is_adult(age) else "child"
'''
TESTS = """
from ages import is_adult, name_of


def test_ages():
    assert [is_adult(age) for age in (17, 19, 20)] == [False, True, True]


def test_names():
    assert [name_of(age) for age in (1, 50)] == ["child", "adult"]
"""


DRIVER = """
import sys
from pathlib import Path
from tools import mutants

mutants.ROOT = Path(sys.argv.pop(1))
mutants.shown = lambda path: path.name
mutants._LEAST_SECONDS, mutants._PATIENCE = float(sys.argv.pop(1)), float(sys.argv.pop(1))
mutants.main()
"""


@pytest.fixture
def ages(tmp_path):
    (tmp_path / "ages.py").write_text(SOURCE)
    (tmp_path / "test_ages.py").write_text(TESTS)
    return tmp_path


def try_them(folder, *options, patience=(5.0, 10.0)):
    """Run the tool in a process of its own: it forks for each mutant, and this one has grown by then."""
    arguments = [str(folder / "ages.py"), *options, str(folder / "test_ages.py"), "--", "-c", "/dev/null", "--rootdir", str(folder)]
    answer = subprocess.run(
        [sys.executable, "-u", "-c", DRIVER, str(folder), *map(str, patience), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout.splitlines()


def test_what_the_tests_do_not_notice_is_shown(ages):
    code, lines = try_them(ages, "--lines", "6-11", "--numbers", "1,2,3,7")
    assert (code, lines[0].split(";")[0]) == (0, "ages.py: 4 of 7 mutants")
    # Nobody asks about 18.
    assert lines[1:] == ["2 ages.py:6: age >= 18 → age > 18", "3 ages.py:6: 18 → 19", "ages.py: 4 tried, 2 live"]


def test_mutants_have_numbers_that_stay(ages):
    listed = try_them(ages, "--list")[1]
    assert [line.split()[0] for line in listed] == list("1234567")
    assert try_them(ages, "--list", "--lines", "6")[1] == listed[:3]
    assert try_them(ages, "--list", "--lines", "7-11", "--numbers", "3,5")[1] == [listed[4]]


def test_nothing_is_tried_against_tests_that_fail_or_look_at_something_else(ages):
    (ages / "test_ages.py").write_text("def test_nothing():\n    assert False\n")
    assert "the tests fail without a mutant" in try_them(ages)[1][0]
    (ages / "test_ages.py").write_text("def test_nothing():\n    pass\n")
    assert "the tests do not load ages" in try_them(ages)[1][0]


def test_an_endless_loop_is_ended(ages):
    (ages / "ages.py").write_text("def is_adult(age):\n    while age < 0:\n        age += 1\n    return age\n")
    (ages / "test_ages.py").write_text("from ages import is_adult\n\n\ndef test_ages():\n    assert is_adult(-1) == 0\n")
    assert try_them(ages, "--numbers", "3", patience=(0.1, 1.5))[1][-1] == "ages.py: 1 tried, 0 live"
