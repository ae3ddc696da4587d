"""What a colleague may do, and what colleagues may without a record of their own."""

ORDER = "order"
APPROVE = "approve"
SEE_FINANCE = "see_finance"
ADMINISTRATE = "administrate"

# Right: the field of `b2b.member` that gives it.
FIELDS = {
    ORDER: "may_order",
    APPROVE: "may_approve",
    SEE_FINANCE: "may_see_finance",
    ADMINISTRATE: "is_administrator",
}
# Value of `res.partner.b2b_default_rights`: the rights of contacts without a record.
DEFAULTS = {"all": frozenset({ORDER, SEE_FINANCE}), "look": frozenset()}
