from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_status_flags.typed_text import clean_text

MAX_LENGTH = 100


class CustomerProductReference(models.Model):
    """What a customer calls a product of ours: one number a product and company.

    Names of model and fields are those of later versions of Odoo, see decision 70. Portal users
    have no right on the model: their pages reach the rows of their own company alone.
    """

    _name = "customer.product.reference"
    _description = "Part Number of a Customer"
    _rec_name = "customer_product_reference"
    _order = "partner_id, customer_product_reference, id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        help="The company: part numbers of a contact are those of its company.",
    )
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="cascade")
    customer_product_reference = fields.Char(string="Customer's part number", required=True)

    _product_partner_unique = models.Constraint(
        "UNIQUE (product_id, partner_id)",
        "This customer has a part number for this product already.",
    )
    _reference_uniq = models.UniqueIndex(
        "(partner_id, lower(customer_product_reference))",
        "This customer uses that part number for another product already.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base` to keep numbers clean, and with the company.

        :raise UserError: for an empty number, or one that is too long
        """
        return super().create([self._clean_values(vals) for vals in vals_list])

    def write(self, vals):
        """Override of `base` to keep numbers clean, and with the company.

        :raise UserError: for an empty number, or one that is too long
        """
        return super().write(self._clean_values(vals))

    @api.model
    def _clean_values(self, vals):
        vals = dict(vals)
        if vals.get("partner_id"):
            # sudo: whose contact it is, whoever enters the number
            partner = self.env["res.partner"].sudo().browse(vals["partner_id"])
            vals["partner_id"] = partner.commercial_partner_id.id
        if "customer_product_reference" in vals:
            number = clean_text(vals["customer_product_reference"], one_line=True)
            if problem := self._get_number_problem(number):
                raise UserError(problem)
            vals["customer_product_reference"] = number
        return vals

    @api.model
    def _get_number_problem(self, number):
        """Return why a text is no part number, or ''.

        :param str number: clean
        :rtype: str
        """
        if not number:
            return self.env._("The part number is missing.")
        if len(number) > MAX_LENGTH:
            return self.env._(
                "The part number is too long: at most %(maximum)s characters.", maximum=MAX_LENGTH
            )
        return ""

    # === OF ONE CUSTOMER === #

    @api.model
    def _get_own(self, agreement, domain=Domain.TRUE):
        """Return numbers of the customer of an agreement, in sudo mode.

        :param b2b.agreement agreement: in force
        :param Domain domain: which ones, all by default
        """
        # sudo: portal users have no rights on numbers; these are those of their own company
        return self.sudo().search(Domain("partner_id", "=", agreement.partner_id.id) & domain)

    @api.model
    def _get_concerned(self, agreement, wanted):
        """Return what products are called, and what is called as they shall be, in sudo mode.

        A customer may have many numbers, and one is changed: the others are not read.

        :param b2b.agreement agreement: in force
        :param list wanted: pairs of a product and its number to be
        """
        self.flush_model()
        rows = self.env.execute_query(self._get_concerned_sql(agreement.partner_id, wanted))
        # sudo: see `_get_own`
        return self.sudo().browse([reference_id for (reference_id,) in rows])

    @api.model
    def _get_concerned_sql(self, customer, wanted):
        # Each half by an index of its own.
        return SQL(
            """
            SELECT id FROM customer_product_reference
             WHERE partner_id = %(customer)s AND product_id = ANY(%(products)s::int[])
             UNION
            SELECT id FROM customer_product_reference
             WHERE partner_id = %(customer)s AND lower(customer_product_reference) = ANY(
                ARRAY(SELECT lower(number) FROM unnest(%(numbers)s::text[]) AS number)
             )
            """,
            customer=customer.id,
            products=[product.id for product, _number in wanted],
            numbers=[number for _product, number in wanted],
        )

    @api.model
    def _get_own_domain(self, agreement, search=""):
        """Return the domain of the numbers of products that the customer may buy.

        :param b2b.agreement agreement: in force
        :param str search: part of the number, or of SKU or name of the product
        :rtype: Domain
        """
        Product = self.env["product.product"].sudo()  # only the domain is made
        sold = Product._get_b2b_shop_domain(agreement._get_selling_company())
        domain = Domain("partner_id", "=", agreement.partner_id.id)
        domain &= Domain("product_id", "any", sold)
        if search:
            domain &= Domain("customer_product_reference", "ilike", search) | Domain(
                "product_id",
                "any",
                Domain("default_code", "ilike", search) | Domain("name", "ilike", search),
            )
        return domain

    @api.model
    def _keep_own(self, agreement, wanted):
        """Give products of the customer their numbers, all or none.

        :param b2b.agreement agreement: in force
        :param dict wanted: `{product: number}`, as `_evaluate_own` accepted them
        :raise UserError: when a colleague changed the same numbers at the same moment
        """
        replaced = self._get_concerned(agreement, list(wanted.items()))
        try:
            with self.env.cr.savepoint():
                # sudo: see `_get_own`
                # Made anew: numbers that change places are never twice in the table.
                replaced.unlink()
                self.sudo().create(
                    [
                        {
                            "partner_id": agreement.partner_id.id,
                            "product_id": product.id,
                            "customer_product_reference": number,
                        }
                        for product, number in wanted.items()
                    ]
                )
        except UniqueViolation as error:
            raise UserError(
                self.env._(
                    "Somebody changed these part numbers at the same time. Please try again."
                )
            ) from error
