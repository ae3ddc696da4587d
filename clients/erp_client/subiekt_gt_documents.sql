-- Customer orders (ZK) of Subiekt GT with their invoices, receipts and deliveries, for
-- erp_client.py (mode = snapshot: dok__Dokument keeps no time of change).
--
-- NOT RUN AGAINST A LIVE SUBIEKT: written from descriptions of its tables. Try it on a copy
-- first, with `erp_client.py dry-run`. It only reads; leave out NOLOCK, which shows rows of
-- saves that are undone.
--
-- Adjust: which number Odoo knows the order by (dok_NrPelnyOryg), and how Odoo's numbers begin
-- (S00001 as a rule, B2B/00001 from the B2B shop).
-- A condition that moves with the calendar would make old orders vanish, which means that they
-- were deleted: do not add one.
--
-- * An order that was deleted is simply gone: the client compares with the last look, and cancels
--   it. The same goes for an invoice that was deleted or withdrawn (status 0) or postponed (3).
-- * An invoice or receipt names its order in dok_DoDokId. The same column of an order is not to
--   be relied on.
-- * A delivery (WZ) names the order, or the invoice that it was made by; or it is named by the
--   order. An invoice that moves the stock itself has no WZ.
-- * covers = all: the order is realised (status 8), and not in part only (dok_StatusEx: 1 partly,
--   4 wholly, 8 by an intermediate advance invoice, 16 by the final one). Status 8 without an
--   invoice is an order that was closed by hand, and an invoice that was made without its order
--   is not found: its order stays open.

SELECT z.dok_NrPelnyOryg                                            AS [order],
       'order'                                                      AS [kind],
       z.dok_NrPelny                                                AS [number],
       z.dok_DataWyst                                               AS [date],
       CASE WHEN z.dok_Status = 2 THEN 'cancelled' ELSE 'open' END  AS [state],
       'all'                                                        AS [covers]
  FROM dok__Dokument z
 WHERE z.dok_Typ = 16
   AND z.dok_Status <> 0
   AND (z.dok_NrPelnyOryg LIKE 'S%' OR z.dok_NrPelnyOryg LIKE 'B2B/%')

 UNION ALL

SELECT z.dok_NrPelnyOryg,
       CASE WHEN d.dok_Typ = 2 THEN 'invoice' ELSE 'receipt' END,
       d.dok_NrPelny,
       d.dok_DataWyst,
       CASE WHEN d.dok_Status = 2 THEN 'cancelled' ELSE 'open' END,
       CASE WHEN z.dok_Status = 8
                 AND ((COALESCE(z.dok_StatusEx, 0) & 20) <> 0
                      OR (COALESCE(z.dok_StatusEx, 0) & 9) = 0)
            THEN 'all' ELSE 'part' END
  FROM dok__Dokument d
  JOIN dok__Dokument z ON z.dok_Id = d.dok_DoDokId
 WHERE d.dok_Typ IN (2, 21)
   AND d.dok_Status IN (1, 2)
   AND z.dok_Typ = 16
   AND z.dok_Status <> 0
   AND (z.dok_NrPelnyOryg LIKE 'S%' OR z.dok_NrPelnyOryg LIKE 'B2B/%')

 UNION ALL

SELECT z.dok_NrPelnyOryg,
       'delivery',
       w.dok_NrPelny,
       w.dok_DataWyst,
       CASE WHEN w.dok_Status = 2 THEN 'cancelled' ELSE 'open' END,
       CASE WHEN z.dok_Status = 8
                 AND ((COALESCE(z.dok_StatusEx, 0) & 20) <> 0
                      OR (COALESCE(z.dok_StatusEx, 0) & 9) = 0)
            THEN 'all' ELSE 'part' END
  FROM dok__Dokument w
  LEFT JOIN dok__Dokument s ON s.dok_Id = w.dok_DoDokId AND s.dok_Typ IN (2, 21)
  JOIN dok__Dokument z ON z.dok_Id = w.dok_DoDokId
                       OR z.dok_Id = s.dok_DoDokId
                       OR z.dok_DoDokId = w.dok_Id
 WHERE w.dok_Typ = 11
   AND w.dok_Status IN (1, 2)
   AND z.dok_Typ = 16
   AND z.dok_Status <> 0
   AND (z.dok_NrPelnyOryg LIKE 'S%' OR z.dok_NrPelnyOryg LIKE 'B2B/%');
