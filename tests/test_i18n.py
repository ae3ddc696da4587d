"""Every text of every addon is in the .pot file and translated to Polish and Slovenian."""

import re

import i18n
import pytest
from common import manifests, show

# Python's and QWeb's placeholders: a translation that loses one fails where it is used.
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sdf]|\{\{.+?\}\}|</?\w+")
# Polish greets without a name, see decision 74: it would need another case.
GREETING = re.compile(r"Hello <t t-out=[^>]+>[^<]*</t>,")


@pytest.fixture(scope="module")
def fresh(pg, tmp_path_factory):
    """The freshly exported texts: `{addon: catalogue}`."""
    return i18n.export(pg, tmp_path_factory.mktemp("pot"))


def gaps(path):
    """Return one line for each text of a .po file that is not, or badly, translated."""
    lines = []
    for item in i18n.load(path):
        if item.obsolete:
            continue
        msgid = GREETING.sub("Hello,", item.msgid) if path.stem == "pl" else item.msgid
        if not item.msgstr:
            lines.append(f"empty: {item.msgid!r}")
        elif item.fuzzy:
            lines.append(f"fuzzy: {item.msgid!r}")
        elif sorted(PLACEHOLDER.findall(msgid)) != sorted(PLACEHOLDER.findall(item.msgstr)):
            lines.append(f"placeholders or tags differ: {item.msgid!r} and {item.msgstr!r}")
    return [f"{show(path)}: {line}" for line in lines]


def check(addon, fresh):
    """Return one line for each thing that is wrong with the translations of an addon.

    :param fresh: the catalogue that was just exported
    """
    lines = i18n.differences(fresh, i18n.pot_path(addon))
    for language in i18n.TRANSLATIONS:
        path = i18n.po_path(addon, language)
        if i18n.terms(fresh) and not path.exists():
            lines.append(f"{show(path)}: missing")
        lines += i18n.differences(fresh, path) + gaps(path)
    return lines


@pytest.mark.parametrize("addon", manifests())
def test_texts_are_exported_and_translated(fresh, addon):
    lines = check(addon, fresh[addon])
    if lines:
        shown = "\n".join(lines[:50])
        pytest.fail(f"`make i18n`, then translate; {len(lines)} texts:\n{shown}", pytrace=False)


def test_check_sees_what_is_wrong(tmp_path):
    path = tmp_path / "pl.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "empty"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "unsure"\nmsgstr "niepewne"\n\n'
        'msgid "order %(name)s"\nmsgstr "zamówienie"\n\n'
        'msgid "good %s"\nmsgstr "dobre %s"\n'
    )
    found = " ".join(gaps(path))
    assert all(text in found for text in ("'empty'", "'unsure'", "'order %(name)s'"))
    assert "good" not in found
