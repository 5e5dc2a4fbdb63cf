"""Reads a printed sheet: {"path": …} comes in; its pages and its text without blanks go out."""
import json
import sys

from pypdf import PdfReader

pages = PdfReader(json.load(sys.stdin)["path"]).pages
text = "".join("".join(page.extract_text() for page in pages).split())
print(json.dumps({"pages": len(pages), "text": text}))
