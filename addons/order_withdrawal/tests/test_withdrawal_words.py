from odoo.tests import TransactionCase, tagged

from odoo.addons.order_withdrawal.captions import (
    CAPTIONS,
    get_confirm_caption,
    get_function_caption,
)
from odoo.addons.order_withdrawal.consumers import EEA, is_in_eea, may_be_sole_trader
from odoo.addons.order_withdrawal.declaration import Declaration, get_canonical_email, get_hash

OFFICIAL = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"


@tagged("post_install", "-at_install")
class TestWithdrawalWords(TransactionCase):
    def test_captions_of_all_official_languages(self):
        self.assertEqual(sorted(CAPTIONS), OFFICIAL.split())
        words = [word for pair in CAPTIONS.values() for word in pair]
        self.assertEqual(len(set(words)), 48)
        self.assertTrue(all(word == word.strip() and word[0].isupper() for word in words))

    def test_captions_that_the_contract_names(self):
        self.assertEqual(get_function_caption("pl_PL"), "Odstąp od umowy tutaj")
        self.assertEqual(get_confirm_caption("pl_PL"), "Potwierdź odstąpienie od umowy")
        self.assertEqual(get_function_caption("sl_SI"), "Kliknite tukaj za odstop od pogodbe")
        self.assertEqual(get_confirm_caption("sl_SI"), "Potrdi odstop od pogodbe")
        self.assertEqual(get_function_caption("en_GB"), "Withdraw from contract here")
        self.assertEqual(get_confirm_caption("en_GB"), "Confirm withdrawal")

    def test_captions_of_other_languages_are_english(self):
        for lang in ("zh_CN", "", False, None, "x" * 100):
            self.assertEqual(get_function_caption(lang), "Withdraw from contract here")
        self.assertEqual(get_function_caption("sr@latin"), "Withdraw from contract here")
        self.assertEqual(get_function_caption("pt_BR"), "Retrate-se do contrato aqui")

    def test_countries(self):
        self.assertEqual(len(EEA), 27 + 3 + 7)
        for code in ("PL", "si", "NO", "IS", "LI", "", False):
            self.assertTrue(is_in_eea(code))
        for code in ("CH", "GB", "US", "UA"):
            self.assertFalse(is_in_eea(code))

    def test_sole_traders(self):
        for name in ("Jan Kowalski", "Usługi Budowlane Anna Nowak", "PHU Zosia", "Salon Spa"):
            self.assertTrue(may_be_sole_trader(name), name)
        for name in ("Acme sp. z o.o.", "ACME SP.Z O.O.", "Bank S.A.", "Nowak spółka jawna"):
            self.assertFalse(may_be_sole_trader(name), name)

    def test_declaration_keeps_what_was_typed(self):
        declaration = Declaration.from_form(
            {
                "name": "  Anna \n Kowalska ",
                "reason": "Line 1\r\nLine 2\x00",
                "line_5": " 2,5 ",
                "line_6": "",
                "line_7": "0",
                "line_x": "3",
                "email": object(),
            }
        )
        self.assertEqual(declaration.name, "Anna Kowalska")
        self.assertEqual(declaration.reason, "Line 1\nLine 2")
        self.assertEqual(declaration.email, "")
        self.assertEqual(declaration.get_quantities([5, 6, 7]), ({5: 2.5}, []))
        self.assertEqual(declaration.get_quantities([6]), ({}, []))

    def test_plus_aliases_are_one_address(self):
        spellings = ("Me+1@Example.com", "me@example.com", " me+a+b@example.com", "me@example.com.")
        self.assertEqual({get_canonical_email(one) for one in spellings}, {"me@example.com"})

    def test_hash_is_that_of_the_text(self):
        self.assertEqual(
            get_hash("ą"), "1ddca08050786f81b2b5edbeaa0bbcbd7da5c23971a45fbe27ebb87df9b2b8ae"
        )
