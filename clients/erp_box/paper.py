"""Writes a page of text as a PDF, by hand: a real ERP prints its own."""

import unicodedata

# Helvetica, which every reader has, lacks these; the other accents come off by themselves.
LETTERS = str.maketrans("łŁđĐøØ", "lLdDoO")


def make_pdf(lines):
    """Return a PDF of one page.

    :param list lines: of text; what the font lacks is written plainly
    :rtype: bytes
    """
    text = " T* ".join(f"({_escape(line)}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 16 TL 60 780 Td {text} ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return _put_together(objects)


def _put_together(objects):
    content, places = b"%PDF-1.4\n", []
    for number, value in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return content + head + table + tail % (len(objects) + 1, len(content))


def _escape(line):
    plain = unicodedata.normalize("NFKD", line.translate(LETTERS))
    plain = plain.encode("ascii", "ignore").decode()
    return plain.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
