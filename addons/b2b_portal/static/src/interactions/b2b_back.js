import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/**
 * Lets Back lead to the page of a form after what was typed was refused.
 *
 * The refusal is the answer to a POST, which browsers would send again, and ask before. To replace
 * the entry in the history by itself, or by the page that the form is on, makes it one of the
 * address: Back shows the cart of that moment.
 */
export class B2BBack extends Interaction {
    static selector = ".o_b2b_checkout, [data-b2b-page]";

    start() {
        history.replaceState(history.state, "", this.el.dataset.b2bPage || "");
    }
}

registry.category("public.interactions").add("b2b_portal.back", B2BBack);
