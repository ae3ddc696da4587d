import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/**
 * Lets Back lead to the checkout after an order was refused.
 *
 * The refusal is the answer to a POST, which browsers would send again, and ask before. To replace
 * the entry in the history by itself makes it one of the address: Back shows the cart of that moment.
 */
export class B2BBack extends Interaction {
    static selector = ".o_b2b_checkout";

    start() {
        history.replaceState(history.state, "");
    }
}

registry.category("public.interactions").add("b2b_portal.back", B2BBack);
