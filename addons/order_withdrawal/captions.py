"""The words of the law on the button that opens the function, and on the one that confirms.

Directive 2011/83/EU, Article 11a(1) and (3), as Directive (EU) 2023/2673 inserted it (CELEX
32023L2673): each of the 24 language versions says in its own words what the two are labelled
with. Six versions have no word for "here". The first letter is a capital, as on a button. A
translation of Odoo never changes them, and a page in a language without them shows the English
ones.

What was compared with what (November 2026). None but `en`, `pl` and `sl` was compared with the
Official Journal itself.

- All 48 texts: with two published lists of the 24 versions. Their makers say that they took them
  from the Official Journal, one by a program that found each text in its own version. Both agree
  with this table but for the Italian label of the function, where one prints "Recedi dal contratto
  qui" as that of the Italian act, and ours as that of the directive.
- `bg`, `da`, `de`, `el`, `es`, `et`, `fr`, `hu`, `it`, `lt`, `nl`, `pt`, `ro`, `sk`, `sv`: also
  with what others quote of the directive or of their country's act.
- `cs`: the confirmation also with such quotations, the label of the function with the lists alone.
- `fi`, `ga`, `hr`, `lv`, `mt`: with lists alone.

See docs/withdrawal.md. National law may prescribe other words: a lawyer of the country says so.
"""

# code: (label of the function, label of the confirmation)
CAPTIONS = {
    "bg": ("Откажете се от договора тук", "Потвърждавам отказа"),
    "cs": ("Zde odstoupit od smlouvy", "Potvrdit odstoupení od smlouvy"),
    "da": ("Fortryd aftale", "Bekræft fortrydelse"),
    "de": ("Vertrag widerrufen", "Widerruf bestätigen"),
    "el": ("Πατήστε εδώ για υπαναχώρηση", "Επιβεβαίωση υπαναχώρησης"),
    "en": ("Withdraw from contract here", "Confirm withdrawal"),
    "es": ("Desistir del contrato aquí", "Confirmar desistimiento"),
    "et": ("Taganen lepingust", "Kinnitan taganemise"),
    "fi": ("Peruuta sopimus tästä", "Vahvista peruuttaminen"),
    "fr": ("Renoncer au contrat ici", "Confirmer la rétractation"),
    "ga": ("Tarraing siar ón gconradh anseo", "Dearbhaigh an tarraingt siar"),
    "hr": ("Odustati od ugovora", "Potvrditi odustajanje"),
    "hu": ("Elállás a szerződéstől", "Elállás megerősítése"),
    "it": ("Recedere dal contratto qui", "Conferma recesso"),
    "lt": ("Atsisakyti sutarties čia", "Patvirtinti sutarties atsisakymą"),
    "lv": ("Atteikties no līguma", "Apstiprināt atteikumu"),
    "mt": ("Irtira mill-kuntratt hawnhekk", "Ikkonferma r-reċess"),
    "nl": ("Hier de overeenkomst herroepen", "Herroeping bevestigen"),
    "pl": ("Odstąp od umowy tutaj", "Potwierdź odstąpienie od umowy"),
    "pt": ("Retrate-se do contrato aqui", "Confirmar retratação"),
    "ro": ("Retrageți-vă din contract aici", "Confirmați retragerea"),
    "sk": ("Odstúpiť od zmluvy tu", "Potvrdiť odstúpenie od zmluvy"),
    "sl": ("Kliknite tukaj za odstop od pogodbe", "Potrdi odstop od pogodbe"),
    "sv": ("Ångra avtalet här", "Bekräfta frånträde"),
}


def get_language(lang, default="en"):
    """Return the code of the language whose words are shown to readers of a locale.

    :param str lang: locale of Odoo or a language code (``pl_PL``, ``de``, ``de-AT``), may be empty
    :param str default: of a language without words
    :rtype: str
    """
    code = (lang or "").replace("-", "_").split("_")[0].lower()
    return code if code in CAPTIONS else default


def get_function_caption(lang):
    """Return what the link to the withdrawal function is called, see ``get_language``."""
    return CAPTIONS[get_language(lang)][0]


def get_confirm_caption(lang):
    """Return what the button that confirms a withdrawal is called, see ``get_language``."""
    return CAPTIONS[get_language(lang)][1]
