-- Flags on customer orders (ZK) of Subiekt GT, for erp_client.py (mode = time).
--
-- NOT RUN AGAINST A LIVE SUBIEKT: written from descriptions of its tables. Try it on a copy
-- first, with `erp_client.py dry-run`. It only reads.
--
-- SET THE TWO NUMBERS that are 0 below; the client does not run the query before. Flags of
-- orders, customers and goods lie in one table, and their ids collide: only group and object
-- type together tell whose flag it is. `erp_client.py discover` shows what is there.
--
-- Adjust too: which number Odoo knows the order by (dok_NrPelnyOryg = number of the customer's
-- own document, dok_NrPelny = Subiekt's number), and how Odoo's numbers begin.
--
-- Subiekt keeps one flag per document and group, with the time when it was last set or taken
-- off. A flag that was taken off leaves its row with NULL for the flag; it is sent as "". The
-- times may have no fraction of a second: that is why the flag is part of the key.
--
-- The one parameter is the time of the last change that was sent.

SELECT CAST(w.flw_IdGrupyFlag AS varchar(12)) + '-' + CAST(w.flw_IdObiektu AS varchar(12)) + '-'
           + CONVERT(varchar(23), w.flw_CzasOstatniejZmiany, 121) + '-'
           + CAST(COALESCE(w.flw_IdFlagi, 0) AS varchar(12))         AS [key],
       d.dok_NrPelnyOryg                                            AS [order],
       COALESCE(f.flg_Text, '')                                     AS [flag],
       COALESCE(w.flw_Komentarz, '')                                AS [note],
       w.flw_CzasOstatniejZmiany                                    AS [changed_at]
  FROM fl_Wartosc w
  JOIN dok__Dokument d ON d.dok_Id = w.flw_IdObiektu
  LEFT JOIN fl__Flagi f ON f.flg_Id = w.flw_IdFlagi
 WHERE w.flw_IdGrupyFlag = 0
   AND w.flw_TypObiektu = 0
   AND d.dok_Typ = 16
   AND (d.dok_NrPelnyOryg LIKE 'S%' OR d.dok_NrPelnyOryg LIKE 'B2B/%')
   AND w.flw_CzasOstatniejZmiany >= ?
 ORDER BY w.flw_CzasOstatniejZmiany, w.flw_IdObiektu;
