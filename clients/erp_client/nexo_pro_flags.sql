-- Own flags on customer orders (ZK) of Subiekt nexo PRO, for erp_client.py (mode = snapshot: the
-- time when a flag was set is not known).
--
-- NEVER RUN AGAINST A LIVE SYSTEM: the column Dokument_FlagaWlasna_Id is known from public code,
-- the table FlagiWlasne with Id and Nazwa is guessed from the library's names. Try it on a copy,
-- with `erp_client.py dry-run`. It only reads. The README lists what to check.
--
-- A flag that was taken off is a row that vanished: the client sends it as "".
-- Adjust: how Odoo's numbers begin.

SELECT z.NumerZewnetrzny                                            AS [order],
       f.Nazwa                                                      AS [flag],
       ''                                                           AS [note]
  FROM ModelDanychContainer.Dokumenty z
  JOIN ModelDanychContainer.Konfiguracje k ON k.Id = z.KonfiguracjaId
  JOIN ModelDanychContainer.FlagiWlasne f ON f.Id = z.Dokument_FlagaWlasna_Id
 WHERE k.TypDokumentu = 1
   AND (z.NumerZewnetrzny LIKE 'S%' OR z.NumerZewnetrzny LIKE 'B2B/%');
