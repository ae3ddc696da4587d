from odoo.tests import tagged

from .pages import B2bPageCommon


@tagged("post_install", "-at_install")
class TestTypedForms(B2bPageCommon):
    """What a buyer typed comes back until it is right; a slip or a second click does no harm."""

    def setUp(self):
        super().setUp()
        self._login(self.buyer_user)
        self.cart._add_b2b_lines([(self.product_b, 1, self.product_b.uom_id)])
        self.env.flush_all()

    def _quantities(self, order):
        self.env.invalidate_all()
        return {line.id: line.product_uom_qty for line in order.order_line}

    def _type(self, order, *texts):
        return {f"qty_{line.id}": text for line, text in zip(order.order_line, texts, strict=True)}

    def _assert_typed(self, response, typed, wrong):
        """Assert that a page shows what was typed, and marks what is wrong with the reason."""
        page = self._page(response)
        inputs = {node.get("name"): node for node in page.xpath("//input[@name]")}
        self.assertEqual({name: inputs[name].get("value") for name in typed}, typed)
        marked = [name for name in typed if inputs[name].get("aria-invalid") == "true"]
        self.assertEqual(marked, wrong)
        for name in wrong:
            reason = page.get_element_by_id(inputs[name].get("aria-describedby"))
            self.assertIn("not a number", reason.text_content())

    # === MISTYPED QUANTITIES === #

    def test_cart_comes_back_as_it_was_typed(self):
        before = self._quantities(self.cart)
        typed = self._type(self.cart, "12", "5o")
        for button in ({}, {"next_page": "checkout"}):
            with self.subTest(button=button):
                response = self._post("/my/b2b/cart/update", {**typed, **button})
                self._assert_typed(response, typed, [list(typed)[1]])
                alerts = self._alerts(response)
                self.assertIn("Nothing was changed yet", alerts[0])
                self.assertIn("Nut: The quantity is not a number", alerts[1])
                self.assertEqual(self._quantities(self.cart), before)
        action, data = self._form(response, "Checkout")
        self._post(action, {**data, **self._type(self.cart, "12", "50")})
        self.assertEqual(list(self._quantities(self.cart).values()), [12, 50])

    def test_template_comes_back_as_it_was_typed(self):
        before, ordered = self._quantities(self.template), self._quantities(self.cart)
        typed = self._type(self.template, "x", "7")
        url = f"/my/b2b/templates/{self.template.id}"
        for button in ("order", "save"):
            with self.subTest(button=button):
                response = self._post(f"{url}/{button}", typed)
                self._assert_typed(response, typed, [list(typed)[0]])
                self.assertIn("Nothing was changed yet", self._alerts(response)[0])
        self.assertEqual(self._quantities(self.template), before)
        self.assertEqual(self._quantities(self.cart), ordered)
        action, data = self._form(response, "Order")
        self._post(action, {**data, list(typed)[0]: "4"})
        self.assertEqual(list(self._quantities(self.cart).values()), [6, 8])

    def test_template_that_is_not_ordered_comes_back_as_it_was_typed(self):
        self._post("/my/b2b/cart/update", self._type(self.cart, "600000", "1"))
        typed = self._type(self.template, "600000", "7")
        response = self._post(f"/my/b2b/templates/{self.template.id}/order", typed)
        self.assertIn("too large", " ".join(self._alerts(response)))
        self._assert_typed(response, typed, [])

    def test_pages_that_nobody_typed_on_mark_nothing(self):
        for url in ("/my/b2b/cart", f"/my/b2b/templates/{self.template.id}"):
            page = self._page(self._get(url))
            self.assertFalse(page.xpath("//*[@aria-invalid]"))
            self.assertFalse(page.xpath("//*[@data-b2b-page]"))

    def test_refused_cart_is_the_cart_for_the_browser(self):
        """To reload it, or to come back to it, sends nothing once more."""
        script = """
            const frame = document.createElement("iframe");
            document.body.append(frame);
            const open = (act) => new Promise((resolve) => {
                frame.addEventListener("load", resolve, { once: true });
                act();
            });
            (async () => {
                await open(() => { frame.src = "/my/b2b/cart"; });
                const form = frame.contentDocument.querySelector("form:has([name^=qty_])");
                form.querySelector("[name^=qty_]").value = "5o";
                await open(() => form.submit());
                for (let i = 0; i < 200; i++) {
                    if (frame.contentWindow.location.pathname === "/my/b2b/cart") { break; }
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }
                const { pathname } = frame.contentWindow.location;
                const { value } = frame.contentDocument.querySelector("[name^=qty_]");
                if (pathname !== "/my/b2b/cart" || value !== "5o") {
                    throw new Error(`not the cart: ${pathname} ${value}`);
                }
                console.log("test successful");
            })().catch((error) => console.error(error.message));
        """
        self.browser_js("/my/b2b/templates", script, login=self.buyer_user.login, timeout=120)

    # === A SLIP === #

    def test_what_is_gone_for_good_takes_two_steps(self):
        self.template.b2b_template_shared = True
        self.env.flush_all()
        for url, button in (
            ("/my/b2b/cart", "Empty cart"),
            (f"/my/b2b/templates/{self.template.id}", "Delete"),
        ):
            page = self._page(self._get(url))
            found = page.xpath(f"//button[normalize-space()='{button}']/ancestor::details")
            self.assertEqual(len(found), 1, button)
            self.assertIsNone(found[0].get("open"))
            self.assertEqual(found[0].xpath("./summary")[0].text_content().strip(), button)
        self.assertIn("Your colleagues use it, too.", found[0].text_content())
        action, data = self._form(self._get("/my/b2b/cart"), "Empty cart")
        self._post(action, {**data, "empty": "1"})
        self.assertFalse(self._quantities(self.cart))
