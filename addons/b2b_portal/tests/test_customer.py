from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_portal.hooks import fill_customers

from .orders import B2bOrderCommon


class CustomerCommon(B2bOrderCommon):
    """A contact of one customer with a pro-forma, a cart, templates; a rival who pays more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rival_agreement = cls._create_signed_agreement(
            partner_id=cls.rival.id, pricelist_id=cls.rival_pricelist.id
        )
        cls._create_rule(
            pricelist_id=cls.rival_pricelist.id, applied_on="3_global", percent_price=5.0
        )
        cls.contact = cls.buyer_user.partner_id
        cls.template.b2b_template_shared = True
        cls.private = cls._create_draft("template", [(cls.product, 1)], b2b_template_name="Private")
        cls.order = cls._place_cart()
        cls.cart = cls._create_draft("cart", [(cls.product, 4)])
        cls.quotation = cls._create_order([(cls.product, 3)], partner_id=cls.contact.id)
        cls.quotation.action_confirm()
        cls.orders = cls.order | cls.cart | cls.template | cls.private | cls.quotation

    @classmethod
    def _place_cart(cls):
        cls.cart._place_b2b_order({"client_order_ref": "PO-MOVE"})
        return cls.cart

    def _move(self, company):
        self.contact.parent_id = company
        self.env.flush_all()

    def _sees(self, user):
        """Return the orders that a user reads, by search and by their lines."""
        Order = self.env["sale.order"].with_user(user)
        found = Order.search([("id", "in", self.orders.ids)])
        lines = self.env["sale.order.line"].with_user(user)
        lines = lines.search([("order_id", "in", self.orders.ids)])
        self.assertEqual(lines.order_id, found.sorted("id") & lines.order_id)
        for order in self.orders:
            self.assertEqual(order.with_user(user).has_access("read"), order in found)
        return found.sudo(False).with_user(self.env.user)


@tagged("post_install", "-at_install")
class TestContactMoves(CustomerCommon):
    """What belongs to a company stays with it when a contact leaves."""

    def test_orders_stay_with_the_company(self):
        company = self.order | self.template | self.quotation
        self.assertEqual(self._sees(self.buyer_user), self.orders)
        self.assertEqual(self._sees(self.buyer2_user), company)
        for new_company in (self.rival, self.env["res.partner"]):
            with self.subTest(new_company=new_company.name):
                self._move(new_company)
                self.assertFalse(self._sees(self.rival_user))
                self.assertFalse(self._sees(self.buyer_user))
                self.assertEqual(self._sees(self.buyer2_user), company)
        self._move(self.customer)
        self.assertEqual(self._sees(self.buyer_user), self.orders)

    def test_moved_on_the_page_of_the_company(self):
        company = self.order | self.template | self.quotation
        for command in (Command.link(self.contact.id), Command.unlink(self.contact.id)):
            self.rival.child_ids = [command]
            self.assertFalse(self._sees(self.rival_user))
            self.assertFalse(self._sees(self.buyer_user))
            self.assertEqual(self._sees(self.buyer2_user), company)

    def test_contact_that_becomes_a_company(self):
        self.contact.company_type = "company"
        self.assertEqual(self.contact.commercial_partner_id, self.contact)
        self.assertFalse(self._sees(self.buyer_user))

    def test_archived_contact_changes_nothing(self):
        company = self.order | self.template | self.quotation
        self.buyer_user.active = False
        self.contact.active = False
        self.assertEqual(self._sees(self.buyer2_user), company)

    def test_customer_is_remembered_whatever_is_written(self):
        self._move(self.rival)
        self.order.partner_id = self.contact
        self.quotation.write({"partner_id": self.contact.id, "note": "x"})
        self.assertEqual(self.orders.b2b_customer_id, self.customer)
        self.quotation.partner_id = self.buyer2_user.partner_id
        self.assertEqual(self.quotation.b2b_customer_id, self.customer)
        self.quotation.partner_id = self.rival_user.partner_id
        self.assertEqual(self.quotation.b2b_customer_id, self.rival)
        new = self._create_order([(self.product, 1)], partner_id=self.contact.id)
        self.assertEqual(new.b2b_customer_id, self.rival)

    def test_installing_gives_each_order_its_customer(self):
        self.env.flush_all()
        orders = "SELECT id, b2b_customer_id FROM sale_order ORDER BY id"
        self.env.cr.execute(orders)
        before = self.env.cr.fetchall()
        self.assertIn((self.order.id, self.customer.id), before)
        # As an installation finds the table, and as an upgrade that was broken off left it.
        for make_empty in (
            "ALTER TABLE sale_order DROP COLUMN b2b_customer_id CASCADE",
            "UPDATE sale_order SET b2b_customer_id = NULL",
        ):
            self.env.cr.execute(make_empty)
            fill_customers(self.env.cr)
            self.env.cr.execute(orders)
            self.assertEqual(self.env.cr.fetchall(), before)

    def test_new_company_begins_with_a_new_cart(self):
        self._move(self.rival)
        orders = self.env["sale.order"].with_user(self.buyer_user)
        self.assertFalse(orders._get_b2b_cart(self.rival_agreement))
        self.assertFalse(orders._get_b2b_templates(self.rival_agreement))
        cart = orders._get_b2b_cart(self.rival_agreement, create=True)
        self.assertNotEqual(cart, self.cart)
        self.assertEqual(cart.pricelist_id, self.rival_pricelist)
        with self.assertRaisesRegex(UserError, "has a cart already"):
            self._create_draft("cart")
        with self.assertRaisesRegex(UserError, "no agreement in force"):
            self.cart._place_b2b_order({})
        self._move(self.customer)
        self.assertEqual(orders._get_b2b_cart(self.agreement), self.cart)

    def test_colleague_orders_at_the_prices_of_the_company(self):
        prices = self.template._get_b2b_prices_today(self.template.order_line)
        self.template._remember_b2b_prices(prices)
        before = self.template.order_line.mapped("b2b_last_price")
        self._move(self.rival)
        template = self._as_buyer(self.buyer2_user)._get_b2b_templates(self.agreement)
        self.assertEqual(template, self.template)
        self.assertEqual(self.template._get_b2b_pricelist(), self.pricelist)
        result = template.sudo()._order_b2b_template(self.agreement)
        self.assertFalse(result["changed"])
        self.assertEqual(self.template.order_line.mapped("b2b_last_price"), before)
        cart = self._get_cart(self.buyer2_user)
        self.assertEqual(cart.b2b_customer_id, self.customer)
        self.assertAlmostEqual(cart.order_line.price_unit, 99.42, 2)
        # Nor does the page of the template show the rival's price.
        self.assertAlmostEqual(self.template._get_b2b_today()["lines"][0]["net"], 99.42, 2)

    def test_addresses_and_terms_are_of_the_company(self):
        self._move(self.rival)
        addresses = self.cart._get_b2b_addresses()
        self.assertNotIn(self.rival, addresses.commercial_partner_id)
        self.assertFalse(self.cart._get_b2b_addresses(self.contact.id))

    def test_copy_takes_no_prices_along(self):
        self._move(self.rival)
        for order in (self.order, self.quotation):
            new = order.copy()
            self.assertEqual(new.b2b_customer_id, self.rival)
            self.assertEqual(new.pricelist_id, self.rival_pricelist)
            self.assertAlmostEqual(new.order_line[0].price_unit, 104.95, 2)

    def test_invoice_stays_with_the_company(self):
        self.quotation.order_line.qty_delivered = 3
        self._move(self.rival)
        invoice = self.quotation._create_invoices()
        self.assertEqual(invoice.commercial_partner_id, self.customer)

    def test_invoices_are_not_taken_along(self):
        self.quotation.order_line.qty_delivered = 3
        invoice = self.quotation._create_invoices()
        invoice.partner_id = self.contact
        invoice.action_post()
        self._move(self.rival)
        self.assertTrue(invoice.with_user(self.buyer2_user).has_access("read"))
        self.assertTrue(invoice.line_ids.with_user(self.buyer2_user).has_access("read"))
        for user in (self.rival_user, self.buyer_user):
            self.assertFalse(invoice.with_user(user).has_access("read"))
            self.assertFalse(invoice.line_ids.with_user(user).has_access("read"))
            self.assertFalse(
                self.env["account.move"].with_user(user).search([("id", "=", invoice.id)])
            )

    def test_links_and_messages_end(self):
        self.order.message_subscribe(self.contact.ids)
        self.agreement.message_subscribe((self.contact | self.buyer2_user.partner_id).ids)
        before = self.order.order_tracking_token, self.order.access_token
        self.assertTrue(all(before))
        self._move(self.rival)
        after = self.order.order_tracking_token, self.order.access_token
        self.assertTrue(all(after))
        self.assertFalse(set(before) & set(after))
        self.assertNotIn(self.contact, self.order.message_partner_ids)
        self.assertNotIn(self.contact, self.agreement.message_partner_ids)
        self.assertIn(self.buyer2_user.partner_id, self.agreement.message_partner_ids)
        # Written once more, or moved on: the company's links stay.
        self._move(self.rival)
        self._move(self.env["res.partner"])
        self.assertEqual(self.order.order_tracking_token, after[0])

    def test_nobody_is_mailed_who_has_left(self):
        row = self.order.status_history_ids.sorted("id")[0]
        row.write({"mail_state": "pending", "mail_mail_id": False})
        self._move(self.rival)
        with mute_logger("odoo.addons.order_status_flags.models.sale_order_status_history.outbox"):
            row._hand_over_mails()
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("has left", row.mail_error)
        self.order.partner_id = self.buyer2_user.partner_id
        row.action_resend_mail()
        row._hand_over_mails()
        self.assertTrue(row.mail_mail_id)

    def test_private_orders_stay_with_the_person(self):
        person = self.retail_user.partner_id
        order = self._create_order([(self.product, 1)], partner_id=person.id)
        order.action_confirm()
        token = order.order_tracking_token
        person.parent_id = self.customer
        self.env.flush_all()
        self.assertTrue(order.with_user(self.retail_user).has_access("read"))
        self.assertFalse(order.with_user(self.buyer_user).has_access("read"))
        self.assertEqual(order.order_tracking_token, token)
        self.assertTrue(order._is_customer_side(person))
        self.assertFalse(order._is_customer_side(self.contact))

    def test_head_office_reads_the_orders_of_subsidiaries(self):
        daughter = self.env["res.partner"].create(
            {"name": "Daughter Ltd", "is_company": True, "parent_id": self.customer.id}
        )
        order = self._create_order([(self.product, 1)], partner_id=daughter.id)
        self.assertTrue(order.with_user(self.buyer_user).has_access("read"))
        self.assertFalse(order.with_user(self.rival_user).has_access("read"))

    def test_user_with_another_contact(self):
        self.assertTrue(self.order.with_user(self.buyer_user).has_access("read"))
        self.buyer_user.partner_id = self.rival_user.partner_id.copy()
        self.assertFalse(self.order.with_user(self.buyer_user).has_access("read"))


@tagged("post_install", "-at_install")
class TestCustomersMerge(CustomerCommon):
    """Merging contacts and companies in Odoo's own wizard."""

    def _merge(self, partners, into):
        Wizard = self.env["base.partner.merge.automatic.wizard"]
        Wizard._merge(partners.ids, into)
        self.env.invalidate_all()

    def test_carts_of_merged_contacts_become_one(self):
        other = self.env["res.partner"].create({"name": "Anna", "parent_id": self.customer.id})
        double = self.env["sale.order"].create(
            {
                "partner_id": other.id,
                "b2b_qualifier": "cart",
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2})
                    for product in (self.product, self.product_b)
                ],
            }
        )
        self._merge(self.contact | other, self.contact)
        carts = self.cart.exists() | double.exists()
        self.assertEqual(len(carts), 1)
        self.assertEqual(carts.partner_id, self.contact)
        self.assertEqual(
            {line.product_id: line.product_uom_qty for line in carts.order_line},
            {self.product: 6, self.product_b: 2},
        )
        self.assertEqual(self._get_cart(), carts)

    def test_three_carts_of_merged_contacts_become_one(self):
        gone = self._create_product(name="Gone")
        others = self.env["res.partner"].create(
            [{"name": name, "parent_id": self.customer.id} for name in ("Anna", "Ola")]
        )
        carts = self.cart | self.env["sale.order"].create(
            [
                {
                    "partner_id": other.id,
                    "b2b_qualifier": "cart",
                    "order_line": [
                        Command.create({"product_id": product.id, "product_uom_qty": 2})
                        for product in products
                    ],
                }
                for other, products in zip(
                    others, (self.product + gone, self.product_b), strict=True
                )
            ]
        )
        gone.sale_ok = False
        self._merge(self.contact | others, self.contact)
        cart = carts.exists()
        self.assertEqual(
            {line.product_id: line.product_uom_qty for line in cart.order_line},
            {self.product: 6, self.product_b: 2},
        )
        self.assertIn("Gone", "".join(cart.message_ids.mapped("body")), "what is left out is told")

    def test_merged_with_a_contact_of_another_company(self):
        other = self.env["res.partner"].create({"name": "Anna", "parent_id": self.rival.id})
        order = self._create_order([(self.product, 1)], partner_id=other.id)
        self._merge(self.contact | other, self.contact)
        self.assertEqual(order.partner_id, self.contact)
        self.assertEqual(order.b2b_customer_id, self.rival)
        self.assertFalse(order.with_user(self.buyer2_user).has_access("read"))
        self.assertTrue(order.with_user(self.rival_user).has_access("read"))

    def test_customers_with_two_agreements_are_not_merged(self):
        with self.assertRaisesRegex(UserError, "for the same time"), self.cr.savepoint():
            self._merge(self.customer | self.rival, self.customer)
        self.env.invalidate_all()
        self.rival_agreement.action_terminate()
        self._merge(self.customer | self.rival, self.customer)
        self.assertEqual(self.rival_agreement.partner_id, self.customer)
        self.assertEqual(self.rival_user.partner_id._get_b2b_agreement(), self.agreement)

    def test_orders_of_merged_companies_are_read_by_both(self):
        self.rival_agreement.action_terminate()
        moved = self.env["sale.order"].create(
            {"partner_id": self.rival_user.partner_id.id, "b2b_qualifier": "cart"}
        )
        self._merge(self.customer | self.rival, self.rival)
        self.assertEqual(self.orders.b2b_customer_id, self.rival)
        self.assertTrue(self.order.with_user(self.rival_user).has_access("read"))
        self.assertTrue(self.order.with_user(self.buyer2_user).has_access("read"))
        self.assertFalse(moved.with_user(self.buyer_user).has_access("read"))

    def test_both_carts_of_a_contact_whose_companies_merge(self):
        self._move(self.rival)
        double = self._create_draft("cart", [(self.product, 1)])
        self.rival_agreement.action_terminate()
        self._merge(self.customer | self.rival, self.customer)
        carts = self.cart.exists() | double.exists()
        self.assertEqual(len(carts), 1)
        self.assertEqual(carts.order_line.product_uom_qty, 5)

    def test_customer_merged_into_a_contact_is_refused(self):
        trader = self.retail_user.partner_id.copy()
        agreement = self._create_signed_agreement(partner_id=trader.id)
        contact = self.env["res.partner"].create({"name": "Jan", "parent_id": self.rival.id})
        with self.assertRaisesRegex(UserError, "End the agreement first"), self.cr.savepoint():
            self._merge(trader | contact, contact)
        self.env.invalidate_all()
        agreement.action_terminate()
        self._merge(trader | contact, contact)
        self.assertEqual(contact._get_b2b_agreement(), self.rival_agreement)


