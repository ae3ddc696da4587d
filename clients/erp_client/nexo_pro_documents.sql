-- Customer orders (ZK) of Subiekt nexo PRO with their invoices, receipts and deliveries, for
-- erp_client.py (mode = snapshot: where nexo keeps the time of a change is not known).
--
-- NEVER RUN AGAINST A LIVE SYSTEM: names of tables and columns come from public code and change
-- between versions. The README lists the seven things to check at the first real one. Try it on a
-- copy, with `erp_client.py dry-run`. It only reads.
--
-- Adjust: how Odoo's numbers begin. Before nexo 11 the column Dokument_Id of PozycjeDokumentu was
-- PozycjaDokumentu_Dokument_Id, before 12 SposobKorygowania of Dokumenty was
-- DokumentKDS_SposobKorygowania.
--
-- * TypDokumentu of the configuration: 1 ZK, 4 WZ, 64 sale; of a sale SposobKorygowania of the
--   configuration is 1 for an invoice, 2 for a receipt. A correction has one of its own.
-- * A document belongs to an order whose lines its lines realise (RealizacjePozycji); a delivery
--   may also hang on the invoice (Dokument_DokumentPowiazany_Id).
-- * Statuses may be added by the user: a document is cancelled when its status is invalid
--   (Uniewazniony), an order is done when its status is closed (Zamkniety). Postponed ones (11,
--   16, 17, 46, 53) are none yet.

SELECT z.NumerZewnetrzny                                            AS [order],
       'order'                                                      AS [kind],
       z.NumerWewnetrzny_PelnaSygnatura                             AS [number],
       z.DataWydaniaWystawienia                                     AS [date],
       CASE WHEN sz.Uniewazniony = 1 THEN 'cancelled' ELSE 'open' END AS [state],
       'all'                                                        AS [covers]
  FROM ModelDanychContainer.Dokumenty z
  JOIN ModelDanychContainer.Konfiguracje kz ON kz.Id = z.KonfiguracjaId
  JOIN ModelDanychContainer.StatusyDokumentow sz ON sz.Id = z.StatusDokumentuId
 WHERE kz.TypDokumentu = 1
   AND (z.NumerZewnetrzny LIKE 'S%' OR z.NumerZewnetrzny LIKE 'B2B/%')

 UNION

SELECT z.NumerZewnetrzny,
       CASE WHEN kd.TypDokumentu = 4 THEN 'delivery'
            WHEN kd.SposobKorygowania = 2 THEN 'receipt'
            ELSE 'invoice' END,
       d.NumerWewnetrzny_PelnaSygnatura,
       d.DataWydaniaWystawienia,
       CASE WHEN sd.Uniewazniony = 1 THEN 'cancelled' ELSE 'open' END,
       CASE WHEN sz.Zamkniety = 1 THEN 'all' ELSE 'part' END
  FROM ModelDanychContainer.Dokumenty z
  JOIN ModelDanychContainer.Konfiguracje kz ON kz.Id = z.KonfiguracjaId
  JOIN ModelDanychContainer.StatusyDokumentow sz ON sz.Id = z.StatusDokumentuId
  JOIN ModelDanychContainer.PozycjeDokumentu pz ON pz.Dokument_Id = z.Id
  JOIN ModelDanychContainer.RealizacjePozycji r ON r.PozycjaRealizowanaId = pz.Id
  JOIN ModelDanychContainer.PozycjeDokumentu pd ON pd.Id = r.PozycjaRealizujacaId
  JOIN ModelDanychContainer.Dokumenty d ON d.Id = pd.Dokument_Id
  JOIN ModelDanychContainer.Konfiguracje kd ON kd.Id = d.KonfiguracjaId
  JOIN ModelDanychContainer.StatusyDokumentow sd ON sd.Id = d.StatusDokumentuId
 WHERE kz.TypDokumentu = 1
   AND kd.TypDokumentu IN (4, 64)
   AND d.SposobKorygowania IS NULL
   AND d.StatusDokumentuId NOT IN (11, 16, 17, 46, 53)
   AND (z.NumerZewnetrzny LIKE 'S%' OR z.NumerZewnetrzny LIKE 'B2B/%')

 UNION

SELECT z.NumerZewnetrzny,
       'delivery',
       w.NumerWewnetrzny_PelnaSygnatura,
       w.DataWydaniaWystawienia,
       CASE WHEN sw.Uniewazniony = 1 THEN 'cancelled' ELSE 'open' END,
       CASE WHEN sz.Zamkniety = 1 THEN 'all' ELSE 'part' END
  FROM ModelDanychContainer.Dokumenty z
  JOIN ModelDanychContainer.Konfiguracje kz ON kz.Id = z.KonfiguracjaId
  JOIN ModelDanychContainer.StatusyDokumentow sz ON sz.Id = z.StatusDokumentuId
  JOIN ModelDanychContainer.PozycjeDokumentu pz ON pz.Dokument_Id = z.Id
  JOIN ModelDanychContainer.RealizacjePozycji r ON r.PozycjaRealizowanaId = pz.Id
  JOIN ModelDanychContainer.PozycjeDokumentu pd ON pd.Id = r.PozycjaRealizujacaId
  JOIN ModelDanychContainer.Dokumenty w ON w.Dokument_DokumentPowiazany_Id = pd.Dokument_Id
  JOIN ModelDanychContainer.Konfiguracje kw ON kw.Id = w.KonfiguracjaId
  JOIN ModelDanychContainer.StatusyDokumentow sw ON sw.Id = w.StatusDokumentuId
 WHERE kz.TypDokumentu = 1
   AND kw.TypDokumentu = 4
   AND w.StatusDokumentuId NOT IN (11, 16, 17, 46, 53)
   AND (z.NumerZewnetrzny LIKE 'S%' OR z.NumerZewnetrzny LIKE 'B2B/%');
