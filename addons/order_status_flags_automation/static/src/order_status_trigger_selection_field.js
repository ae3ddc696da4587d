import { useState } from "@odoo/owl";
import { TRIGGER_FILTERS } from "@base_automation/utils";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { selectionField, SelectionField } from "@web/views/fields/selection/selection_field";

const ORDER_TRIGGERS = ["on_order_status_set", "on_order_flag_set", "on_days_in_order_status"];
// The groups of the menu, in their order; a trigger is in the first that takes it.
const GROUPS = [
    { label: _t("Order Status"), takes: (value) => ORDER_TRIGGERS.includes(value) },
    { label: _t("Email Events"), takes: (value) => value.startsWith("on_message") },
    { label: _t("Timing Conditions"), takes: (value) => value.startsWith("on_time") },
    { label: _t("External"), takes: (value) => value === "on_webhook" },
    { label: _t("Values Updated"), takes: (value) => /_set$|archive$/.test(value) },
    { label: _t("Custom"), takes: () => true },
];

/**
 * The triggers of an automation rule with ours among them. Odoo's own field has a fixed list
 * that it does not export, and fails on a trigger that it does not know.
 */
export class OrderStatusTriggerSelectionField extends SelectionField {
    static template = "base_automation.TriggerSelectionField";

    setup() {
        super.setup();
        this.model = useState({ fields: [] });
        const orm = useService("orm");
        let lastModelId;
        useRecordObserver(async (record) => {
            const modelId = record.data.model_id?.id;
            if (modelId !== lastModelId) {
                lastModelId = modelId;
                this.model.fields = await orm.searchRead(
                    "ir.model.fields",
                    [["model_id", "=", modelId]],
                    ["name", "ttype", "relation"]
                );
            }
        });
    }

    fits(value) {
        const { data } = this.props.record;
        if (ORDER_TRIGGERS.includes(value)) {
            return this.model.fields.some(
                (field) => field.relation === "sale.order.status" && field.name === "order_status_id"
            );
        }
        if (value === "on_write") {
            return data[this.props.name] === value; // no longer to be chosen
        }
        if (value.startsWith("on_message") && !data.model_is_mail_thread) {
            return false;
        }
        const filter = TRIGGER_FILTERS[value];
        return !filter || this.model.fields.some(filter);
    }

    get groups() {
        const choices = this.options
            .filter(([value]) => this.fits(value))
            .map(([value, label]) => ({ value, label }));
        return GROUPS.map((group) => ({
            label: group.label,
            choices: choices.filter(
                ({ value }) => GROUPS.find((other) => other.takes(value)) === group
            ),
        })).filter((group) => group.choices.length);
    }
}

export const orderStatusTriggerSelectionField = {
    ...selectionField,
    component: OrderStatusTriggerSelectionField,
    fieldDependencies: [{ name: "model_is_mail_thread", type: "boolean" }],
};
registry
    .category("fields")
    .add("order_status_trigger_selection", orderStatusTriggerSelectionField);
