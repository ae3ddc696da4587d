from odoo.tests import tagged

from odoo.addons.b2b_pricelist.tests.common import B2bCommon

from ..hooks import _uninstall_hook


@tagged("post_install", "-at_install")
class TestUninstall(B2bCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = [(cls.product, 1)]
        cls.cart = cls._create_order(lines, b2b_qualifier="cart")
        cls.template = cls._create_order(
            lines, b2b_qualifier="template", b2b_template_name="Monthly"
        )
        cls.pro_forma = cls._create_order(lines, b2b_qualifier="order", state="sent")

    def _warn_before_uninstalling(self, name):
        module = self.env["ir.module.module"].search([("name", "=", name)])
        wizard = self.env["base.module.uninstall"].create({"module_ids": module.ids})
        return wizard.b2b_warning

    def test_dialog_warns_with_the_number_of_carts_and_templates(self):
        self.assertIn("2 carts and order templates", self._warn_before_uninstalling("b2b_portal"))

    def test_dialog_warns_when_the_addon_goes_with_another(self):
        self.assertIn(
            "2 carts and order templates", self._warn_before_uninstalling("order_status_flags")
        )

    def test_dialog_does_not_warn_when_the_addon_stays(self):
        self.assertFalse(self._warn_before_uninstalling("b2b_portal_stock"))

    def test_dialog_does_not_warn_when_nothing_is_lost(self):
        (self.cart | self.template).unlink()
        self.assertFalse(self._warn_before_uninstalling("b2b_portal"))

    def test_carts_and_templates_go_and_orders_stay_orders(self):
        status = self.pro_forma.order_status_id
        self.assertTrue(status)
        self.env.flush_all()
        _uninstall_hook(self.env)
        self.assertFalse((self.cart | self.template).exists())
        self.assertEqual(self.pro_forma.state, "sent")
        self.assertEqual(self.pro_forma.document_type, "web")
        self.assertEqual(self.pro_forma.order_status_id, status)
        self.assertTrue(self.pro_forma._is_order_placed())
        self.assertTrue(self.pro_forma.tracking_url)

    def test_inherited_fields_of_odoo_do_not_depend_on_ours(self):
        # Odoo would delete its records of them together with the field that they depend on.
        ours = {
            field
            for model in self.env.values()
            for field in model._fields.values()
            if field._modules in (("b2b_agreement",), ("b2b_pricelist",), ("b2b_portal",))
        }
        self.assertTrue(ours)
        names = {field.name for field in ours}
        dependent = [
            str(field)
            for own in ours
            for field in self.env.registry.get_dependent_fields(own)
            if field.inherited and field.name not in names
        ]
        self.assertFalse(dependent)
