from odoo.addons.b2b_agreement.controllers import main


class B2BPortal(main.B2BPortal):
    """The pages below `/my/b2b`, for customers with an agreement in force.

    Their routes say `auth="b2b"` (see `ir.http`), and find the agreement in
    `request.b2b_agreement`, in sudo mode.
    """

    # Why the shop is closed, as `/my/agreements` is told in its address.
    CLOSED_REASONS = ("none", "elsewhere", "ended", "not_signed", "not_started", "terminated")
