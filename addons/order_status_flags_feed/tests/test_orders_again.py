from odoo.tests import tagged

from .orders_common import OrdersCommon


@tagged("post_install", "-at_install")
class TestOrdersAgain(OrdersCommon):
    """Who begins anew gets every order, and an answer that is lost loses none."""

    def _note(self, order):
        """Note an order as changed, although nothing changes that an ERP reads."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET origin = COALESCE(origin, '') || 'x' WHERE id = %s", [order.id]
        )
        self.env.invalidate_all()

    def _read_pages(self, cursor=False):
        """Return the ids that come page by page, one order each."""
        return [row["id"] for row in self._read_all(cursor, limit=1)[0]]

    def _let_in_later(self):
        """Return a feed, an order of an older version that it is newly for, and its cursor."""
        other = self._create_feed(name="Other", export_domain="[('origin', '=', 'other')]")
        other = other.with_user(self.client)
        order = self._place()
        self._news()
        self._place(origin="other")
        found, cursor = self._read_all(feed=other)
        self.assertEqual(len(found), 1, "it has come past the version of the order")
        other.sudo().export_domain = f"[('id', '>=', {order.id}), ('origin', '!=', 'other')]"
        return other, order, cursor

    def test_beginning_brings_orders_that_were_noted_after_their_version(self):
        """Placed and fetched, later delivered: the note of the delivery is no version."""
        orders = self._create_orders(4, document_type="web")
        self._news()
        # The first two lie behind the other two now, each of which makes a page before them.
        self._note(orders[0])
        self._note(orders[1])
        self.assertEqual(self._news(), [], "nothing changed that an ERP reads")
        found = self._read_pages()
        self.assertEqual(sorted(found), orders.ids, "each of them, on whichever page")
        self.assertEqual(found[2:], orders[:2].ids)

    def test_beginning_brings_them_to_each_feed(self):
        other = self._create_feed(name="Other", export_domain=self.feed.export_domain)
        other = other.with_user(self.client)
        orders = self._create_orders(3, document_type="web")
        self._news()
        self._note(orders[0])
        for feed in (other, self.as_client, other):
            found = self._read_all(feed=feed, limit=1)[0]
            self.assertEqual(sorted(row["id"] for row in found), orders.ids)
            self.assertEqual({row["version"] for row in found}, {1})

    def test_lost_answer_with_an_order_that_another_feed_has_numbered(self):
        """Its version is older than the place of the feed that it is newly for."""
        other, order, cursor = self._let_in_later()
        for _answer in ("lost", "lost again", "taken"):
            found, behind = self._read_all(cursor, feed=other)
            self.assertEqual([(row["id"], row["version"]) for row in found], [(order.id, 1)])
        self.assertEqual(self._read_all(behind, feed=other)[0], [])

    def test_lost_answer_with_an_order_that_is_noted_anew_on_a_later_page(self):
        order = self._place()
        self.assertEqual(len(self._read_all(self.cursor)[0]), 1, "this answer is lost")
        before = self._place()
        self._note(order)
        page = self.as_client.orders(self.cursor, limit=1)
        self.assertEqual([row["id"] for row in page["orders"]], before.ids)
        self.assertTrue(page["more"])
        found, behind = self._read_all(page["cursor"], limit=1)
        self.assertEqual([row["id"] for row in found], order.ids)
        self._note(order)
        self.assertEqual(self._read_all(behind)[0], [], "all pages are read: none was lost")

    def test_lost_answer_with_a_newly_wanted_order_that_is_noted_anew(self):
        """Neither its version nor the moment when it was told lies on that later page."""
        other, order, cursor = self._let_in_later()
        self.assertEqual(len(self._read_all(cursor, feed=other)[0]), 1, "this answer is lost")
        before = self._place()
        self._note(order)
        found = self._read_all(cursor, feed=other, limit=1)[0]
        self.assertEqual([row["id"] for row in found], [before.id, order.id])

    def test_pages_take_no_more_queries_than_the_first(self):
        orders = self._create_orders(4, document_type="web")
        self._news()
        self._note(orders[0])
        cursor, counts = False, []
        for _page in range(4):
            with self._count_queries() as queries:
                page = self.as_client.orders(cursor, limit=1)
            cursor = page["cursor"]
            counts.append(queries[0])
        self.assertLessEqual(max(counts[1:]), counts[0])