@tagged("post_install", "-at_install")
class TestCustomerPages(CustomerCommon, HttpCase):
    def _open(self, user, path):
        self.authenticate(user.login, user.login)
        return self.url_open(path, allow_redirects=False)

    def test_pages_and_downloads(self):
        self._move(self.rival)
        page, template = f"/my/orders/{self.order.id}", f"/my/b2b/templates/{self.template.id}"
        for user in (self.rival_user, self.buyer_user):
            self.assertEqual(self._open(user, page).status_code, 303)
            self.assertEqual(self._open(user, template).status_code, 303)
            self.assertNotIn("PO-MOVE", self._open(user, "/my/b2b/orders.csv").text)
            self.assertNotIn(self.order.name, self._open(user, "/my/orders").text)
            self.assertNotIn(self.template.name, self._open(user, "/my/b2b/templates").text)
        user = self.buyer2_user
        self.assertIn("Save as template", self._open(user, page).text)
        self.assertEqual(self._open(user, template).status_code, 200)
        self.assertIn("PO-MOVE", self._open(user, "/my/b2b/orders.csv").text)
        self.assertIn(self.order.name, self._open(user, "/my/orders").text)

    def test_list_takes_rules_of_others_as_they_are_written(self):
        group = self.env.ref("base.group_portal")
        for domain in (
            "[('partner_id.commercial_partner_id', 'child_of', [user.partner_id.id])]",
            "[('partner_id', 'child_of', user.commercial_partner_id.id)]",
            "[('company_id', 'child_of', company_ids)]",
        ):
            rule = self.env["ir.rule"].create(
                {
                    "name": "Of another addon",
                    "model_id": self.env.ref("sale.model_sale_order").id,
                    "groups": group.ids,
                    "domain_force": domain,
                }
            )
            with self.subTest(domain=domain):
                page = self._open(self.buyer2_user, "/my/orders").text
                self.assertIn(self.order.name, page)
                self.assertNotIn(self.order.name, self._open(self.rival_user, "/my/orders").text)
            rule.unlink()

    def test_list_looks_once_for_who_belongs_to_the_customer(self):
        daughter = self.env["res.partner"].create(
            {"name": "Daughter Ltd", "is_company": True, "parent_id": self.customer.id}
        )
        order = self._create_order([(self.product, 1)], partner_id=daughter.id)
        order.action_confirm()
        self.assertNotIn(order.name, self._open(self.rival_user, "/my/orders").text)
        self._open(self.buyer2_user, "/my/orders")
        self.env.flush_all()
        self.env.invalidate_all()
        model, asked = self.env.registry["res.partner"], []
        search = model._search

        def counted(partners, domain, *args, **kwargs):
            asked.extend(Domain(domain).iter_conditions())
            return search(partners, domain, *args, **kwargs)

        with patch.object(model, "_search", counted):
            page = self._open(self.buyer2_user, "/my/orders").text
        for shown in (order, self.order, self.quotation):
            self.assertIn(shown.name, page)
        below = [tuple(one.value) for one in asked if one.field_expr == "parent_id"]
        # The contacts below the company, and those below them.
        self.assertEqual(len(below), 2, below)

    def test_list_shows_at_once_who_joins_and_who_leaves(self):
        daughter = self.env["res.partner"].create({"name": "Daughter Ltd", "is_company": True})
        order = self._create_order([(self.product, 1)], partner_id=daughter.id)
        order.action_confirm()
        for parent, shown in ((self.customer, True), (self.rival, False), (self.customer, True)):
            daughter.parent_id = parent
            page = self._open(self.buyer2_user, "/my/orders").text
            self.assertEqual(order.name in page, shown, parent.name)

    def test_old_links(self):
        link = f"/order/status/{self.order.order_tracking_token}"
        page = f"/my/orders/{self.order.id}?access_token={self.order.access_token}"
        self.authenticate(None, None)
        self.assertEqual(self.url_open(link).status_code, 200)
        self._move(self.rival)
        self.assertEqual(self.url_open(link).status_code, 404)
        self.assertEqual(self.url_open(page, allow_redirects=False).status_code, 303)

    def test_order_of_a_former_contact_is_saved_as_a_template(self):
        self._move(self.rival)
        for user, made in ((self.rival_user, False), (self.buyer2_user, True)):
            self.authenticate(user.login, user.login)
            data = {"order_id": self.order.id, "name": "Copied"}
            token = self.url_open("/my/b2b/templates").text
            token = token.split('name="csrf_token" value="')[1].split('"')[0]
            self.url_open("/my/b2b/templates/new", data={**data, "csrf_token": token})
            template = self.env["sale.order"].search(
                [("b2b_template_name", "=", "Copied"), ("partner_id", "=", user.partner_id.id)]
            )
            self.assertEqual(bool(template), made)
