from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.table_csv import clean
from odoo.addons.order_status_flags.typed_text import clean_text


class CustomerProductReference(models.Model):
    """Rows: what becomes of each row that a buyer typed or uploaded."""

    _inherit = "customer.product.reference"

    @api.model
    def _evaluate_own(self, agreement, rows):
        """Find the product of every row, and tell what would become of it.

        :param b2b.agreement agreement: in force
        :param list rows: `PartNumberRow`
        :return: a dict per row, none left out: `number` (of the row), `sku`, `reference`,
            `product`, `state` (`new`, `changed`, `unchanged`, `repeated`, `rejected`), `reason`,
            `before` (the number until now)
        :rtype: list[dict]
        """
        company = agreement._get_selling_company()
        # sudo: portal users do not read products; the shop's domain is applied
        Product = self.env["product.product"].sudo().with_company(company)
        codes = [row.sku for row in rows if not row.error]
        found = Product._find_b2b_codes(company, codes)
        packs = Product._find_b2b_packs(company, codes)
        evaluated = [self._evaluate_own_row(row, found, packs) for row in rows]
        self._reject_double(evaluated)
        self._compare_with_own(agreement, evaluated)
        return evaluated

    @api.model
    def _evaluate_own_row(self, row, found, packs):
        reference = clean_text(clean(row.reference), one_line=True)
        values = {
            "number": row.number,
            "sku": row.sku,
            "reference": reference,
            "product": None,
            "state": "new",
            "reason": "",
            "before": "",
        }
        try:
            if row.error:
                raise UserError(self.env["b2b.quick.order"]._get_error_message(row.error))
            product, _pack = self.env["b2b.quick.order"]._choose_article(row, found, packs)
            values["product"] = product
            if problem := self._get_number_problem(reference):
                raise UserError(problem)
        except UserError as error:
            values.update(state="rejected", reason=str(error))
        return values

    @api.model
    def _reject_double(self, rows):
        """Reject rows that contradict an earlier one."""
        by_product, by_number = {}, {}
        for values in (one for one in rows if one["state"] != "rejected"):
            number = values["reference"].lower()
            first = by_product.setdefault(values["product"], values)
            other = by_number.setdefault(number, values)
            if first is values and other is values:
                continue
            if first is not values and first["reference"].lower() == number:
                values.update(
                    state="repeated", reason=self.env._("As row %(number)s", number=first["number"])
                )
            elif first is not values:
                reason = self.env._(
                    "Row %(number)s has this article already", number=first["number"]
                )
                values.update(state="rejected", reason=reason)
            else:
                by_product.pop(values["product"])
                reason = self.env._(
                    "Row %(number)s has this part number already", number=other["number"]
                )
                values.update(state="rejected", reason=reason)

    @api.model
    def _compare_with_own(self, agreement, rows):
        """Tell what changes, and reject numbers that another article has and keeps."""
        open_rows = [one for one in rows if one["state"] == "new"]
        own = self._get_concerned(
            agreement, [(one["product"], one["reference"]) for one in open_rows]
        )
        company = agreement._get_selling_company()
        # What a sister company sells is shown in its own shop, by this number.
        sold = own.product_id._filter_b2b_sold(company)
        sold |= (own.product_id - sold)._filter_b2b_sold_elsewhere(company)
        before = {one.product_id: one.customer_product_reference for one in own}
        # What is sold no more keeps no number from another article.
        owners = {number.lower(): product for product, number in before.items() if product in sold}
        renamed = {one["product"]: one["reference"].lower() for one in open_rows}
        by_number = {one["reference"].lower(): one for one in open_rows}
        to_check = list(open_rows)
        while to_check:
            values = to_check.pop()
            if values["state"] == "new" and self._reject_taken(values, owners, renamed):
                # A row that was rejected frees no number for others.
                del renamed[values["product"]]
                waiting = by_number.get(before.get(values["product"], "").lower())
                to_check += [waiting] if waiting else []
        for values in (one for one in open_rows if one["state"] == "new"):
            number = before.get(values["product"], "")
            values["before"] = number
            if number:
                same = number == values["reference"]
                values["state"] = "unchanged" if same else "changed"

    @api.model
    def _reject_taken(self, values, owners, renamed):
        """Reject a row whose number another article has, and keeps.

        :param dict owners: `{number in lower case: product}` until now
        :param dict renamed: `{product: number in lower case}` of all rows
        :return: whether it is rejected
        :rtype: bool
        """
        number = values["reference"].lower()
        owner = owners.get(number)
        if not owner or owner == values["product"] or renamed.get(owner, number) != number:
            return False
        reason = self.env._(
            "%(article)s has this part number already",
            article=owner.default_code or owner.barcode or owner.name,
        )
        values.update(state="rejected", reason=reason)
        return True

    @api.model
    def _check_own(self, agreement, product, text):
        """Return a typed number of one article as it would be kept.

        :param b2b.agreement agreement: in force
        :param product.product product: of the shop
        :param str text: as typed
        :rtype: str
        :raise UserError: when it is no number, or that of another article
        """
        number = clean_text(text, one_line=True)
        if problem := self._get_number_problem(number):
            raise UserError(problem)
        values = {"product": product, "reference": number, "state": "new", "reason": ""}
        self._compare_with_own(agreement, [values])
        if values["reason"]:
            raise UserError(values["reason"])
        return number

    @api.model
    def _get_own_header(self):
        """Return the column names of the file of part numbers.

        :rtype: list[str]
        """
        return [self.env._("SKU"), self.env._("Article"), self.env._("Your part number")]

    @api.model
    def _get_own_table(self, agreement):
        """Return the numbers as a table that can be changed and uploaded again.

        :param b2b.agreement agreement: in force
        :return: header and rows
        :rtype: list[list[str]]
        """
        # sudo: see `_get_own`
        own = self.sudo().search(self._get_own_domain(agreement))
        products = own.product_id.with_context(lang=self.env.lang, display_default_code=False)
        names = {product.id: product.display_name for product in products}
        rows = [
            [
                one.product_id.default_code or one.product_id.barcode or "",
                names[one.product_id.id],
                one.customer_product_reference,
            ]
            for one in own
        ]
        return [self._get_own_header(), *sorted(rows)]

    @api.model
    def _get_rejected_own_table(self, rows):
        """Return the rejected rows as a table that can be corrected and uploaded again.

        :param list rows: of `_evaluate_own`
        :rtype: list[list[str]]
        """
        # The headers are not translated: they are what the upload is sure to know again.
        return [["sku", "part number", "reason"]] + [
            [values["sku"], values["reference"], values["reason"]]
            for values in rows
            if values["state"] == "rejected"
        ]
