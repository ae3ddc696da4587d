"""What was called `b2b_portal.NAME` up to 19.0.1.0.0; `%` stands for any text."""

NAMES = (
    # models, fields, and what belongs to them
    "constraint_product_pricelist_item_b2b_discount_uniq",
    "field_b2b_price_explanation__%",
    "field_ir_rule__%",
    "field_product_pricelist__%",
    "field_product_pricelist_item__%",
    "field_product_product__b2b_discount",
    "field_product_template__b2b_discount",
    "field_res_company__%",
    "field_res_config_settings__%",
    "field_sale_order__is_b2b_pricelist",
    "model_b2b_price_explanation",
    "model_ir_rule",
    "model_product_pricelist",
    "model_product_pricelist_item",
    "model_res_company",
    "model_res_config_settings",
    "selection__res_company__b2b_price_policy__%",
    # rights
    "access_b2b_price_explanation_salesman",
    "product_pricelist_item_rule_b2b",
    "product_pricelist_rule_b2b",
    # views and actions
    "b2b_price_explanation_action",
    "b2b_price_explanation_view_form",
    "product_pricelist_view_%",
    "product_template_view_form",
    "product_template_view_list",
    "view_order_form_b2b_price",
    # demo data
    "category_fasteners",
    "category_tools",
    "pricelist_buyer_item_%",
    "pricelist_rival_item_%",
    "product_anchor_box%",
    "product_bolt_m6%",
    "product_bolt_m8%",
    "product_nut_m8%",
    "product_screw_box%",
)
