import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/**
 * Suggests articles while a SKU is typed, and adds rows to type in. A scanner ends each code with
 * Enter: that leads to the next row, not to the preview.
 */
export class B2BQuickOrder extends Interaction {
    static selector = ".o_b2b_quick_rows";
    dynamicContent = {
        "input[name='sku']": { "t-on-input": this.debounced(this.onInput, 250) },
        ".o_b2b_quick_row input": { "t-on-keydown": this.onKeydown },
        ".o_b2b_more_rows": { "t-on-click.prevent": this.onMoreRows },
    };

    start() {
        // The form that adds one article to a template has no such button.
        this.el.querySelector(".o_b2b_more_rows")?.classList.remove("d-none");
    }

    async onInput(ev) {
        const search = ev.target.value.trim();
        if (search.length < 2) {
            return;
        }
        const query = new URLSearchParams({ search });
        const response = await this.waitFor(fetch(`/my/b2b/suggest?${query}`));
        if (!response.ok || response.redirected) {
            return;
        }
        const { products } = await this.waitFor(response.json());
        const list = this.el.querySelector("datalist");
        list.replaceChildren(
            ...products.map(({ sku, name }) => {
                const option = document.createElement("option");
                option.value = sku;
                option.label = name;
                return option;
            })
        );
    }

    onKeydown(ev) {
        const moreRows = this.el.querySelector(".o_b2b_more_rows");
        if (ev.key !== "Enter" || ev.isComposing || !moreRows) {
            return;
        }
        const row = ev.target.closest(".o_b2b_quick_row");
        if (!row.querySelector("input[name='sku']").value.trim()) {
            return; // Enter in an empty row: done
        }
        ev.preventDefault();
        if (!row.nextElementSibling?.matches(".o_b2b_quick_row")) {
            this.onMoreRows();
        }
        row.nextElementSibling.querySelector("input[name='sku']").focus();
    }

    onMoreRows() {
        const rows = this.el.querySelectorAll(".o_b2b_quick_row");
        const last = rows[rows.length - 1];
        for (let index = 0; index < 5; index++) {
            const row = last.cloneNode(true);
            row.querySelectorAll("input").forEach((input) => (input.value = ""));
            this.insert(row, last, "afterend");
        }
    }
}

registry.category("public.interactions").add("b2b_portal.quick_order", B2BQuickOrder);
