#!/usr/bin/env python3
"""Find what the addons override of Odoo, and which private methods of it they call.

Reads sources only: neither Odoo nor an addon is imported. The register is the table of
docs/core-apis.md; `test_core_apis.py` compares it with what is found here.
`python tests/core_apis.py --write` writes the table anew and keeps its column "why"; a new
line takes it from our docstring.
"""

import argparse
import ast
import copy
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import odoo_source
from common import ROOT

REGISTER = ROOT / "docs" / "core-apis.md"
ADDONS = ROOT / "addons"
HEADER = "| core method | signature in 19.0 | where in Odoo | overridden by | called by | why |"
RULE = "|---|---|---|---|---|---|"
# Methods that Python gives to named tuples and dataclasses.
PYTHONS_OWN = {"_replace", "_asdict"}
PRIVATE_CALL_IN_XML = re.compile(r"([\w.\[\]'\"]*)\.(_[a-z]\w*)\(")


@dataclass
class Class:
    """A class of a source file: a model, a controller, or a class of Odoo's own libraries."""

    addon: str
    path: str
    module: str
    name: str
    bases: list
    model: str
    inherits: list
    methods: dict

    @property
    def key(self):
        return self.model or self.name


@dataclass
class Use:
    """A core method that the addons override or call."""

    key: str
    signature: str
    where: str
    others: list
    overriding: set = field(default_factory=set)
    calling: set = field(default_factory=set)
    misfits: list = field(default_factory=list)
    docstrings: list = field(default_factory=list)


# === READING SOURCES ===


def read_classes(path, module, addon, shown):
    """Return the classes of a file, with the dotted names of their bases, and its syntax tree."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = dict(imported_names(tree, package))
    classes = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [dotted(base, names, module) for base in node.bases]
            model, inherits = model_of(node, bases)
            methods = {
                child.name: child for child in node.body if isinstance(child, ast.FunctionDef)
            }
            classes.append(Class(addon, shown, module, node.name, bases, model, inherits, methods))
    return classes, tree


def imported_names(tree, package):
    """Yield each name that a file imports, with what it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                source = ".".join([*above, *filter(None, [source])])
            for name in node.names:
                yield name.asname or name.name, f"{source}.{name.name}"
        elif isinstance(node, ast.Import):
            for name in node.names:
                yield name.asname or name.name, name.name


def dotted(node, names, module):
    """Return the dotted name that an expression of a class head stands for."""
    text = ast.unparse(node)
    head, dot, rest = text.partition(".")
    return names.get(head, f"{module}.{head}") + dot + rest


def model_of(node, bases):
    """Return `(model, models it inherits from)` of a class, `("", [])` when it is no model."""
    values = {}
    for child in node.body:
        if isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
            try:
                values[child.targets[0].id] = ast.literal_eval(child.value)
            except ValueError:
                continue
    if node.name == "BaseModel":
        return "base", []
    if not any(base.endswith(("Model", "models.Model")) for base in bases):
        return "", []
    inherits = values.get("_inherit") or []
    inherits = [inherits] if isinstance(inherits, str) else list(inherits)
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", ".", node.name).lower()
    return values.get("_name") or (inherits[0] if inherits else spelled), inherits


def plain_signature(function):
    """Return the parameters of a method as text, without `self` and without types."""
    static = any(ast.unparse(line) == "staticmethod" for line in function.decorator_list)
    arguments = copy.deepcopy(function.args)
    if not static:
        (arguments.posonlyargs or arguments.args).pop(0)
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return f"({ast.unparse(arguments)})"


# === ODOO ===


