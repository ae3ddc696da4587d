"""Every text of every addon is in the .pot file and translated to Polish and Slovenian."""

import i18n
import pytest
from common import manifests


@pytest.fixture(scope="module")
def fresh(pg, tmp_path_factory):
    """The freshly exported texts: `{addon: catalogue}`."""
    return i18n.export(pg, tmp_path_factory.mktemp("pot"))


@pytest.mark.parametrize("addon", manifests())
def test_texts_are_exported_and_translated(fresh, addon):
    lines = i18n.check(addon, fresh[addon])
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
    found = " ".join(i18n.gaps(path))
    assert all(text in found for text in ("'empty'", "'unsure'", "'order %(name)s'"))
    assert "good" not in found
