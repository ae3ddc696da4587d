-- Flags on customer orders (ZK) of Subiekt GT, for flag_feed.py.
--
-- NOT RUN AGAINST A LIVE SUBIEKT: written from the public descriptions of its tables. Try it
-- on a copy first, with `flag_feed.py dry-run`. It only reads. Navireo keeps its flags in the
-- same tables.
--
-- Subiekt keeps one flag per document and group of flags, with the time of its last change
-- only. A flag that was taken off leaves a row without a flag; it is sent as "" (cleared).
-- The key is made of document, group and time: the same change always gets the same key.
--
-- Adjust: dok_Typ 16 = customer order (ZK); which number Odoo knows the order by
-- (dok_NrPelnyOryg = number of the customer's own document, dok_NrPelny = Subiekt's number);
-- the group of flags when orders carry flags of several groups; the type of object when the
-- same number is used for other objects than documents.
--
-- The one parameter (?) is the time of the last change that was sent.

SELECT CONCAT(w.flw_IdGrupyFlag, '-', w.flw_IdObiektu, '-',
              CONVERT(varchar(33), w.flw_CzasOstatniejZmiany, 126)) AS [key],
       d.dok_NrPelnyOryg                                            AS [order],
       COALESCE(f.flg_Text, '')                                     AS [flag],
       COALESCE(w.flw_Komentarz, '')                                AS [note],
       w.flw_CzasOstatniejZmiany                                    AS [changed_at]
  FROM fl_Wartosc w
  JOIN dok__Dokument d ON d.dok_Id = w.flw_IdObiektu
  LEFT JOIN fl__Flagi f ON f.flg_Id = w.flw_IdFlagi
 WHERE d.dok_Typ = 16
   AND w.flw_CzasOstatniejZmiany >= ?
   -- AND w.flw_IdGrupyFlag = 8
   -- AND w.flw_TypObiektu = ...
 ORDER BY w.flw_CzasOstatniejZmiany, w.flw_IdObiektu;
