"""Each test looks at what the one before left behind; `tests/test_kept_caches.py` runs them."""

from odoo.tests import TransactionCase

VIEW = "portal.portal_record_sidebar"
IN_CLASS, IN_TEST = "written by a class", "written by a test"


class Case(TransactionCase):
    def rewrite(self, text):
        self.env.ref(VIEW).arch = f'<t t-name="{VIEW}"><p>{text}</p></t>'

    def shown(self):
        return str(self.env["ir.qweb"]._render(VIEW, {"classes": "", "title": "", "entries": ""}))

    def compiled(self):
        return len(self.registry._Registry__caches["templates"])


class Test1Class(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rewrite(cls, IN_CLASS)

    def test_1(self):
        self.assertIn(IN_CLASS, self.shown())
        self.rewrite(IN_TEST)
        self.assertIn(IN_TEST, self.shown())
        self.env["ir.config_parameter"].set_param("kept", IN_TEST)
        self.assertEqual(self.env["ir.config_parameter"].get_param("kept"), IN_TEST)

    def test_2(self):
        self.assertIn(IN_CLASS, self.shown())
        self.assertFalse(self.env["ir.config_parameter"].get_param("kept"))

    def test_3(self):
        self.assertTrue(self.compiled(), "what a test compiled and did not change is kept")


class Test2Class(Case):
    def test_1(self):
        self.assertFalse(self.compiled(), "the class before has changed a template")
        self.assertNotIn(IN_CLASS, self.shown())


class Test3Class(Case):
    def test_1(self):
        self.assertTrue(self.compiled())
