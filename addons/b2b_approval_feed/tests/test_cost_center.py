import jsonschema

from odoo.tests import tagged

from odoo.addons.order_status_flags_feed.tests.orders_common import SCHEMA, OrdersCommon


@tagged("post_install", "-at_install")
class TestCostCenter(OrdersCommon):
    """The ERP reads the customer's cost centre of an order, and hears when it changes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.workshop = cls._create_center("100", "Workshop")

    @classmethod
    def _create_center(cls, code, name):
        values = {"partner_id": cls.customer.id, "code": code, "name": name}
        return cls.env["b2b.cost.center"].create(values)

    def _get_told(self):
        """Return cost centre and version of the one order that came."""
        (found,) = self._news()
        return found.get("cost_center"), found.get("cost_center_name"), found["version"]

    def test_order_without_one_has_no_keys_of_it(self):
        self._place()
        self.assertEqual(self._get_told(), (None, None, 1))

    def test_order_comes_again_when_it_gets_another(self):
        order = self._place(cost_center_id=self.workshop.id)
        self.assertEqual(self._get_told(), ("100", "Workshop", 1))
        order.cost_center_id = self._create_center("200", "Office")
        self.assertEqual(self._get_told(), ("200", "Office", 2))
        order.cost_center_id = False
        self.assertEqual(self._get_told(), (None, None, 3))
        self.assertEqual(self._news(), [])

    def test_order_comes_again_when_it_is_called_otherwise(self):
        self._place(cost_center_id=self.workshop.id)
        other = self._place()
        self._news()
        self.workshop.code = "101"
        self.assertEqual(self._get_told(), ("101", "Workshop", 2))
        self.workshop.name = "Main workshop"
        self.assertEqual(self._get_told(), ("101", "Main workshop", 3))
        self.workshop.active = False
        self.assertEqual(self._news(), [], "an archived one is still that of the order")
        other.client_order_ref = "PO"
        self.assertEqual(self._get_told(), (None, None, 2))

    def test_schema_holds(self):
        self._place(cost_center_id=self.workshop.id)
        validator = jsonschema.Draft202012Validator(SCHEMA)
        self.assertEqual([list(validator.iter_errors(one)) for one in self._news()], [[]])

    def test_queries_do_not_grow_with_the_orders(self):
        def count(number):
            self._create_orders(number, document_type="web", cost_center_id=self.workshop.id)
            self.env.flush_all()
            self.env.invalidate_all()
            with self._count_queries() as queries:
                self.assertEqual(len(self._news()), number)
            return queries[0]

        count(1)
        self.assertNoMoreQueries(count(2), count(20))
