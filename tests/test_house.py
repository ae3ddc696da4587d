"""The rules of the house that can be counted: sizes, reasons, comments, tests, where files lie.

Reads sources only: neither Odoo nor an addon is imported.
"""

import ast
import io
import re
import statistics
import tokenize
from functools import cache

import pytest
from common import ADDONS, ROOT, manifests

MAX_LINES = 450
MAX_METHODS = 35
MEDIAN, MOST = 7, 20
COMMENTED = 0.05
# How many lines a reason stands above what it is for, at most: a name may be made in between.
NEAR = 2
B2B = ("b2b_agreement", "b2b_pricelist", "b2b_portal")
# Where money and changes of others pass through.
EXPLAINED = {
    "prices": [
        *("pricing.py", "rule_book.py", "price_words.py", "formatting.py"),
        *("models/product_pricelist.py", "models/product_pricelist_item.py"),
    ],
    "feed": ["feed_row.py", "models/order_flag_feed/*.py", "models/order_flag_feed_log.py"],
}
HOMES = {"prices": "b2b_pricelist", "feed": "order_status_flags_feed"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def sources(*addons, tests=False):
    """Return the Python files of addons, all without names, with or without their tests."""
    found = []
    for name in addons or manifests():
        for path in sorted((ADDONS / name).rglob("*.py")):
            within = path.relative_to(ADDONS / name).parts
            if (within[0] == "tests") == tests and path.name != "__manifest__.py":
                found.append(path)
    return found


def shown(path):
    return str(path.relative_to(ROOT))


@cache
def parse(path):
    return ast.parse(path.read_text())


@cache
def lines_of(path):
    """Return the numbers of the lines that hold code, and of those that hold a comment."""
    code, comments = set(), set()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        lines = range(token.start[0], token.end[0] + 1)
        if token.type == tokenize.COMMENT:
            # A banner explains nothing.
            comments.update(lines if not re.match(r"# (===|---)", token.string) else ())
        elif token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            code.update(lines)
    for node in ast.walk(parse(path)):
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and ast.get_docstring(node):
            code -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return code, comments


def methods():
    """Yield `(where, function)` of each function of the addons, nested ones with their outer."""

    def search(path, node):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                yield f"{shown(path)}:{child.lineno} {child.name}", path, child
            else:
                yield from search(path, child)

    for path in sources():
        yield from search(path, parse(path))


# === SIZES === #


def test_no_file_is_too_long():
    sizes = {shown(path): len(path.read_text().splitlines()) for path in sources()}
    assert {path: size for path, size in sizes.items() if size > MAX_LINES} == {}


def test_no_class_has_too_many_methods():
    counts = {
        f"{shown(path)} {node.name}": sum(isinstance(child, FUNCTIONS) for child in node.body)
        for path in sources()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ClassDef)
    }
    assert {name: count for name, count in counts.items() if count > MAX_METHODS} == {}


def test_methods_are_short():
    """Lines of code count: a signature, a docstring, comments and blank lines do not."""
    sizes = {}
    for where, path, function in methods():
        body = range(function.body[0].lineno, function.end_lineno + 1)
        sizes[where] = len(lines_of(path)[0].intersection(body))
    assert statistics.median(sizes.values()) <= MEDIAN
    longest = sorted(sizes, key=sizes.get)[int(len(sizes) * 0.9) :]
    assert sizes[longest[0]] <= MOST, [(name, sizes[name]) for name in longest]


# === REASONS === #


def unexplained(path, tree):
    """Yield the `sudo()` calls of a file that have no comment near and whose name says nothing.

    Near is in the statement, or just above it or a statement around it in the same method. One that
    names sudo counts for all of the method below it, and a name that ends in `_sudo` tells its
    reader at each use.
    """
    comments = lines_of(path)[1]
    lines = path.read_text().splitlines()
    named = {line for line in comments if "sudo" in lines[line - 1].partition("#")[2]}

    def search(node, around):
        for child in ast.iter_child_nodes(node):
            inner = around
            if isinstance(child, FUNCTIONS):
                inner = [child]
            elif isinstance(child, ast.stmt):
                inner = [*around, child]
            if is_sudo(child) and not any(is_explained(child, one) for one in inner):
                yield child.lineno
            yield from search(child, inner)

    def is_explained(call, statement):
        if isinstance(statement, FUNCTIONS):
            above = named.intersection(range(statement.lineno, call.lineno))
            return bool(above) or "sudo" in statement.name or says_so(statement)
        names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
        names += [node.arg for node in ast.walk(statement) if isinstance(node, ast.keyword)]
        if any(name and name.endswith("_sudo") for name in names) and is_simple(statement):
            return True
        last = statement.end_lineno if is_simple(statement) else call.end_lineno
        return bool(comments.intersection(range(statement.lineno - NEAR, last + 1)))

    def says_so(function):
        return "sudo" in (ast.get_docstring(function) or "")

    def is_simple(statement):
        return not hasattr(statement, "body")

    yield from search(tree, [])


