from functools import partial

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.b2b_pricelist.formatting import format_unit_price
from odoo.addons.order_status_flags.typed_text import clean_text

from ..statement import Statement
from .shop import B2BShopPortal


class B2BTemplatePortal(B2BShopPortal):
    """Templates: the buyer's own, and those that colleagues share."""

    @http.route("/my/b2b/templates", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_templates(self, **kwargs):
        """List the templates that the buyer may use."""
        agreement = request.b2b_agreement
        templates = request.env["sale.order"]._get_b2b_templates(agreement)
        # sudo: access was checked by the search; the names of colleagues are shown
        templates = templates.sudo()
        values = self._b2b_values(
            agreement,
            "b2b_templates",
            templates=templates,
            line_counts=templates._count_b2b_lines(),
        )
        return self._b2b_render("b2b_portal.portal_b2b_templates", values)

    @http.route("/my/b2b/templates/new", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_template_new(self, name="", source="", order_id=None, **kwargs):
        """Make a template: empty, of the cart (`source=cart`), or of an order (`order_id`).

        :param str name: of the template
        """
        agreement = request.b2b_agreement
        Order = request.env["sale.order"]
        order = self._get_b2b_source(agreement, source, order_id)
        if order_id and not order:
            self._add_b2b_message(request.env._("This order does not exist."), "danger")
            return self._b2b_redirect("/my/b2b/templates")
        if source == "cart" and not order.order_line:
            # Ordered or emptied in another tab.
            self._add_b2b_message(
                request.env._("Your cart is empty: no template was made."), "danger"
            )
            return self._b2b_redirect("/my/b2b/cart")
        name = self._read_text(name) or (order.name if order_id else "")
        try:
            with request.env.cr.savepoint():
                template = Order._create_b2b_template(agreement, name, order)
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            return self._b2b_redirect("/my/b2b/templates")
        self._add_b2b_message(request.env._("The template was saved."))
        # sudo: as the template was made; the buyer may read the order
        left_out = order.sudo()._get_b2b_left_out() if order else []
        self._add_b2b_messages(("warning", text) for text in left_out)
        return self._b2b_redirect(f"/my/b2b/templates/{template.id}")

    def _get_b2b_source(self, agreement, source, order_id):
        """Return the cart or order of which a template is made, empty when there is none.

        :param str source: `cart` for the cart
        :param order_id: of an order, as the client sent it
        """
        Order = request.env["sale.order"]
        if source == "cart":
            return Order._get_b2b_cart(agreement)
        # In the user's rights: an order that the buyer may not read is not copied.
        return Order.search(
            [
                ("id", "=", self._read_id(order_id)),
                ("company_id", "=", agreement._get_selling_company().id),
                ("b2b_customer_id", "=", agreement.partner_id.id),
            ]
        )

    @http.route(
        "/my/b2b/templates/<int:template_id>",
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_template(self, template_id, **kwargs):
        """Show a template at today's prices.

        :param int template_id: id of a template the buyer may use, else back to the list
        """
        agreement = request.b2b_agreement
        template = self._get_b2b_template(agreement, template_id)
        if not template:
            return self._b2b_redirect("/my/b2b/templates")
        return self._render_b2b_template(agreement, template)

    def _render_b2b_template(self, agreement, template, typed=None, mistakes=None):
        """Render a template, with what was typed when it was refused.

        :param dict typed: the form
        :param dict mistakes: `{line: message}`
        """
        today = template._get_b2b_today()
        values = self._b2b_values(
            agreement,
            "b2b_template",
            template=template,
            is_mine=self._is_b2b_mine(template),
            today=today,
            own_codes=template.order_line.product_id._get_b2b_customer_codes(agreement.partner_id),
            statement=template._get_b2b_statement(today),
            line_problems=template._get_b2b_line_problems(),
            typed=typed or {},
            mistakes=mistakes or {},
        )
        return self._b2b_render("b2b_portal.portal_b2b_template", values)

    @http.route(
        [
            "/my/b2b/templates/new",
            "/my/b2b/templates/<int:template_id>/<string:action>",
        ],
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_template_again(self, template_id=None, **kwargs):
        """Lead to a page whoever had to log in at a button: nothing was done."""
        # Of `/new` it is whatever the address says behind the question mark.
        template_id = self._read_id(template_id)
        return self._b2b_redirect(
            f"/my/b2b/templates/{template_id}" if template_id else "/my/b2b/templates"
        )

    def _get_b2b_template(self, agreement, template_id):
        """Return a template in sudo mode, empty when the buyer may not use it."""
        templates = request.env["sale.order"]._get_b2b_templates(agreement)
        template = templates.filtered(lambda one: one.id == template_id)
        # sudo: portal users have no write access to orders; the search checked access
        return (
            template.sudo()
            .with_company(agreement._get_selling_company())
            .with_context(tracking_disable=True)
        )

    def _is_b2b_mine(self, template):
        return template.partner_id == request.env.user.partner_id

    @http.route(
        "/my/b2b/templates/<int:template_id>/<string:action>",
        type="http",
        auth="b2b",
        website=True,
        methods=["POST"],
    )
    def portal_b2b_template_action(self, template_id, action, **kwargs):
        """Change or order a template; changing is for its maker.

        :param int template_id: id of a template
        :param str action: `order`, or for the maker `save`, `add`, `rename`, `share`, `delete`
        """
        agreement = request.b2b_agreement
        handler = {
            "order": self._order_template,
            "save": self._save_template,
            "add": self._add_to_template,
            "rename": self._rename_template,
            "share": self._share_template,
            "delete": self._delete_template,
        }.get(action)
        template = self._get_b2b_template(agreement, template_id)
        if not template:
            problem = request.env._("This template was deleted, or is not shared any more.")
        elif not handler or action != "order" and not self._is_b2b_mine(template):
            problem = request.env._("Only the maker of a template may change it.")
        else:
            problem = ""
        if problem:
            self._add_b2b_message(problem, "danger")
            return self._b2b_redirect("/my/b2b/templates")
        template._lock_b2b_cart()
        return handler(agreement, template, request.httprequest.form)

    def _lead_to_template(self, template):
        return self._b2b_redirect(f"/my/b2b/templates/{template.id}")

    def _order_template(self, agreement, template, form):
        """Put the template into the cart, all of it or the quantities of the form.

        A second click on the same page orders nothing twice.

        :return: the cart, or the template as it was typed, with what is wrong
        """
        key = self._read_text(form.get("key"))[:30]
        if key and key == template.b2b_template_key:
            self._add_b2b_message(request.env._("This template is in your cart already."), "info")
            return self._b2b_redirect("/my/b2b/cart")
        quantities, mistakes = self._read_b2b_quantities(template)
        if mistakes:
            self._tell_b2b_mistakes(mistakes)
            return self._render_b2b_template(agreement, template, form, mistakes)
        by_id = {line.id: quantity for line, quantity in quantities.items()}
        changes = self._get_b2b_seen_changes(template, form)
        try:
            with request.env.cr.savepoint():  # a refusal leaves nothing in the cart
                result = template._order_b2b_template(agreement, by_id if quantities else None)
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            return self._render_b2b_template(agreement, template, form)
        template.b2b_template_key = key
        self._tell_b2b_result(result, changes)
        return self._b2b_redirect("/my/b2b/cart")

    def _get_b2b_seen_changes(self, template, form):
        """Return what differs from the template's page; the list of templates shows no prices.

        Nothing is ordered yet: the buyer is told, and looks at the cart.
        """
        if "seen" not in form:
            return []
        seen = Statement.load(form["seen"])
        return template._get_b2b_changes(seen, template._get_b2b_today())

    def _tell_b2b_result(self, result, changes):
        """Say what was added, what costs something else now, and what is gone.

        :param dict result: of `_order_b2b_template`
        :param list changes: since the page was shown, messages
        """
        price = partial(format_unit_price, request.env)
        messages = []
        if result["added"]:
            messages.append(("success", self._get_b2b_added_words(len(result["added"]))))
        for change in result["changed"]:
            text = request.env._(
                "The price of %(product)s changed since the last time: %(old)s before,"
                " %(new)s now.",
                product=change["name"],
                old=price(change["old"], change["old_currency"]),
                new=price(change["new"], change["new_currency"]),
            )
            messages.append(("warning", text))
        messages += [("warning", text) for text in changes]
        messages += [("danger", text) for text in result["refused"]]
        self._add_b2b_messages(messages)

    def _save_template(self, agreement, template, form):
        """Store quantities and the order of the lines, and take lines out."""
        removed = template.order_line.filtered(
            lambda line: line.id == self._read_id(form.get("remove"))
        )
        quantities, mistakes = self._read_b2b_quantities(template, skip=removed)
        if mistakes:  # nothing half done, and nothing typed in vain
            self._tell_b2b_mistakes(mistakes)
            return self._render_b2b_template(agreement, template, form, mistakes)
        template._refresh_b2b_lines(quantities)
        template._move_b2b_line(self._read_id(form.get("up")), -1)
        template._move_b2b_line(self._read_id(form.get("down")), 1)
        removed.unlink()
        self._add_b2b_message(request.env._("The template was saved."))
        return self._lead_to_template(template)

    def _add_to_template(self, agreement, template, form):
        """Add the article with a SKU, as in a quick order of one row."""
        parsed = request.env["b2b.quick.order"]._parse(
            [(form.get("sku") or "", form.get("quantity") or "")]
        )
        rows = request.env["b2b.quick.order"]._evaluate(agreement, parsed)
        if not rows:
            problem = request.env["b2b.quick.order"]._get_error_message("no_sku")
            self._add_b2b_message(problem, "danger")
        if request.env["b2b.quick.order"]._add_rows(template, rows):
            self._add_b2b_message(request.env._("The template was saved."))
        for values in rows:  # one
            if values["state"] == "rejected":
                self._add_b2b_message(f"{values['sku'][:100]}: {values['reason']}", "danger")
            elif values["two_ways"]:
                words = self._get_b2b_read_words(values["raw_quantity"], values["quantity"])
                self._add_b2b_message(f"{values['product'].display_name}: {words}", "warning")
        return self._lead_to_template(template)

    def _rename_template(self, agreement, template, form):
        # Blanks alone are no name either: the template keeps its own.
        name = clean_text(form.get("name"), one_line=True)
        template.b2b_template_name = name or template.b2b_template_name
        return self._lead_to_template(template)

    def _share_template(self, agreement, template, form):
        # As the button said: pressed twice, it does the same twice.
        wanted = {"yes": True, "no": False}.get(form.get("shared"))
        if wanted is None:
            wanted = not template.b2b_template_shared
        template.b2b_template_shared = wanted
        self._add_b2b_message(
            request.env._("Your colleagues see and use this template now.")
            if template.b2b_template_shared
            else request.env._("Only you see this template now.")
        )
        return self._lead_to_template(template)

    def _delete_template(self, agreement, template, form):
        template.unlink()
        self._add_b2b_message(request.env._("The template was deleted."))
        return self._b2b_redirect("/my/b2b/templates")
