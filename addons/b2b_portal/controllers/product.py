from functools import cache, partial

from odoo import http
from odoo.http import request

from odoo.addons.b2b_pricelist.formatting import format_unit_price

from .shop import B2BShopPortal


class B2BProductPortal(B2BShopPortal):
    """The page of one article."""

    @http.route(
        "/my/b2b/product/<int:product_id>", type="http", auth="b2b", website=True, methods=["GET"]
    )
    def portal_b2b_product(self, product_id, **kwargs):
        """Show an article: pictures, price, variants, description, documents, what goes with it.

        :param int product_id: id of a product of the shop, else back to the shop
        """
        agreement = request.b2b_agreement
        company = agreement._get_selling_company()
        # sudo: portal users do not read products; the shop's domain is applied
        products = request.env["product.product"].sudo().with_company(company)
        product, variants, lists = products.with_context(lang=request.env.lang)._get_b2b_article(
            company, self._read_id(product_id)
        )
        if not product:
            self._add_b2b_message(request.env._("This article is no longer sold."), "warning")
            return self._b2b_redirect("/my/b2b")
        # First: what is read of all variants here, need not be read of this one below.
        choices = product._get_b2b_choices(variants) if "attribute_line_ids" in lists else []
        related = product._get_b2b_related(company, lists)
        description, texts = product._get_b2b_descriptions()
        format_price = cache(partial(format_unit_price, request.env))
        entries = self._prepare_b2b_related_entries(
            agreement, product, lists, related, format_price
        )
        values = self._b2b_values(
            agreement,
            "b2b_product",
            product=product,
            format_price=format_price,
            choices=choices,
            picture_count=len(product._get_b2b_pictures(lists)),
            documents=product._get_b2b_documents() if "documents" in lists else (),
            description=description,
            texts=texts,
            **entries,
        )
        return self._b2b_render("b2b_portal.portal_b2b_product_page", values)

    def _prepare_b2b_related_entries(self, agreement, product, lists, related, format_price):
        """Return what the shop shows of the article and of what goes with it, asked at once.

        :param set lists: of `_find_b2b_lists`
        :param dict related: of `_get_b2b_related`
        :return: `entry`, `alternatives` and `accessories`
        :rtype: dict
        """
        every = product.union(*related.values())
        # Of the article alone it is known whether it has a picture.
        pictured = None if every - product else {product.id} if "picture" in lists else set()
        entries = self._prepare_b2b_entries(agreement, every, format_price, pictured)
        by_product = {entry["product"]: entry for entry in entries}
        return {
            "entry": by_product[product],
            **{name: [by_product[one] for one in products] for name, products in related.items()},
        }

    @http.route(
        "/my/b2b/product/<int:product_id>/picture/<int:index>",
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_product_picture(self, product_id, index, **kwargs):
        """Show a large picture of an article.

        :param int product_id: id of a product of the shop
        :param int index: which picture, from 0
        """
        product = self._get_b2b_product(request.b2b_agreement, product_id)
        pictures = product._get_b2b_pictures() if product else []
        if index >= len(pictures):
            return self._b2b_no_store(request.not_found().get_response())
        stream = request.env["ir.binary"]._get_image_stream_from(pictures[index], "image_1024")
        return self._b2b_no_store(stream.get_response())

    @http.route(
        "/my/b2b/product/<int:product_id>/document/<int:document_id>",
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_product_document(self, product_id, document_id, **kwargs):
        """Download a document of an article.

        :param int product_id: id of a product of the shop
        :param int document_id: id of one of its `product.document` that customers see
        """
        product = self._get_b2b_product(request.b2b_agreement, product_id)
        document = product and product._get_b2b_documents().filtered(
            lambda one: one.id == document_id
        )
        if not document:
            return self._b2b_no_store(request.not_found().get_response())
        if document.type == "url":
            return self._b2b_no_store(request.redirect(document.url, code=303, local=False))
        stream = request.env["ir.binary"]._get_stream_from(document.ir_attachment_id)
        return self._b2b_no_store(stream.get_response(as_attachment=True))
