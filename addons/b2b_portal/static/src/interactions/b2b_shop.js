import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/**
 * Adds to the cart without leaving the page. Without it the form is posted and the
 * server leads back to the same page.
 */
export class B2BAddToCart extends Interaction {
    static selector = ".o_b2b_add_form";
    dynamicContent = {
        _root: { "t-on-submit.prevent": this.locked(this.onSubmit, true) },
    };

    async onSubmit() {
        let response, answer;
        try {
            response = await this.waitFor(
                fetch(this.el.action, {
                    method: "POST",
                    body: new FormData(this.el),
                    headers: { Accept: "application/json" },
                })
            );
            answer = await this.waitFor(response.json());
        } catch {
            if (response && (response.redirected || !response.ok)) {
                // Logged out, agreement ended, refused: nothing was added; let the server tell.
                this.el.submit();
            } else {
                // Whether it arrived is not known, and twice would be too much: the page shows it.
                window.location.reload();
            }
            return;
        }
        this.showMessage(answer);
        for (const badge of document.querySelectorAll(".o_b2b_cart_count")) {
            badge.textContent = answer.cart_count;
            badge.classList.toggle("d-none", !answer.cart_count);
        }
    }

    showMessage({ kind, message }) {
        const target = this.el.querySelector(".o_b2b_add_message");
        target.className = `o_b2b_add_message small mt-1 text-${kind}-emphasis`;
        target.textContent = message;
        target.scrollIntoView({ block: "nearest" });
    }
}

registry.category("public.interactions").add("b2b_portal.add_to_cart", B2BAddToCart);
