from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged

from ..typed_text import clean_text


@tagged("post_install", "-at_install")
class TestTypedText(BaseCase):
    def test_clean(self):
        for typed, clean in (
            ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
            ("one\r\n\r\ntwo", "one\n\ntwo"),
            ("one\u2028two\u2029three", "one\ntwo\nthree"),
            ("a\x00b\x07c\x1bd\x85e", "abcde"),
            ("half \ud83d here", "half  here"),
            ("whole \U0001f4e6 here", "whole \U0001f4e6 here"),
            ("\n\t  \u3000\ufeffa b\u200b \r\n", "a b"),
            ("\u200b\u2060\u200e", ""),
            ("invoice \u202egnp.exe\u202c", "invoice gnp.exe"),
            ("\u2067abc\u2069", "abc"),
            # Persian joins and divides its letters by invisible ones.
            ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",) * 2,
            ("", ""),
            (None, ""),
            (False, ""),
            (17, ""),
            (b"bytes", ""),
        ):
            with self.subTest(typed=typed):
                self.assertEqual(clean_text(typed), clean)
                self.assertEqual(clean_text(clean), clean, "clean text stays as it is")

    def test_one_line(self):
        self.assertEqual(clean_text(" a\r\nb \t c\u00a0d ", one_line=True), "a b c d")

    def test_length_counts_what_is_stored(self):
        typed = "\r\n".join("ab" for _i in range(10))
        self.assertEqual(len(clean_text(f"  {typed}\x00 ", 29, "no")), 29)
        with self.assertRaisesRegex(UserError, "28 at most"):
            clean_text(typed, 28, "28 at most")
