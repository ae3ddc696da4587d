-- Which flags a database of Subiekt GT or Navireo holds, for `erp_client.py discover`.
--
-- A line for each group of flags, object type and flag: how many rows carry it, and how many of
-- their ids are those of a customer order (ZK), of another document, of a customer, of goods. Ids
-- collide, so that one row may count in several columns. The group and type to write into
-- subiekt_gt_flags.sql are those whose flags you know from orders, and where `orders` is as high
-- as `rows`. NOT RUN AGAINST A LIVE SUBIEKT. It only reads.

SELECT w.flw_IdGrupyFlag                                            AS [flag_group],
       w.flw_TypObiektu                                             AS [object_type],
       COALESCE(f.flg_Text, '(taken off)')                          AS [flag],
       COUNT(*)                                                     AS [rows],
       SUM(CASE WHEN d.dok_Typ = 16 THEN 1 ELSE 0 END)              AS [orders],
       SUM(CASE WHEN d.dok_Typ <> 16 THEN 1 ELSE 0 END)             AS [other_documents],
       SUM(CASE WHEN k.kh_Id IS NOT NULL THEN 1 ELSE 0 END)         AS [customers],
       SUM(CASE WHEN t.tw_Id IS NOT NULL THEN 1 ELSE 0 END)         AS [goods],
       MAX(w.flw_CzasOstatniejZmiany)                               AS [last_change]
  FROM fl_Wartosc w
  LEFT JOIN fl__Flagi f ON f.flg_Id = w.flw_IdFlagi
  LEFT JOIN dok__Dokument d ON d.dok_Id = w.flw_IdObiektu
  LEFT JOIN kh__Kontrahent k ON k.kh_Id = w.flw_IdObiektu
  LEFT JOIN tw__Towar t ON t.tw_Id = w.flw_IdObiektu
 GROUP BY w.flw_IdGrupyFlag, w.flw_TypObiektu, COALESCE(f.flg_Text, '(taken off)')
 ORDER BY w.flw_IdGrupyFlag, w.flw_TypObiektu, COALESCE(f.flg_Text, '(taken off)');