class Core:
    """The classes of Odoo on the dependency tree of our addons."""

    def __init__(self, folder, addons=ADDONS):
        self.folder = folder
        self.ours = {path.parent.name: path for path in sorted(addons.glob("*/__manifest__.py"))}
        self.order = []
        self.classes = []
        # Every path of the dependency tree leads to `base`.
        self.manifest = cache(self.read_manifest)
        self.closures = {name: set(self.dependencies(name)) for name in self.ours}
        self.read_libraries()
        for addon in self.order:
            if addon not in self.ours:
                self.read_addon(addon)

    def dependencies(self, addon):
        """Yield the Odoo addons that an addon needs, the deepest first."""
        # An addon that names no other still needs `base`.
        for other in self.manifest(addon).get("depends") or {"base"} - {addon}:
            yield from self.dependencies(other)
        if addon not in self.order:
            self.order.append(addon)
        if addon not in self.ours:
            yield addon

    def read_manifest(self, addon):
        path = self.ours.get(addon) or self.addon_folder(addon) / "__manifest__.py"
        return ast.literal_eval(path.read_text(encoding="utf-8"))

    def addon_folder(self, addon):
        folders = [self.folder / "odoo" / "addons", self.folder / "addons"]
        return next(path / addon for path in folders if (path / addon).is_dir())

    def read_libraries(self):
        base = self.folder / "odoo"
        paths = [*base.glob("*.py"), *base.glob("orm/*.py"), *base.glob("modules/*.py")]
        for path in sorted([*paths, *base.glob("tools/*.py")]):
            module = ".".join(path.relative_to(self.folder).with_suffix("").parts)
            shown = str(path.relative_to(self.folder))
            classes, _tree = read_classes(path, module, "odoo", shown)
            self.classes += classes

    def read_addon(self, addon):
        folder = self.addon_folder(addon)
        for path in sorted(folder.rglob("*.py")):
            place = path.relative_to(folder.parent)
            if {"tests", "static", "upgrades", "migrations"} & set(place.parts):
                continue
            module = ".".join(["odoo", "addons", *place.with_suffix("").parts])
            module = module.removesuffix(".__init__")
            classes, _tree = read_classes(path, module, addon, str(place))
            self.classes += classes

    @cached_property
    def by_model(self):
        groups = defaultdict(list)
        for item in self.classes:
            groups[item.model].append(item)
        return groups

    @cached_property
    def by_place(self):
        return {f"{item.module}.{item.name}": item for item in self.classes}

    @cached_property
    def by_method(self):
        groups = defaultdict(list)
        for item in self.classes:
            for method in item.methods:
                groups[method].append(item)
        return groups

    def model_definitions(self, model, method, more_inherits=()):
        """Return the classes that define a method of a model, the first one first.

        The model itself comes before what it inherits from, `base` is the last.
        """
        seen, wave = set(), [model]
        while wave:
            for name in wave:
                found = [item for item in self.by_model[name] if method in item.methods]
                if found:
                    return found
            seen |= set(wave)
            parts = [part for name in wave for part in self.by_model[name]]
            parents = [*(name for part in parts for name in part.inherits), *more_inherits]
            wave = [name for name in dict.fromkeys(parents) if name not in seen]
            more_inherits = ()
            if not wave and "base" not in seen:
                wave = ["base"]
        return []

    def class_definitions(self, bases, method):
        """Return the core classes that define a method of a class with these bases.

        Odoo joins all children of a controller at start, so brothers count as well.
        """
        family, wave = {}, [self.find(base) for base in bases]
        while wave:
            item = wave.pop()
            if item and item.name != "Controller" and id(item) not in family:
                family[id(item)] = item
                wave += [self.find(base) for base in item.bases]
                place = f"{item.module}.{item.name}"
                wave += [child for child in self.classes if place in child.bases]
        return [item for item in self.classes if id(item) in family and method in item.methods]

    def find(self, place):
        """Return the class of a dotted name, also through a package that only passes it on."""
        if place in self.by_place:
            return self.by_place[place]
        package, _dot, name = place.rpartition(".")
        near = [item for key, item in self.by_place.items() if key.startswith(f"{package}.")]
        return next((item for item in near if item.name == name), None)

    def has(self, key):
        """Say whether a class or model still has a method: `sale.order._action_cancel`."""
        owner, _dot, method = key.rpartition(".")
        return any(item.key == owner for item in self.by_method[method])


# === OURS ===


