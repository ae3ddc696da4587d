"""docs/architecture.md is right: what it names is there, and what is there is named.

Reads sources only: neither Odoo nor an addon is imported.
"""

import ast
import re

import pytest
from common import ADDONS, ROOT, manifests

TEXT = (ROOT / "docs" / "architecture.md").read_text()
SOURCES = [p for p in ADDONS.rglob("*.py") if "tests" not in p.relative_to(ADDONS).parts]
NAMES = re.findall(r"`([^`\n]+)`", TEXT)


def rows(title):
    """Return the rows of the tables below a heading, each a list of cells."""
    part = re.split(r"\n## ", TEXT.split(f"\n## {title}\n")[1])[0]
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def definitions():
    """Return `{method: files that define it}`."""
    found = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, set()).add(str(path.relative_to(ADDONS)))
    return found


METHODS = definitions()


@pytest.mark.parametrize(
    "path", sorted({name for name in NAMES if re.search(r"\.(py|xml)$", name)})
)
def test_path_is_there(path):
    assert any((folder / path).is_file() for folder in (ADDONS, ROOT))


@pytest.mark.parametrize("addon", manifests())
def test_addon_is_in_the_map(addon):
    assert addon in {name for row in rows("The addons") for name in quoted(row[0])}


@pytest.mark.parametrize("title", ["The addons", "Hooks", "Keys of the context"])
def test_nothing_is_named_twice(title):
    named = [name for row in rows(title) for name in quoted(row[0])]
    assert {name for name in named if named.count(name) > 1} == set()


@pytest.mark.parametrize("method", sorted({n for n in NAMES if re.fullmatch(r"_[a-z]\w*", n)}))
def test_method_is_there(method):
    known = {name for _cells in rows("What we override of Odoo") for name in quoted(_cells[0])}
    assert method in METHODS or method in known


@pytest.mark.parametrize("row", rows("Hooks"), ids=lambda row: row[0])
def test_hook_is_where_the_table_says(row):
    (hook,), (home,) = quoted(row[0]), quoted(row[1])
    assert home in METHODS[hook]
    overriding = {path.split("/")[0] for path in METHODS[hook]} - {home.split("/")[0]}
    assert overriding == set(quoted(row[3])) - {home.split("/")[0]}


def test_documented_hooks_are_in_the_table():
    named = {name for row in rows("Hooks") for name in quoted(row[0])}
    found = {
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and re.search(r"(^|\n\s*)(An? )?(empty )?[Hh]ook\b", ast.get_docstring(node) or "")
    }
    assert found - named == set()


def context_keys():
    """Return the keys of ours that our code reads from the context."""
    found, names = set(), {}
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names.update({ast.unparse(target): node.value.value for target in node.targets})
    for path in SOURCES:
        for key in re.findall(r"context\.get\(\s*([\w\"]+)", path.read_text()):
            found.add(key.strip('"') if '"' in key else names.get(key, key))
    return {key for key in found if re.match(r"(order_|b2b_|mail_(delivery|pdf))", key)}


def test_keys_of_the_context_are_in_the_tables():
    named = {key for row in rows("Keys of the context") for key in quoted(row[0])}
    assert {key.partition("=")[0] for key in named} == context_keys()


@pytest.mark.parametrize("row", rows("Keys of the context"), ids=lambda row: row[0])
def test_key_of_ours_is_an_object(row):
    if len(row) < 4:
        return
    for name in quoted(row[1]):
        assert re.search(rf"\b{name}\b", (ADDONS / quoted(row[2])[0]).read_text())
