from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .orders import B2bOrderCommon


@tagged("post_install", "-at_install")
class TestCartAndCheckout(B2bOrderCommon):
    def test_cart_is_made_once(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        self.assertEqual(cart.partner_id, self.buyer2_user.partner_id)
        self.assertEqual(cart.pricelist_id, self.pricelist)
        self.assertEqual(self._get_cart(self.buyer2_user, create=True), cart)
        self.assertFalse(self._get_cart(self.buyer2_user).order_line)

    def test_lines_are_priced_as_core_prices_them(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        uom = self.product.uom_id
        cart._add_b2b_lines([(self.product, 10, uom), (self.product_b, 1, uom)])
        quotation = self._create_order([(self.product, 10), (self.product_b, 1)])
        for ours, core in zip(cart.order_line, quotation.order_line, strict=True):
            for name, field in ours._fields.items():
                if field.store and field.compute and not field.related:
                    self.assertEqual(ours[name], core[name], name)

    def test_lines_are_priced_as_core_prices_them_with_discounts_shown(self):
        self.env["res.config.settings"].create({"group_discount_per_so_line": True}).execute()
        self.test_lines_are_priced_as_core_prices_them()

    def test_new_lines_are_written_once(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        uom = self.product.uom_id
        self.env.flush_all()
        with patch.object(self.env.registry["sale.order.line"], "_write_multi") as write_again:
            cart._add_b2b_lines([(self.product, 10, uom), (self.product_b, 1, uom)])
            self.env.flush_all()
        write_again.assert_not_called()

    def test_lines_stay_automatic(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        line = cart._add_b2b_lines([(self.product, 1, self.product.uom_id)])
        self.assertAlmostEqual(line.price_unit, 99.42, 2)
        line.product_uom_qty = 10
        self.assertAlmostEqual(line.price_unit, 88.38, 2)
        cart._add_b2b_lines([(self.product, 1, self.product.uom_id)])
        self.assertEqual(line.product_uom_qty, 11)
        line.product_uom_qty = 1
        self.assertAlmostEqual(line.price_unit, 99.42, 2)

    def test_same_article_adds_up_per_unit(self):
        pack = self.env["uom.uom"].create(
            {"name": "Box of 6", "relative_factor": 6, "relative_uom_id": self.product.uom_id.id}
        )
        self.product.uom_ids = pack
        cart = self._get_cart(self.buyer2_user, create=True)
        unit = self.product.uom_id
        cart._add_b2b_lines([(self.product, 1, unit), (self.product, 2, pack)])
        cart._add_b2b_lines([(self.product, 1, pack), (self.product, 1, pack)])
        self.assertEqual(
            {line.product_uom_id: line.product_uom_qty for line in cart.order_line},
            {unit: 1, pack: 4},
        )

    def test_today_writes_nothing_and_agrees_with_what_is_stored(self):
        tax = self.env["account.tax"].create(
            {"name": "VAT 22", "amount": 22, "price_include_override": "tax_included"}
        )
        self.product.taxes_id = tax
        cart = self._get_cart()
        cart._add_b2b_lines([(self.product, 5, self.product.uom_id)])
        self.product.list_price = 200
        self.env.flush_all()
        stored = cart.order_line.mapped("price_unit")
        today = cart._get_b2b_today()
        self.assertEqual(cart.order_line.mapped("price_unit"), stored)
        cart._refresh_b2b_lines()
        self.assertNotEqual(cart.order_line.mapped("price_unit"), stored)
        self.assertAlmostEqual(today["untaxed"], cart.amount_untaxed)
        self.assertAlmostEqual(today["tax"], cart.amount_tax)
        self.assertAlmostEqual(today["total"], cart.amount_total)
        for entry in today["lines"]:
            self.assertAlmostEqual(entry["subtotal"], entry["line"].price_subtotal)

    def test_taxes_are_of_today(self):
        old, new = self.env["account.tax"].create(
            [{"name": f"VAT {rate}", "amount": rate} for rate in (22, 25)]
        )
        self.product.taxes_id = old
        cart = self._get_cart()
        cart.order_line.unlink()
        line = cart._add_b2b_lines([(self.product, 1, self.product.uom_id)])
        self.assertEqual(line.tax_ids, old)
        self.product.taxes_id = new
        today = cart._get_b2b_today()
        self.assertAlmostEqual(today["tax"], today["untaxed"] * 0.25, 2)
        cart._refresh_b2b_lines()
        self.assertEqual(line.tax_ids, new)
        self.assertAlmostEqual(cart.amount_tax, today["tax"])
        self.assertAlmostEqual(cart.amount_total, today["total"])

    def test_without_any_pricelist(self):
        self.agreement.pricelist_id = False
        self.cart.pricelist_id = False
        self.env["product.pricelist"].search([]).active = False
        self.assertFalse(self.agreement._get_pricelist())
        self.assertEqual(self.agreement._get_price_currency(), self.company.currency_id)
        self.agreement.minimum_order_amount = 1e6
        cart = self._get_cart()
        problems = cart._get_b2b_checkout_problems(self.agreement, cart._get_b2b_today()["untaxed"])
        self.assertIn("minimum order amount", problems[-1])

    def test_query_count_does_not_grow(self):
        counts = []
        for size in (20, 80):
            products = self.env["product.product"].create(
                [{"name": f"P{size}-{index}", "taxes_id": [(5,)]} for index in range(size)]
            )
            self.env.flush_all()
            cart = self._get_cart(create=True)
            cart.order_line.unlink()
            with self._count_queries() as queries:
                cart._add_b2b_lines([(product, 1, product.uom_id) for product in products])
            counts.append(queries[0])
        # a few more: Odoo writes and prefetches in chunks, and notes names of lines
        self.assertNoMoreQueries(*counts, extra=14)

    def test_checkout(self):
        address = self.env["res.partner"].create(
            {"name": "Depot", "type": "delivery", "parent_id": self.customer.id}
        )
        tomorrow = fields.Date.today() + timedelta(days=1)
        self.agreement.payment_term_id = self.env.ref("account.account_payment_term_30days")
        cart = self._place(
            client_order_ref=" PO-7\r\nline\x00 2 ",
            commitment_date=tomorrow.isoformat(),
            partner_shipping_id=str(address.id),
            b2b_note="Ring twice",
        )
        self.assertEqual((cart.state, cart.b2b_qualifier), ("sent", "order"))
        self.assertEqual(cart.document_type, "b2b")
        self.assertTrue(cart.name.startswith("B2B/"))
        self.assertEqual(cart.client_order_ref, "PO-7 line 2")
        self.assertEqual(cart.commitment_date.date(), tomorrow)
        self.assertEqual(cart.partner_shipping_id, address)
        self.assertEqual(cart.b2b_note, "Ring twice")
        self.assertEqual(cart.payment_term_id, self.agreement.payment_term_id)
        self.assertEqual(cart.order_status_id, self.env.ref("order_status_flags.status_saved"))
        self.assertEqual(len(cart.status_history_ids), 1)
        self.assertFalse(self._get_cart())

    def test_seller_confirms_the_proforma(self):
        order = self._place()
        number = order.name
        order.with_user(self.seller_user).action_confirm()
        self.assertEqual((order.state, order.name), ("sale", number))

    def test_placing_twice_refused(self):
        order = self._place()
        with self.assertRaises(UserError):
            order._place_b2b_order({})

    def test_agreement_that_ended_refused(self):
        cart = self._get_cart()
        with freeze_time(self.agreement.date_end + timedelta(days=2)):
            self.assertFalse(self.customer._get_b2b_agreement())
            with self.assertRaises(UserError):
                cart._place_b2b_order({})
        self.agreement.action_terminate()
        with self.assertRaises(UserError):
            cart._place_b2b_order({})

    def test_checkout_form_is_checked(self):
        cart = self._get_cart()
        self.agreement.po_number_required = True
        stranger = self.rival_user.partner_id
        for form, words in (
            ({}, "PO number is required"),
            ({"client_order_ref": "  "}, "PO number is required"),
            ({"client_order_ref": "1", "commitment_date": "2020-01-01"}, "in the past"),
            ({"client_order_ref": "1", "commitment_date": "tomorrow"}, "not a date"),
            ({"client_order_ref": "1", "commitment_date": "9999-01-01"}, "too far"),
            ({"client_order_ref": "1", "partner_shipping_id": str(stranger.id)}, "own company"),
            ({"client_order_ref": "1", "partner_shipping_id": "x"}, "own company"),
        ):
            with self.subTest(form=form):
                values, problems = cart._prepare_b2b_checkout_values(self.agreement, form)
                self.assertEqual(len(problems), 1)
                self.assertIn(words, problems[0])
                self.assertEqual(values["partner_shipping_id"], cart.partner_shipping_id.id)

    def test_requested_today_is_not_in_the_past(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        with freeze_time("2030-05-01 13:00:00"):  # the 2nd already, where the seller is
            cart = self._get_cart()
            self.assertTrue(cart._read_b2b_requested_date("2030-05-02"))
            with self.assertRaisesRegex(ValueError, "past"):
                cart._read_b2b_requested_date("2030-05-01")

    def test_minimum_is_in_the_currency_of_the_agreement(self):
        """Without a list of its own, that is not always the one of the customer's prices."""
        currency = self.env["res.currency"].create({"name": "XMO", "symbol": "X"})
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "company_id": self.company.id, "rate": 4.0}
        )
        self.agreement.action_terminate()
        self.agreement = self._create_signed_agreement(pricelist_id=False, minimum_order_amount=150)
        self.customer.property_product_pricelist = self._create_pricelist(
            name="Usual", is_b2b=False, currency_id=currency.id
        )
        cart = self._get_cart()
        self.assertEqual(self.agreement.currency_id, self.company.currency_id)
        today = cart._get_b2b_today()
        self.assertEqual(today["currency"], currency)
        self.assertAlmostEqual(today["untaxed"], 2 * 110.47 * 4)
        self.assertFalse(cart._get_b2b_checkout_problems(self.agreement, 600))
        [problem] = cart._get_b2b_checkout_problems(self.agreement, 599.99)
        self.assertIn(currency.format(600), problem)

    def test_minimum_order_amount(self):
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        untaxed = cart._get_b2b_today()["untaxed"]
        self.agreement.minimum_order_amount = untaxed
        self.assertFalse(cart._get_b2b_checkout_problems(self.agreement, untaxed))
        self.agreement.minimum_order_amount = untaxed + 0.01
        problems = cart._get_b2b_checkout_problems(self.agreement, untaxed)
        self.assertIn("minimum order amount", problems[0])

    def test_empty_cart_cannot_be_ordered(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        self.assertIn("empty", cart._get_b2b_checkout_problems(self.agreement, 0.0)[0])

    def test_article_no_longer_sold_stops_the_checkout(self):
        cart = self._get_cart()
        self.product.sale_ok = False
        problems = cart._get_b2b_checkout_problems(self.agreement, 1000.0)
        self.assertIn("no longer sold", problems[0])
        self.assertIn("Bolt", problems[0])

    def test_price_changes_are_found(self):
        cart = self._get_cart()
        line = cart.order_line
        today = cart._get_b2b_today()
        net = today["lines"][0]["net"]
        self.assertFalse(cart._get_b2b_price_changes({line.id: (2.0, net)}, today))
        self.assertFalse(cart._get_b2b_price_changes(cart._get_b2b_stored_prices(), today))
        for seen in ({}, {line.id: (2.0, net + 1)}, {line.id: (3.0, net)}):
            self.assertEqual(len(cart._get_b2b_price_changes(seen, today)), 1)
        self.product.list_price = 300
        change = cart._get_b2b_price_changes(cart._get_b2b_stored_prices(), cart._get_b2b_today())[
            0
        ]
        self.assertAlmostEqual(change["old"], net)
        self.assertAlmostEqual(change["new"], 270)

    # === PRO-FORMA MAIL === #

    def _proforma_row(self, order):
        return order.status_history_ids.filtered(lambda row: row.mail_kind == "b2b_proforma")

    def _proforma_messages(self, order):
        subject = f"your order {order.name}"
        return order.message_ids.filtered(lambda one: subject in (one.subject or ""))

    def _send_proformas(self, pdf=(b"%PDF-1.4 test", "pdf"), error=None):
        """Run the outbox; the PDF is this one, or cannot be made."""
        report = type(self.env["ir.actions.report"])
        with (
            patch.object(report, "_render_qweb_pdf", return_value=pdf, side_effect=error),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("order_status_flags.ir_cron_status_mail").method_direct_trigger()
        self.env.invalidate_all()

    def test_proforma_mail(self):
        order = self._place()
        row = self._proforma_row(order)
        self.assertEqual(row.mail_state, "pending")
        self.assertEqual(row, order.status_history_ids, "it is the row of the placing")
        self._send_proformas()
        message = self._proforma_messages(order)
        self.assertEqual(len(message), 1)
        self.assertIn(self.buyer_user.partner_id, message.partner_ids)
        self.assertEqual(message.attachment_ids.mapped("mimetype"), ["application/pdf"])
        self.assertEqual(row.mail_mail_id.recipient_ids, self.buyer_user.partner_id)
        row.mail_mail_id._postprocess_sent_message([], [])
        self.assertEqual(row.mail_state, "sent")
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(order)), 1)

    def test_proforma_that_cannot_be_mailed_holds_up_no_other(self):
        first = self._place()
        second = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        send = type(first)._post_b2b_proforma

        def fail_once(order, template):
            if order.id == first.id:
                order.client_order_ref = "half done"
                order.env.cr.execute("SELECT 1 / 0")
            return send(order, template)

        with (
            patch.object(type(first), "_post_b2b_proforma", fail_once),
            mute_logger("odoo.sql_db"),
            mute_logger("odoo.addons.order_status_flags.models.sale_order_status_history"),
        ):
            self._send_proformas()
        self.assertNotEqual(first.client_order_ref, "half done")
        self.assertEqual(len(self._proforma_messages(second)), 1)
        row = self._proforma_row(first)
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("division by zero", row.mail_error)
        self.assertTrue(first.status_mail_failed, "it needs attention")
        first.action_resend_failed_status_mail()
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(first)), 1)

    def test_proformas_are_made_one_by_one_and_hold_up_no_status(self):
        """Each PDF takes seconds: thirty of them were in the way of a thousand e-mails."""
        placed = [self._place()]
        for _number in range(2):
            placed.append(self._place(self._create_draft("cart", [(self.product, 1)])))
        proformas = placed[0].browse().union(*placed)
        status = self.env.ref("order_status_flags.status_in_progress")
        told = self._create_order([(self.product, 1)])
        told.action_confirm()
        told.set_order_status(status.id)
        History = self.env["sale.order.status.history"]
        self.assertEqual(History._claim_due_rows(1).order_id, told, "though it is the newest")
        claimed = History._claim_due_rows(50)
        self.assertEqual(claimed.order_id, told | placed[0])
        self._send_proformas()
        for order in proformas:
            self.assertEqual(len(self._proforma_messages(order)), 1)
        self.assertTrue(told.status_history_ids[0].mail_mail_id)

    @mute_logger("odoo.addons.mail_delivery_retry.attempt")
    def test_proforma_mail_without_the_program_for_pdfs(self):
        order = self._place()
        self._send_proformas(error=UserError("no wkhtmltopdf"))
        message = self._proforma_messages(order)
        self.assertEqual(len(message), 1)
        self.assertFalse(message.attachment_ids)
        self.assertIn("no wkhtmltopdf", " ".join(order.message_ids.mapped("body")))

    def test_proforma_is_overtaken_by_no_status(self):
        order = self._place()
        order.set_order_status(self.env.ref("order_status_flags.status_in_progress").id)
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(order)), 1)
        later = order.status_history_ids[0]
        self.assertTrue(later.mail_mail_id, "the status is told too")
        # One that failed is not made good by an e-mail about a later status.
        self._proforma_row(order)._mark_failed("no")
        later._on_mail_sent()
        self.assertTrue(order.status_mail_failed)

    def test_proforma_of_a_cancelled_order_is_not_sent(self):
        order = self._place()
        order._action_cancel()
        self._send_proformas()
        self.assertEqual(self._proforma_row(order).mail_state, "superseded")
        self.assertFalse(self._proforma_messages(order))

    def test_proforma_without_a_status_for_new_orders(self):
        self.env["sale.order.status"].search([]).event_ids = False
        order = self._place()
        self.assertFalse(order.order_status_id)
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(order)), 1)

    def test_proforma_beside_the_mail_of_the_status(self):
        status = self.env.ref("order_status_flags.status_saved")
        status.mail_template_id = self.env.ref("order_status_flags.mail_template_status_changed")
        order = self._place()
        own, placed = order.status_history_ids
        self.assertEqual(own.previous_status_id, status)
        self._send_proformas()
        self.assertTrue(placed.mail_mail_id)
        self.assertEqual(len(self._proforma_messages(order)), 1)

    def test_proforma_without_its_template_is_silent(self):
        template = self.env.ref("b2b_portal.mail_template_b2b_proforma")
        waiting = self._place()
        template.active = False
        later = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        self._send_proformas()
        self.assertFalse(self._proforma_row(later))
        self.assertEqual(self._proforma_row(waiting).mail_state, "none")
        self.assertFalse(self._proforma_messages(waiting))

    def test_back_office_form(self):
        for order in (self.cart, self.template, self._place()):
            form = Form(order.with_user(self.seller_user))
            form.save()