class Finder:
    """What our addons use of Odoo: `uses` by key, `unknown` what Odoo does not have."""

    def __init__(self, core, addons=ADDONS, registered=()):
        self.core = core
        self.registered = set(registered)
        self.uses = {}
        self.unknown = []
        self.files = []
        self.calls_in_xml = []
        for addon in core.ours:
            self.read_addon(addons / addon, addon)
        self.inherits = defaultdict(list)
        self.classes = [item for _addon, classes, _tree in self.files for item in classes]
        for item in self.classes:
            self.inherits[item.model] += item.inherits
        self.own = self.find_overrides()
        self.find_calls()

    def read_addon(self, folder, addon):
        for path in sorted(folder.rglob("*.py")):
            place = path.relative_to(folder.parent)
            if not {"tests", "migrations"} & set(place.parts):
                module = ".".join(["odoo", "addons", *place.with_suffix("").parts])
                self.files.append((addon, *read_classes(path, module, addon, str(place))))
        for path in sorted(folder.rglob("*.xml")):
            for receiver, name in PRIVATE_CALL_IN_XML.findall(path.read_text(encoding="utf-8")):
                self.calls_in_xml.append((addon, receiver, name))

    # === OVERRIDES ===

    def find_overrides(self):
        """Collect the overrides.

        :return: the names of all other methods and functions of ours
        """
        overrides = set()
        for item in self.classes:
            for method, function in item.methods.items():
                found = self.definitions(item, method)
                if found:
                    overrides.add(id(function))
                    use = self.use(found, method)
                    use.overriding.add(item.addon)
                    use.docstrings.append(ast.get_docstring(function) or "")
                    use.misfits += misfits(item, method, function, found[0])
        nodes = [node for _addon, _classes, tree in self.files for node in ast.walk(tree)]
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        return {function.name for function in functions if id(function) not in overrides}

    def definitions(self, item, method):
        if method.startswith("__"):
            return []
        if item.model:
            return self.core.model_definitions(item.model, method, self.inherits[item.model])
        return self.core.class_definitions(self.own_bases(item), method)

    def own_bases(self, item):
        """Return the bases of a class, those of its bases among ours included."""
        ours = {f"{other.module}.{other.name}": other for other in self.classes}
        bases, wave = [], list(item.bases)
        while wave:
            base = wave.pop()
            bases.append(base)
            wave += ours[base].bases if base in ours else []
        return bases

    # === CALLS ===

    def find_calls(self):
        for addon, classes, tree in self.files:
            models = {item.name: item for item in classes}
            for node in ast.walk(tree):
                inside = models.get(node.name) if isinstance(node, ast.ClassDef) else None
                if inside or isinstance(node, ast.Module):
                    for receiver, name in private_calls(node):
                        self.add_call(addon, receiver, name, inside and inside.model)
        for addon, receiver, name in self.calls_in_xml:
            self.add_call(addon, receiver, name, None)

    def add_call(self, addon, receiver, name, model):
        if name in self.own or name in PYTHONS_OWN:
            return
        found = []
        if receiver in ("self", "cls") and model:
            found = self.core.model_definitions(model, name, self.inherits[model])
        found = found or self.guess(receiver, name, addon)
        if found:
            self.use(found, name).calling.add(addon)
        else:
            self.unknown.append(f"{addon} calls {receiver}.{name}(), which Odoo does not have")

    def guess(self, receiver, name, addon):
        """Return the definitions that a call means, when nothing says what the receiver is."""
        closure = self.core.closures[addon] | {"odoo"}
        every = [item for item in self.core.by_method[name] if item.addon in closure]
        keys = {item.key for item in every}
        # What a model only changes counts for the one that it inherits it from.
        inherited = {item.key for item in every if keys & set(item.inherits) - {item.key}}
        last = receiver.rpartition(".")[2]

        def rank(key):
            named = f"['{key}']" in receiver or f'["{key}"]' in receiver
            alike = key.rpartition(".")[2] in last
            return (not named, not alike, f"{key}.{name}" not in self.registered, key)

        chosen = min(keys - inherited or keys, key=rank, default=None)
        return [item for item in every if item.key == chosen]

    def use(self, found, method):
        """Return the register's line of a core method."""
        first = found[0]
        key = f"{first.key}.{method}"
        if key not in self.uses:
            others = sorted({item.addon for item in found} - {first.addon})
            self.uses[key] = Use(key, plain_signature(first.methods[method]), first.path, others)
        return self.uses[key]


def private_calls(node):
    """Yield `(receiver, method)` of each call of a private method; a class's are its own."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
            name, receiver = child.func.attr, ast.unparse(child.func.value)
            if re.match("_[a-z]", name) and not receiver.startswith("super("):
                yield receiver, name
        yield from private_calls(child)


# === SIGNATURES ===


def misfits(item, method, function, core):
    """Return why our override cannot be called in every way in which Odoo's can."""
    original = core.methods[method]
    ours, theirs = plain_signature(function), plain_signature(original)
    # The dispatcher calls routes by names only, in no order.
    by_name = any("route(" in ast.unparse(line) for line in original.decorator_list)
    judge = misfit_by_name if by_name else misfit
    reason = judge(parse_signature(ours), parse_signature(theirs))
    return [f"{ours} in {item.path} {reason}, Odoo has {theirs}"] if reason else []


def parse_signature(text):
    return ast.parse(f"def f{text}: pass").body[0].args