def is_sudo(node):
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    # sudo(False) gives rights back.
    return called and node.func.attr == "sudo" and not node.args


def test_every_sudo_has_its_reason():
    found = [
        f"{shown(path)}:{line}" for path in sources() for line in unexplained(path, parse(path))
    ]
    assert "\n".join(found) == ""


@pytest.mark.parametrize(
    ("source", "good"),
    [
        ("def f(self):\n    return self.sudo().name\n", False),
        ("def f(self):\n    # sudo: its name is public\n    return self.sudo().name\n", True),
        ("def f(self):\n    return self.sudo().name  # its name is public\n", True),
        ("def f(self):\n    order_sudo = self.sudo()\n    return order_sudo.name\n", True),
        ("def f(self):\n    # its own\n    self.a()\n    self.b()\n    self.sudo().c()\n", False),
        ("def f(self):\n    # its reason\n    if self.sudo().h():\n        pass\n", True),
        ("def f(self):\n    return self.sudo(False)\n", True),
        ("def f(self):\n    # sudo: why\n    a()\n    b()\n    c()\n    self.sudo().d()\n", True),
    ],
)
def test_reason_of_a_sudo_is_seen(tmp_path, source, good):
    path = tmp_path / "source.py"
    path.write_text(source)
    assert (list(unexplained(path, ast.parse(source))) == []) is good


@pytest.mark.parametrize("part", EXPLAINED)
def test_comments_say_why(part):
    paths = [path for name in EXPLAINED[part] for path in (ADDONS / HOMES[part]).glob(name)]
    assert paths
    code = sum(len(lines_of(path)[0]) for path in paths)
    comments = sum(len(lines_of(path)[1]) for path in paths)
    assert comments >= COMMENTED * code, f"{comments} comments in {code} lines of code"


# === TESTS, PLACES === #


@pytest.mark.parametrize("addon", B2B)
def test_tests_are_as_many_lines_as_code(addon):
    code, tests = (
        sum(len(lines_of(path)[0]) for path in sources(addon, tests=tests))
        for tests in (False, True)
    )
    assert tests >= code


def models_of(tree):
    """Return the models that a file makes or extends."""
    found = set()
    for node in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        values = {
            target.id: ast.unparse(statement.value)
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        if named := values.get("_name") or values.get("_inherit"):
            found.add(named.strip("'\""))
    return found


def test_file_in_models_is_the_model_of_that_name():
    wrong = []
    for path in sources():
        within = path.relative_to(ADDONS).parts
        if within[1] != "models" or path.name == "__init__.py":
            continue
        name = (within[2] if len(within) > 3 else path.stem).replace("_", ".")
        if {model.replace("_", ".") for model in models_of(parse(path))} != {name}:
            wrong.append(shown(path))
    assert wrong == []


def texts_of(path):
    """Return the names by which Odoo exports the models and fields of a file, without an addon."""
    found = set()
    for node in (node for node in parse(path).body if isinstance(node, ast.ClassDef)):
        for model in (model.replace(".", "_") for model in models_of(ast.Module([node], []))):
            found.add(f"model_{model}")
            found.update(
                f"field_{model}__{statement.targets[0].id}"
                for statement in node.body
                if isinstance(statement, ast.Assign)
                and re.match(r"fields\.[A-Z]\w+\(", ast.unparse(statement.value))
            )
    return found


@pytest.mark.parametrize("addon", manifests())
def test_texts_of_models_and_fields_were_exported(addon):
    """A forgotten `make i18n` shows here in a second; test_i18n asks Odoo for every text."""
    folder = ADDONS / addon
    exported = (folder / "i18n" / f"{addon}.pot").read_text()
    wanted = set().union(*(texts_of(path) for path in sources(addon)))
    assert sorted(name for name in wanted if f":{addon}.{name}\n" not in exported) == []


def test_plain_python_lies_at_the_root():
    folders = {"controllers", "migrations", "models", "report", "wizard"}
    found = [path for path in sources() if len(path.relative_to(ADDONS).parts) > 2]
    assert [shown(p) for p in found if p.relative_to(ADDONS).parts[1] not in folders] == []


def test_addons_have_the_version_of_the_release():
    assert len({manifest["version"] for manifest in manifests().values()}) == 1
