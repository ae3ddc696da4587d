"""Tell what the columns of a customer's list are, by the words of its header.

A word that is not known makes no column a quantity: the buyer is asked instead.
"""

import re
import unicodedata

_NO_DECOMPOSITION = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ß": "ss"})
_WORDS = re.compile(r"[^\W_]+")


def _split_words(text):
    return frozenset(text.split())


# The words of a header, without accents and case: English, Polish, Slovenian, some German.
QUANTITY = _split_words("quantity qty ilosc kolicina kol menge anzahl quantities")
# What counts pieces is a quantity when it stands alone.
PIECES = _split_words("pcs pc pieces szt sztuk sztuki kos kosov kosi stk stuck")
# What may stand beside a quantity and leaves it what is to be ordered.
OF_QUANTITY = PIECES | _split_words(
    "order ordered to wanted required requested needed your my zamowiona zamawiana zamowienia"
    " zamow do narocena naroceno narocanja narocila narocilo naroci bestellmenge bestellt st"
)
SKU = _split_words("sku code reference kod indeks symbol sifra koda artikelnummer artikelnr")
OF_SKU = _split_words(
    "sku code article artikla artikel artykulu art product produktu produkta izdelka item part"
    " internal towaru towar our no nr number numer stevilka st kat catalogue catalog katalogowy"
    " katalogova handlowy material materialu"
)
ARTICLE = _split_words(
    "article artikla artikel artykulu art product produktu izdelka item part kat catalogue"
    " catalog katalogowy katalogova towaru material materialu"
)
NUMBER = _split_words("no nr number numer stevilka st nummer")
BARCODE = _split_words("barcode ean ean13 gtin upc")
OF_BARCODE = BARCODE | _split_words("code kod koda sifra no nr number")
UNIT = _split_words("unit uom jednostka jedn enota einheit pack packaging opakowanie pakiranje")
OF_UNIT = UNIT | _split_words("of measure miary mere j m jm em me")
UNIT_ALONE = (["jm"], ["j", "m"], ["em"], ["e", "m"], ["me"])
REASON = _split_words("reason powod razlog")
# What is surely no quantity, whatever stands beside it.
OTHER = REASON | _split_words(
    "price prices cena ceny cene cen preis net netto neto gross brutto bruto value wartosc"
    " vrednost wert total suma razem skupaj znesek kwota year rok leto jahr line lp poz pozycja"
    " pozycji position row wiersz vrstica postavka stock stan zaloga magazyn lager available"
    " dostepne date data datum currency waluta valuta discount rabat popust vat tax ddv weight"
    " waga teza name nazwa naziv ime description opis bezeichnung note notes uwagi opomba status"
    " min minimum minimalna najmanjsa delivered invoiced kraj country id"
)


def fold(text):
    """Return `text` without accents and case, for comparing words.

    :param str text: any text
    :rtype: str
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_NO_DECOMPOSITION))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().strip()


def get_role(header):
    """Return what a column is, by its header.

    :param str header: the cell
    :return: `sku`, `barcode`, `quantity`, `unit`, `other` (surely none of these), or '' when its
        words are not known
    :rtype: str
    """
    words = _WORDS.findall(fold(header))
    known = frozenset(words)
    if not known:
        return ""
    if known & OTHER:
        return "other"
    if words in UNIT_ALONE or (known & UNIT and known <= OF_UNIT):
        return "unit"
    if (known & QUANTITY and known <= QUANTITY | OF_QUANTITY) or known <= PIECES:
        return "quantity"
    if {"kod", "kreskowy"} == known or {"crtna", "koda"} == known:
        return "barcode"
    if known & BARCODE and known <= OF_BARCODE:
        return "barcode"
    if known & SKU and known <= OF_SKU | SKU:
        return "sku"
    if known & ARTICLE and known & NUMBER and known <= OF_SKU:
        return "sku"
    return ""


def strip(cells):
    """Return cells without empty ones at the end.

    :param list cells: clean texts
    :rtype: list
    """
    count = max((i for i, cell in enumerate(cells, start=1) if cell), default=0)
    return cells[:count]


def is_wider(cells, header, column):
    """Whether an unquoted text with a separator may have moved the cells of a row to the right.

    Empty cells at the end count: the last columns of the header have moved there. A separator that
    merely ends the row moves nothing that is asked for.

    :param list cells: of the row
    :param list header: cells of the header
    :param int column: the last one that is asked for
    """
    if len(cells) <= len(header) and header[-1]:
        return False  # by far the most
    names = strip(header)
    if len(strip(cells)) > len(names):
        return True
    return len(cells) > len(header) and column < len(names) - 1