def misfit(ours, core):
    """Return what our parameters lack against the core's, or None."""
    own, theirs = positional(ours), positional(core)
    only_named = {argument.arg for argument in ours.kwonlyargs}
    for (mine, _optional), (other, by_name) in zip(own, theirs, strict=False):
        # What Odoo may leave out it passes by name, and `**kwargs` takes it.
        if mine != other and not ours.vararg and not (by_name and ours.kwarg):
            return f"calls the parameter {other} {mine}"
    for (mine, optional), (_other, was_optional) in zip(own, theirs, strict=False):
        if was_optional and not optional:
            return f"needs the parameter {mine}, which is optional"
    for name, _optional in theirs[len(own) :]:
        if not (ours.vararg or ours.kwarg or name in only_named):
            return f"lacks the parameter {name}"
    for name, optional in own[len(theirs) :]:
        if not optional and not core.vararg:
            return f"needs the parameter {name}, which Odoo does not pass"
    lacking = (
        {argument.arg for argument in core.kwonlyargs} - only_named - {name for name, _ in own}
    )
    if lacking and not ours.kwarg:
        return f"lacks the parameter {min(lacking)}"
    return f"lacks **{core.kwarg.arg}" if core.kwarg and not ours.kwarg else None


def misfit_by_name(ours, core):
    """Return what our parameters lack when all are passed by name, or None."""
    own, theirs = dict(positional(ours)), dict(positional(core))
    for name in sorted(own.keys() - theirs.keys()):
        if not own[name]:
            return f"needs the parameter {name}, which Odoo does not pass"
    if not ours.kwarg and (core.kwarg or theirs.keys() - own.keys()):
        return "does not pass on every parameter"
    return None


def positional(arguments):
    names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    needed = len(names) - len(arguments.defaults)
    return [(name, place >= needed) for place, name in enumerate(names)]


# === THE REGISTER ===


def read_register(path=REGISTER):
    """Return the table as `{key: (signature, where, overridden by, called by, why)}`."""
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 6 and cells[0].startswith("`"):
            key, signature, *rest = (cell.replace("\\|", "|") for cell in cells)
            rows[key.strip("`")] = (signature.strip("`"), *rest)
    return rows


def line_of(use):
    """Return the cells of a use, without the reason."""
    where = use.where + (f" (also {', '.join(use.others)})" if use.others else "")
    return (use.signature, where, ", ".join(sorted(use.overriding)), ", ".join(sorted(use.calling)))


def reason_of(use):
    """Return what the docstrings of our overrides say, as a first reason for the register."""
    reasons = []
    for text in use.docstrings:
        sentence = re.split(r"(?<=\w)[.:](?:\s|$)", re.sub(r"^Override of `\w+`:", "", text))[0]
        sentence = re.sub(r"^Override (of `\w+` )?to ", "", " ".join(sentence.split()))
        reasons.append(sentence)
    return "; ".join(dict.fromkeys(filter(None, reasons)))


def find(registered=(), source=None, addons=ADDONS):
    """Return what the sources use of Odoo."""
    return Finder(Core(source or odoo_source.source_folder(), addons), addons, registered)


def problems(rows, finder):
    """Return what is wrong between the register, our sources and Odoo's, each by name."""
    found = [f"{line}: look what took its place" for line in finder.unknown]
    for key, use in sorted(finder.uses.items()):
        if key not in rows:
            users = ", ".join(sorted(use.overriding | use.calling))
            found.append(f"{key} (used by {users}) is not in the register")
            continue
        names = ("signature", "place", "list of overriding addons", "list of calling addons")
        for name, now, told in zip(names, line_of(use), rows[key], strict=False):
            if now != told:
                found.append(f"{key}: its {name} is now {now or 'empty'}, the register says {told}")
        if not rows[key][-1]:
            found.append(f"{key}: the register does not say why")
        found += [f"{key}: {misfit}" for misfit in use.misfits]
    for key in sorted(set(rows) - set(finder.uses)):
        gone = (
            "nothing uses it any more" if finder.core.has(key) else "Odoo does not have it any more"
        )
        found.append(f"{key}: {gone}")
    return found


def write(path=REGISTER, source=None, addons=ADDONS):
    """Write the table anew; reasons are kept by key."""
    rows = read_register(path)
    uses = find(rows, source, addons).uses
    lines = []
    for key in sorted(uses):
        signature, *rest = (cell.replace("|", "\\|") for cell in line_of(uses[key]))
        why = rows[key][-1] if key in rows else ""
        why = why or reason_of(uses[key])
        lines.append(f"| `{key}` | `{signature}` | " + " | ".join([*rest, why]) + " |")
    text = path.read_text(encoding="utf-8")
    head, _header, tail = text.partition(HEADER)
    after = "\n".join(line for line in tail.splitlines() if not line.startswith("|")).strip()
    parts = [head.rstrip(), "\n".join([HEADER, RULE, *lines])]
    path.write_text("\n\n".join([*parts, *filter(None, [after])]) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table of the register anew")
    if parser.parse_args().write:
        write()
        return
    for use in find(read_register()).uses.values():
        print(use.key, *line_of(use), sep=" | ")


if __name__ == "__main__":
    main()
