import psycopg2

from odoo.fields import Domain
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.order_status_flags.bulk import (
    MANY,
    _list_foreign_keys,
    _list_indexes,
    without_foreign_keys,
    without_indexes,
)
from odoo.addons.order_status_flags.hooks import _create_was_placed, mark_placed_orders
from odoo.addons.order_status_flags.trigram import index_parts

from .common import OrderStatusCommon


class IndexCase(OrderStatusCommon):
    """Asks PostgreSQL which indexes a query can use, however few rows a test has."""

    def _explain(self, model, domain, without=("seqscan", "indexscan", "indexonlyscan"), **options):
        """Return the plan of a search, by default one that only looks values up in indexes.

        :param without: ways that PostgreSQL may not go
        :param options: of the search
        """
        for way in without:
            self.env.cr.execute(SQL("SELECT set_config(%s, 'off', true)", f"enable_{way}"))
        # The feed's own, of what is not empty: as good as any while nearly all is empty.
        self.env.cr.execute("DROP INDEX IF EXISTS sale_order__client_order_ref_index")
        query = self.env[model]._search(domain, **options)
        rows = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        for way in without:
            self.env.cr.execute(SQL("SELECT set_config(%s, 'on', true)", f"enable_{way}"))
        return "\n".join(line for (line,) in rows)


@tagged("post_install", "-at_install")
class TestIndexes(IndexCase):
    def test_every_part_of_the_search_box_has_an_index(self):
        for field, index in (
            ("name", "sale_order__name_index"),
            ("client_order_ref", "sale_order_client_order_ref_trigram_idx"),
        ):
            with self.subTest(field):
                plan = self._explain("sale.order", [(field, "ilike", "S0001")])
                self.assertIn(index, plan)
                self.assertNotIn("Seq Scan", plan)

    def test_a_reference_is_found_together_with_the_number(self):
        domain = ["|", ("name", "ilike", "PO 77"), ("client_order_ref", "ilike", "PO 77")]
        plan = self._explain("sale.order", domain)
        self.assertIn("BitmapOr", plan)
        self.assertIn("sale_order_client_order_ref_trigram_idx", plan)

    def test_customers_are_found_by_a_part_of_what_they_are_known_by(self):
        fields = self.env["res.partner"]._rec_names_search
        domain = Domain.OR(Domain(field, "ilike", "Nowak") for field in fields)
        plan = self._explain("res.partner", domain)
        # One of them has an index of Odoo's own, which may do as well while there are few.
        self.assertGreaterEqual(plan.count("on res_partner_order_search_idx"), len(fields) - 1)
        self.assertNotIn("Seq Scan", plan)

    def test_a_column_of_the_kanban_view_comes_in_its_order(self):
        plan = self._explain(
            "sale.order",
            [("order_status_id", "=", self.in_progress.id)],
            without=("seqscan", "bitmapscan"),
            order="order_status_date, id",
            limit=80,
        )
        self.assertIn("sale_order_status_since_idx", plan)
        self.assertNotIn("Sort", plan)

    def test_needs_attention_asks_each_reason_by_itself(self):
        domain = [("status_attention", "!=", False)]
        plan = self._explain("sale.order", domain, without=("seqscan",))
        self.assertIn("Append", plan)
        self.assertIn("sale_order__cancellation_requested_on_index", plan)
        self.assertNotIn("Seq Scan on sale_order ", plan, plan)

    def test_without_trigrams_there_is_no_such_index(self):
        registry = self.env.registry
        self.patch(registry, "has_trigram", False)
        self.assertEqual(index_parts("name")(registry), "")


@tagged("post_install", "-at_install")
class TestFoundByEach(OrderStatusCommon):
    def test_an_order_with_two_reasons_is_found_once(self):
        order, other = self._create_orders(2)
        order.client_order_ref = "Twice"
        found = self.env["sale.order"]._find_by_each(
            [Domain("client_order_ref", "=", "Twice"), Domain("id", "=", order.id)]
        )
        orders = self.env["sale.order"].search(found & Domain("id", "in", (order | other).ids))
        self.assertEqual(orders, order)

    def test_nothing_to_find_finds_nothing(self):
        orders = self.env["sale.order"]
        self.assertFalse(orders.search(orders._find_by_each([]), limit=1))
        self.assertFalse(orders.search(orders._find_by_each([Domain.FALSE]), limit=1))

    def test_it_can_be_turned_round(self):
        order, other = self._create_orders(2)
        found = self.env["sale.order"]._find_by_each([Domain("id", "=", order.id)])
        orders = self.env["sale.order"].search(~found & Domain("id", "in", (order | other).ids))
        self.assertEqual(orders, other)

    def test_the_rules_of_who_searches_are_asked(self):
        order = self._create_order()
        found = self.env["sale.order"]._find_by_each([Domain("id", "=", order.id)])
        own = new_test_user(self.env, "own_orders", groups="sales_team.group_sale_salesman")
        self.assertTrue(self.env["sale.order"].with_user(self.seller).search(found))
        self.assertFalse(self.env["sale.order"].with_user(own).search(found))


