import {
    Many2OneField,
    buildM2OFieldDescription,
    extractM2OFieldProps,
} from "@web/views/fields/many2one/many2one_field";
import { registry } from "@web/core/registry";

/**
 * A many2one shown as a badge in the color of its record, and picked like any many2one.
 * Core's own badge cannot be edited, and its many2one has no color.
 */
export class Many2OneColorBadgeField extends Many2OneField {
    static template = "order_status_flags.Many2OneColorBadgeField";
    static props = {
        ...Many2OneField.props,
        colorField: { type: String, optional: true },
    };

    get value() {
        return this.props.record.data[this.props.name];
    }

    get colorClass() {
        return `o_badge_color_${this.props.record.data[this.props.colorField] || 0}`;
    }
}

registry.category("fields").add("many2one_color_badge", {
    ...buildM2OFieldDescription(Many2OneColorBadgeField),
    extractProps: (staticInfo, dynamicInfo) => ({
        ...extractM2OFieldProps(staticInfo, dynamicInfo),
        colorField: staticInfo.options.color_field,
    }),
});
