"""The illustrated days of docs/ are there in three languages, and name buttons as pages do.

Reads sources only: neither Odoo nor an addon is imported.
"""

import re
from itertools import product

import i18n
import pytest
from common import ADDONS, ROOT, manifests, show

DOCS = ROOT / "docs"
LANGUAGES = {"en": "English", "pl": "Polski", "sl": "Slovenščina"}
PAGES = sorted(path.name for path in [*DOCS.glob("day-of-*.md"), *DOCS.glob("from-*.md")])
PICTURE = re.compile(r'!\[[^\]]+\]\(([^)]+)\)|<img src="([^"]+)"[^>]* alt="[^"]+"')
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#]+)[^)]*\)")
# What a page calls a button, menu or field: *Sales > Orders*, over two lines where it is long.
TERM = re.compile(r"(?<![*\w])\*([^*\n]+(?:\n[^*\n]+)?)\*(?![*\w])")


def get_path(page, language):
    return DOCS / page if language == "en" else DOCS / language / page


def get_pictures(path):
    """Return the files of the pictures of a page, in their order."""
    found = PICTURE.findall(path.read_text())
    return [(path.parent / (one or other)).resolve() for one, other in found]


def get_terms(path):
    """Return what a page calls buttons, menus and fields."""
    found = TERM.findall(path.read_text())
    return {part.strip() for one in found for part in " ".join(one.split()).split(" > ")}


def get_translations(language):
    """Return `{English text: its translations}` of all addons."""
    found = {}
    for addon in manifests():
        for item in i18n.load(i18n.po_path(addon, language)):
            found.setdefault(item.msgid, set()).add(item.msgstr)
    return found


@pytest.fixture(scope="module", params=["pl", "sl"])
def words(request):
    return request.param, get_translations(request.param)


def test_there_are_days_of_everybody():
    people = ("requester", "approver", "company-administrator", "accountant", "buyer", "clerk")
    assert {f"day-of-a{'n' if name[0] == 'a' else ''}-{name}.md" for name in people} <= set(PAGES)
    assert "from-stranger-to-customer.md" in PAGES
    for language in ("pl", "sl"):
        translated = {path.name for path in (DOCS / language).glob("*.md")}
        assert translated == set(PAGES)


@pytest.mark.parametrize(("page", "language"), [*product(PAGES, LANGUAGES)])
def test_page_links_and_shows_what_is_there(page, language):
    path = get_path(page, language)
    pictures = get_pictures(path)
    assert pictures
    links = [path.parent / link for link in LINK.findall(path.read_text()) if ":" not in link]
    missing = [show(one) for one in [*pictures, *links] if not one.exists()]
    assert missing == []
    # The other two languages are one click away, right below the title.
    title, names = path.read_text().split("\n\n")[:2]
    assert title.startswith("# ")
    assert [re.sub(r"\[|\]\([^)]*\)", "", name) for name in names.split(" · ")] == [
        *LANGUAGES.values()
    ]
    assert names.count(page) == 2


@pytest.mark.parametrize(("page", "language"), [*product(PAGES, ["pl", "sl"])])
def test_translation_has_the_same_headings_and_pictures(page, language):
    original, translation = get_path(page, "en"), get_path(page, language)
    levels = [
        re.findall(r"^(#+) ", path.read_text(), re.MULTILINE) for path in (original, translation)
    ]
    assert levels[0] == levels[1]
    assert get_pictures(original) == get_pictures(translation)
    rows = [path.read_text().count("\n|") for path in (original, translation)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("page", PAGES)
def test_translation_names_buttons_as_the_product_does(page, words):
    language, translations = words
    used = get_terms(get_path(page, language))
    wrong = [
        f"{term!r} is {sorted(translations[term])}"
        for term in sorted(get_terms(get_path(page, "en")))
        if term in translations and not translations[term] & used
    ]
    assert wrong == []


def test_every_picture_is_shown_somewhere():
    folders = [ROOT.glob("*.md"), DOCS.rglob("*.md"), ADDONS.rglob("*.md"), ADDONS.rglob("*.html")]
    text = "".join(path.read_text() for folder in folders for path in folder)
    pictures = [path.name for path in (DOCS / "images").glob("*.png")]
    assert [name for name in pictures if name not in text] == []