@tagged("post_install", "-at_install")
class TestWithoutIndexes(OrderStatusCommon):
    def _list(self):
        """Return names, kinds and comments; PostgreSQL words conditions anew each time."""
        return [
            (name, definition.split(" WHERE ")[0], comment)
            for name, definition, comment in _list_indexes(self.env.cr, "sale_order")
        ]

    def test_indexes_come_back_as_they_were(self):
        before = self._list()
        self.assertTrue([comment for _name, _definition, comment in before if comment])
        with without_indexes(self.env.cr, "sale_order", MANY):
            self.assertFalse(_list_indexes(self.env.cr, "sale_order"))
            with without_indexes(self.env.cr, "sale_order", MANY):
                pass
            self.assertFalse(_list_indexes(self.env.cr, "sale_order"))
        self.assertEqual(self._list(), before)

    def test_what_keeps_values_unique_stays(self):
        history = "sale_order_status_history"
        with without_indexes(self.env.cr, history, MANY):
            self.env.cr.execute("SELECT indexname FROM pg_indexes WHERE tablename = %s", [history])
            self.assertEqual(self.env.cr.fetchall(), [(f"{history}_pkey",)])

    def test_what_may_not_be_twice_is_found_at_the_end(self):
        orders = self._create_orders(2)
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
            without_indexes(self.env.cr, "sale_order", MANY),
        ):
            self.env.cr.execute(
                "UPDATE sale_order SET order_tracking_token = 'twice' WHERE id IN %s", [orders._ids]
            )

    def test_only_indexes_that_an_update_fills_are_taken_off(self):
        """One that is empty stays, unless it looks at what is written: as key or as condition."""
        self.env.cr.execute(
            """
            CREATE INDEX sale_order_empty_idx ON sale_order (partner_id) WHERE id < 0;
            CREATE INDEX sale_order_key_idx ON sale_order (order_status_date) WHERE id < 0;
            CREATE INDEX sale_order_condition_idx ON sale_order (partner_id)
             WHERE id < 0 AND order_status_date IS NOT NULL;
            """
        )
        own = {"sale_order_empty_idx", "sale_order_key_idx", "sale_order_condition_idx"}

        def found(columns):
            names = {name for name, *_others in _list_indexes(self.env.cr, "sale_order", columns)}
            self.assertLess({"sale_order__partner_id_index"}, names)
            return names & own

        self.assertEqual(found(None), own)
        self.assertEqual(found(["order_status_date"]), own - {"sale_order_empty_idx"})
        with without_indexes(self.env.cr, "sale_order", MANY, ["order_status_date"]):
            self.assertFalse(
                {name for name, *_others in _list_indexes(self.env.cr, "sale_order")}
                & (own - {"sale_order_empty_idx"})
            )

    def test_for_few_rows_nothing_happens(self):
        columns = ["order_status_id"]
        before = _list_indexes(self.env.cr, "sale_order")
        keys = _list_foreign_keys(self.env.cr, "sale_order", columns)
        with (
            without_indexes(self.env.cr, "sale_order", MANY - 1),
            without_foreign_keys(self.env.cr, "sale_order", columns, MANY - 1),
        ):
            self.assertEqual(_list_indexes(self.env.cr, "sale_order"), before)
            self.assertEqual(_list_foreign_keys(self.env.cr, "sale_order", columns), keys)

    def test_foreign_keys_come_back_as_they_were(self):
        columns = ["order_status_id", "customer_status_id"]
        before = _list_foreign_keys(self.env.cr, "sale_order", columns)
        others = _list_foreign_keys(self.env.cr, "sale_order", ["partner_id"])
        self.assertEqual((len(before), len(others)), (2, 1))
        with without_foreign_keys(self.env.cr, "sale_order", columns, MANY):
            self.assertFalse(_list_foreign_keys(self.env.cr, "sale_order", columns))
            self.assertEqual(_list_foreign_keys(self.env.cr, "sale_order", ["partner_id"]), others)
        self.assertEqual(_list_foreign_keys(self.env.cr, "sale_order", columns), before)

    def test_foreign_keys_are_checked_at_the_end(self):
        order = self._create_order()
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.ForeignKeyViolation),
            self.env.cr.savepoint(),
            without_foreign_keys(self.env.cr, "sale_order", ["order_status_id"], MANY),
        ):
            self.env.cr.execute(
                "UPDATE sale_order SET order_status_id = 2147483647 WHERE id = %s", [order.id]
            )

    def test_what_most_orders_are_is_corrected_for_the_others(self):
        """The column comes with one value for all, and is right for each kind afterwards."""
        orders = self._create_orders(3)
        quotation = self._create_order(confirm=False)
        self.env.flush_all()
        self.env.cr.execute("SELECT id, was_placed FROM sale_order ORDER BY id")
        before = self.env.cr.fetchall()
        self.assertLessEqual({(orders[0].id, True), (quotation.id, False)}, set(before))
        self.env.cr.execute("ALTER TABLE sale_order DROP COLUMN was_placed CASCADE")
        _create_was_placed(self.env.cr)
        mark_placed_orders(self.env)
        self.env.cr.execute("SELECT id, was_placed FROM sale_order ORDER BY id")
        self.assertEqual(self.env.cr.fetchall(), before)
