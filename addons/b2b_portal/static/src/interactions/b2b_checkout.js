import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/**
 * Shows the amounts for the chosen address at once, and what is to be said about them. Without it a
 * button shows the page again.
 */
export class B2BCheckoutAddress extends Interaction {
    static selector = ".o_b2b_checkout";
    dynamicContent = {
        "[name=partner_shipping_id]": { "t-on-change": this.onAddressChange },
    };

    async onAddressChange() {
        const button = this.el.querySelector(".o_b2b_show_address");
        const body = new FormData(this.el);
        body.set(button.name, button.value);
        const address = body.get("partner_shipping_id");
        let response, text;
        try {
            response = await this.waitFor(fetch(this.el.action, { method: "POST", body }));
            text = await this.waitFor(response.text());
        } catch {
            return; // no connection: the amounts stay, and the server compares them anyway
        }
        const page = new DOMParser().parseFromString(text, "text/html");
        const parts = [".o_b2b_notices", ".o_b2b_statement"].map((name) => [
            document.querySelector(name),
            page.querySelector(name),
        ]);
        if (this.el.elements.partner_shipping_id.value !== address) {
            return; // another one was chosen meanwhile
        }
        if (response.redirected || !parts.every(([shown, renewed]) => shown && renewed)) {
            button.click(); // logged out, agreement ended, another view: let the server tell
            return;
        }
        for (const [shown, renewed] of parts) {
            shown.replaceChildren(...renewed.childNodes);
        }
    }
}

registry.category("public.interactions").add("b2b_portal.checkout_address", B2BCheckoutAddress);
