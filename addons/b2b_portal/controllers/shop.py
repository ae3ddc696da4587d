from functools import cache, partial
from urllib.parse import unquote

from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.b2b_pricelist.formatting import (
    format_input_quantity,
    format_percentage,
    format_quantity,
    format_unit_price,
)
from odoo.addons.b2b_pricelist.pricing import PriceLine
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.product_product.categories import COUNT_LIMIT
from ..quick_order_quantity import has_two_ways, parse_line_quantity, parse_quantity
from .main import B2BPortal

PRODUCTS_PER_PAGE = 20  # as many as a page of the web shop has
SUGGESTIONS = 10
MESSAGES_KEY = "b2b_told"
# A session is read and written at each request: it keeps no more than a page can show.
MAX_MESSAGES = 20
MAX_MESSAGE = 500


class B2BShopPortal(B2BPortal):
    """The shop's own pages, and what all pages of the shop share."""

    # === SHARED BY THE PAGES OF THE SHOP === #

    def _b2b_values(self, agreement, page_name, **values):
        """Return the values every page of the shop needs.

        :param b2b.agreement agreement: in force
        :param str page_name: which entry of the navigation is the current one
        :rtype: dict
        """
        cart = request.env["sale.order"]._get_b2b_cart(agreement)
        return {
            **self._prepare_portal_layout_values(),
            "agreement": agreement,
            "cart": cart,
            "b2b_messages": self._pop_b2b_messages(),
            "format_price": partial(format_unit_price, request.env),
            # A page shows the same ones many times, and to format one takes its time.
            "format_quantity": cache(partial(format_quantity, request.env)),
            "format_percentage": cache(partial(format_percentage, request.env)),
            "format_input_quantity": partial(format_input_quantity, request.env),
            "page_name": page_name,
            **values,
        }

    def _add_b2b_message(self, text, kind="success"):
        """Keep a message for the page that the buyer is led to after a POST.

        :param str text: plain text
        :param str kind: `success`, `warning` or `danger`
        """
        self._add_b2b_messages([(kind, text)])

    def _add_b2b_messages(self, messages):
        """Keep messages for the page that the buyer is led to; of many, the first ones.

        :param list messages: tuples (kind, text), see `_add_b2b_message`
        """
        messages = list(messages)
        if not messages:
            return
        kept = request.session.get(MESSAGES_KEY) or {"shown": [], "more": 0}
        room = max(MAX_MESSAGES - len(kept["shown"]), 0)
        shown = [[kind, self._cut_b2b_message(text)] for kind, text in messages[:room]]
        request.session[MESSAGES_KEY] = {
            "shown": [*kept["shown"], *shown],
            "more": kept["more"] + len(messages) - len(shown),
        }

    @staticmethod
    def _cut_b2b_message(text):
        return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"

    def _pop_b2b_messages(self):
        if not self._is_b2b_looking():
            return []
        kept = request.session.pop(MESSAGES_KEY, None) or {"shown": [], "more": 0}
        messages = kept["shown"]
        if kept["more"]:
            count = request.env["b2b.quick.order"]._format_count(kept["more"])
            messages.append(["warning", request.env._("… and %(count)s more", count=count)])
        return messages

    @staticmethod
    def _is_b2b_looking():
        """Whether somebody looks at the page now: no HEAD, and no browser that prepares for it."""
        headers = request.httprequest.headers
        purpose = headers.get("Sec-Purpose") or headers.get("Purpose") or ""
        return request.httprequest.method != "HEAD" and "prefetch" not in purpose

    def _get_b2b_added_words(self, count):
        """Return how many articles were added; the label stands first, for all plurals.

        :param int count: of articles
        :rtype: str
        """
        count = request.env["b2b.quick.order"]._format_count(count)
        return request.env._("Articles added: %(count)s", count=count)

    def _b2b_redirect(self, url):
        """Lead on after a POST.

        :param str url: local address
        """
        return self._b2b_no_store(request.redirect(url, code=303))

    def _b2b_try_again(self, url):
        """Lead whoever had to log in at a button to its page, and say that nothing was done.

        :param str url: local address
        """
        self._add_b2b_message(
            request.env._("You were logged out, and nothing was changed. Please try again."),
            "warning",
        )
        return self._b2b_redirect(url)

    def _b2b_json(self, **data):
        """Answer a script of the page."""
        return self._b2b_no_store(request.make_json_response(data))

    @staticmethod
    def _wants_json():
        return "application/json" in request.httprequest.headers.get("Accept", "")

    def _read_b2b_lines(self, order, prefix):
        """Return what a form says about the lines of an order.

        :param sale.order order: only its lines count
        :param str prefix: of the form's fields, before the line's id
        :return: `{line: text}`
        :rtype: dict
        """
        form = request.httprequest.form
        return {
            line: form[f"{prefix}{line.id}"]
            for line in order.order_line
            if f"{prefix}{line.id}" in form
        }

    def _read_b2b_quantities(self, order, prefix="qty_", skip=()):
        """Return the quantities of a form of lines; 0 and empty are allowed.

        :param skip: lines whose quantity does not matter, since they are taken out
        :return: `{line: quantity}`, and of what is no quantity `{line: message}`
        :rtype: tuple[dict, dict]
        """
        quantities, mistakes = {}, {}
        for line, text in self._read_b2b_lines(order, prefix).items():
            if line in skip:
                continue
            quantity, error = parse_line_quantity(text, line.product_uom_id)
            if error:
                mistakes[line] = request.env["b2b.quick.order"]._get_error_message(error)
            else:
                quantities[line] = quantity
                if has_two_ways(text) and quantity != line.product_uom_qty:
                    words = self._get_b2b_read_words(text, quantity)
                    self._add_b2b_message(f"{line.product_id.display_name}: {words}", "warning")
        return quantities, mistakes

    def _tell_b2b_mistakes(self, mistakes):
        """Say above the lines which quantities are none.

        :param dict mistakes: of `_read_b2b_quantities`
        """
        kept = request.env._("Nothing was changed yet. Please correct the marked quantities.")
        told = (f"{line.product_id.display_name}: {words}" for line, words in mistakes.items())
        self._add_b2b_messages(("danger", text) for text in (kept, *told))

    @staticmethod
    def _get_b2b_read_words(text, quantity):
        """Return how a number was read that may as well mean thousands."""
        read = format_quantity(request.env, quantity)
        return request.env._(
            "“%(text)s” was read as %(quantity)s.", text=text.strip(), quantity=read
        )

    def _get_b2b_product(self, agreement, product_id):
        """Return a product of the shop in sudo mode, empty when it is none.

        :param product_id: as the client sent it
        """
        # sudo: portal users do not read products; the shop's domain is applied
        Product = (
            request.env["product.product"].sudo().with_company(agreement._get_selling_company())
        )
        product_id = self._read_id(product_id)
        if not product_id:
            return Product
        domain = Product._get_b2b_shop_domain(agreement._get_selling_company())
        return Product.search(domain & Domain("id", "=", product_id), limit=1)

    # === PAGES === #

    def _prepare_home_portal_values(self, counters):
        """Override of `portal` to list the shop while an agreement is in force."""
        values = super()._prepare_home_portal_values(counters)
        if "b2b_shop_count" in counters:
            agreement = request.env.user.partner_id._get_b2b_agreement(request.env.company)
            values["b2b_shop_count"] = len(agreement)
        return values

    @http.route(["/my/b2b", "/my/b2b/page/<int:page>"], type="http", auth="b2b", website=True)
    def portal_b2b_shop(self, page=1, search="", category=None, **kwargs):
        """List the products with the customer's own prices.

        :param int page: page number, from 1
        :param str search: words to look for
        :param str category: id of a product category
        """
        agreement = request.b2b_agreement
        company = agreement._get_selling_company()
        page = max(self._read_id(page) or 1, 1)
        search = self._read_text(search).strip()[:200]
        # sudo: portal users do not read products; the shop's domain is applied
        Product = request.env["product.product"].sudo().with_company(company)
        # Made ready once: the page asks by it twice, and to make it ready takes its time.
        domain = Product._get_b2b_shop_domain(company).optimize_full(Product)
        categories = Product._get_b2b_categories(domain, self._read_id(category))
        category_id = categories["category"].id
        offset = (page - 1) * PRODUCTS_PER_PAGE
        products, total, guessed = Product._search_b2b_shop(
            company,
            search,
            category_id,
            offset=offset,
            limit=PRODUCTS_PER_PAGE,
            total=categories["category_total"],
            customer=agreement.partner_id,
            domain=domain,
        )
        # The page shows most prices more than once, and their format takes its time.
        format_price = cache(partial(format_unit_price, request.env))
        values = self._b2b_values(
            agreement,
            "b2b_shop",
            entries=self._prepare_b2b_entries(agreement, products, format_price),
            format_price=format_price,
            total=self._format_b2b_count(total, offset + COUNT_LIMIT),
            format_count=self._format_b2b_count,
            guessed=guessed,
            # Not `search`: the website's header would take it for a search of its own.
            typed_search=search,
            pager=portal_pager(
                url="/my/b2b",
                url_args={
                    **({"search": search} if search else {}),
                    **({"category": category_id} if category_id else {}),
                },
                total=total,
                page=page,
                step=PRODUCTS_PER_PAGE,
            ),
            **categories,
        )
        return self._b2b_render("b2b_portal.portal_b2b_shop", values)

    def _prepare_b2b_entries(self, agreement, products, format_price, pictured=None):
        """Return what the shop shows of each product, in a constant number of queries.

        :param product.product products: in sudo mode
        :param format_price: function of amount and currency, see `format_unit_price`
        :param set pictured: of `_get_b2b_pictured`, from a caller that knows
        :rtype: list[dict]
        """
        products._fetch_b2b_shown()
        pricer = agreement._get_pricer()
        breaks = products._get_b2b_price_steps(pricer)
        availability = products._get_b2b_availability(agreement._get_selling_company())
        if pictured is None:
            pictured = products._get_b2b_pictured()
        own_codes = products._get_b2b_customer_codes(agreement.partner_id)
        named = products.with_context(display_default_code=False)
        entries = []
        for product, name in zip(products, named.mapped("display_name"), strict=True):
            price, *steps = breaks[product.id]
            minimum, multiple = product._get_b2b_quantity_step(product.uom_id)
            entries.append(
                {
                    "product": product,
                    "name": name,
                    "own_code": own_codes.get(product.id),
                    "price": price,
                    "breaks": steps,
                    "availability": availability.get(product.id),
                    "pictured": product.id in pictured,
                    "uoms": product._get_b2b_uoms(),
                    "minimum": minimum,
                    "multiple": multiple,
                    "quantity": format_input_quantity(product.env, minimum or 1.0),
                }
            )
        explained = pricer.explain([entry["price"] for entry in entries], format_price=format_price)
        for entry, explanation in zip(entries, explained, strict=True):
            entry["explanation"] = explanation
        return entries

    @staticmethod
    def _format_b2b_count(count, limit):
        """Return how many there are as buyers read it: what is not counted further is "1,000+".

        :param int count: at most one more than the limit
        :param int limit: how many are counted
        :rtype: str
        """
        if count <= limit:
            return str(count)
        # A page in the middle counts further: whole thousands are easier to read.
        rounded = limit - limit % COUNT_LIMIT or limit
        return f"{request.env['b2b.quick.order']._format_count(rounded)}+"

    @http.route(
        "/my/b2b/suggest", type="http", auth="b2b", website=True, methods=["GET"], multilang=False
    )
    def portal_b2b_suggest(self, search="", **kwargs):
        """Suggest products while a buyer types.

        Not led on to the address of a language, which the script would take for a login.

        :param str search: what was typed so far
        :return: JSON, `products`: a list of `sku` and `name`
        """
        agreement = request.b2b_agreement
        company = agreement._get_selling_company()
        # sudo: portal users do not read products; the shop's domain is applied
        products = request.env["product.product"].sudo().with_company(company)
        search = self._read_text(search).strip()[:100]
        if len(search) >= 2:
            products = products._suggest_b2b_products(
                company, search, SUGGESTIONS, agreement.partner_id
            )
        return self._b2b_json(
            products=[
                {"sku": product.default_code or product.barcode, "name": product.name}
                for product in products
                if product.default_code or product.barcode
            ]
        )

    @http.route("/my/b2b/image/<int:product_id>", type="http", auth="b2b", website=True)
    def portal_b2b_image(self, product_id, **kwargs):
        """Show the picture of a product of the shop.

        :param int product_id: id of a product
        """
        agreement = request.b2b_agreement
        product = self._get_b2b_product(agreement, product_id)
        if not product:
            return self._b2b_no_store(request.not_found().get_response())
        stream = request.env["ir.binary"]._get_image_stream_from(product, "image_256")
        response = stream.get_response()
        # A picture tells no price, but that the article is sold here is for customers only.
        return self._b2b_no_store(response)

    @http.route("/my/b2b/cart/add", type="http", auth="b2b", methods=["POST"], website=True)
    def portal_b2b_add(self, product_id=None, quantity="1", uom_id=None, **kwargs):
        """Put a product into the cart.

        :param str product_id: id of a product of the shop
        :param str quantity: with decimal comma or point
        :param str uom_id: id of a unit of the product; its own by default
        :return: JSON for scripts, else a redirect back
        """
        agreement = request.b2b_agreement
        try:
            line = self._add_b2b_product(agreement, product_id, quantity, uom_id)
        except UserError as error:
            return self._answer_b2b_add(agreement, "danger", str(error))
        text = request.env._(
            "%(product)s: %(quantity)s %(unit)s in your cart.",
            product=line.product_id.display_name,
            quantity=format_quantity(request.env, line.product_uom_qty),
            unit=line.product_uom_id.name,
        )
        if has_two_ways(quantity):
            text = f"{text} {self._get_b2b_read_words(quantity, parse_quantity(quantity)[0])}"
            return self._answer_b2b_add(agreement, "warning", text)
        return self._answer_b2b_add(agreement, "success", text)

    def _add_b2b_product(self, agreement, product_id, quantity, uom_id):
        """Check and add one product.

        :return: the line of the cart
        :raise UserError: with a message for the buyer
        """
        product = self._get_b2b_product(agreement, product_id)
        if not product:
            raise UserError(request.env._("This article is no longer sold."))
        uom = product.uom_id
        if uom_id:
            uom = product._get_b2b_uoms().filtered(lambda one: one.id == self._read_id(uom_id))
        if not uom:
            raise UserError(request.env._("This article is not sold in that unit."))
        amount, error = parse_quantity(quantity)
        if error:
            raise UserError(request.env["b2b.quick.order"]._get_error_message(error))
        cart = request.env["sale.order"]._get_b2b_cart(agreement)
        there = request.env["b2b.quick.order"]._get_present(cart).get((product.id, uom.id), 0.0)
        problem = product._get_b2b_added_problem(amount, uom, there)
        if problem:
            raise UserError(problem)
        cart = cart or request.env["sale.order"]._get_b2b_cart(agreement, create=True)
        cart._lock_b2b_cart()
        request.env["b2b.quick.order"]._check_cap(cart, product, uom, amount)
        with request.env.cr.savepoint():  # another addon may refuse the line that is there already
            return cart._add_b2b_lines([PriceLine(product, amount, uom)])

    def _answer_b2b_add(self, agreement, kind, text):
        if self._wants_json():
            cart = request.env["sale.order"]._get_b2b_cart(agreement)
            return self._b2b_json(kind=kind, message=text, cart_count=cart._get_b2b_line_count())
        self._add_b2b_message(text, kind)
        return self._b2b_redirect(self._get_b2b_way_back())

    def _get_b2b_way_back(self):
        """Return the page of the shop that the buyer came from, as a local address."""
        back = request.httprequest.form.get("back") or ""
        # isprintable: a line break would end the header that says where to go
        if not back.isprintable() or "\\" in back:
            return "/my/b2b"
        path = unquote(back.partition("?")[0].partition("#")[0])
        steps = path.split("/")
        if steps[:3] != ["", "my", "b2b"] or {".", ".."} & set(steps):
            return "/my/b2b"
        return back

    @http.route(
        ["/my/b2b/cart/add", "/my/b2b/cart/update"],
        type="http",
        auth="b2b",
        methods=["GET"],
        website=True,
    )
    def portal_b2b_add_again(self, **kwargs):
        """Lead to a page whoever had to log in at a button: nothing was done."""
        is_update = request.httprequest.path.endswith("/update")
        return self._b2b_try_again("/my/b2b/cart" if is_update else "/my/b2b")
