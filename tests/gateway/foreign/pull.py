"""Drives the partner faces with zeep, from their descriptions and nothing else: lists, papers, credentials, feedback, hand-back.

Reads {"faces": [{"url", "kind", "username", "password", "charset", "operations": {...}}]} on standard input; prints what came back.
"""

import base64
import hashlib
import json
import sys
import xml.etree.ElementTree as tree

from zeep import Client


class Face:
    def __init__(self, told):
        self.told, self.charset = told, told["charset"]
        self.elements = told["kind"] == "registry"
        self.client = Client(told["url"] + "?wsdl")

    def cover(self, text):
        return base64.b64encode(text.encode(self.charset)).decode()

    def open(self, text):
        return base64.b64decode(text or "").decode(self.charset)

    def part(self, name, fields, inside=""):
        if self.elements:
            rows = "".join(f"<{key}>{self.cover(value)}</{key}>" for key, value in fields.items())
            return f"<{name}>{rows}{inside}</{name}>"
        rows = "".join(f' {key}="{self.cover(value)}"' for key, value in fields.items())
        return f"<{name}{rows}>{inside}</{name}>"

    def marker(self):
        told = self.told
        if self.elements:
            condition = self.part("CONDITION", {"USERNAME": told["username"], "PASSWORD": told["password"]})
            return self.cover(f"<USERMARKER>{condition}</USERMARKER>")
        return self.cover(
            f'<usermarker>{self.part("condition", {"username": told["username"], "password": told["password"]})}</usermarker>'
        )

    def call(self, purpose, inner=None):
        operation = getattr(self.client.service, self.told["operations"][purpose])
        arguments = [self.marker()] + ([self.cover(inner)] if inner is not None else [])
        return tree.fromstring(self.open(operation(*arguments)))

    def field(self, element, name):
        if self.elements:
            return self.open(element.findtext(name))
        return self.open(element.get(name))

    def file(self, element, name):
        return base64.b64decode((element.findtext(name) if self.elements else element.get(name)) or "")


def papers_of(face, purpose, key, field):
    condition = face.part("CONDITION" if face.elements else "condition", {field: key})
    root = face.call(purpose, f"<wsbhinfo>{condition}</wsbhinfo>")
    rows = list(root.iter("WSINFO" if face.elements else "wsinfo"))
    for row in rows:
        assert hashlib.md5(face.file(row, "WSNR")).hexdigest() == face.field(row, "MD5")
    return len(rows)


def verdicts(face, root):
    rows = root.iter("JG" if face.elements else "jg")
    return [[face.field(row, "RESULT"), face.field(row, "MSG")] for row in rows]


def run(told):
    face = Face(told)
    number = "CXQQDH" if face.elements else "BDHM"
    seen = {}
    queries = list(face.call("list_queries").iter("BDCCXQQ" if face.elements else "cxqq"))
    seen["queries"] = [[face.field(row, "XM"), face.field(row, "ZJH" if face.elements else "DSRZJHM")] for row in queries]
    slip = face.field(queries[0], number)
    seen["query_papers"] = papers_of(face, "query_papers", face.field(queries[0], "WSBH"), "WSBH")
    scans = list(face.call("credentials", f'<bdhminfo>{face.part("CONDITION" if face.elements else "condition", {number: slip})}</bdhminfo>').iter("ZJINFO" if face.elements else "zjinfo"))
    seen["scans"] = [len(face.file(row, "GZZ")) > 0 for row in scans]
    if face.elements:
        row = face.part("FDCQ", {"BDCDYH": "U-1", "BDCQZH": "T-1", "ZL": "某处"})
        answer = f'<Message><Head/><Data>{face.part("BDCCXJG", {"CXQQDH": slip, "RESULT": "0000"}, row)}</Data></Message>'
        unknown = answer.replace(face.cover(slip), face.cover("A20201120E0100000001"))
    else:
        row = face.part("zhxx", {"BDHM": slip, "CCXH": "1", "KHZH": "6222-1", "YE": "12.5000", "KYYE": "12.50", "BZ": "人民币"})
        answer = f"<zhxxList>{row}</zhxxList>"
        unknown = answer.replace(face.cover(slip), face.cover("A20201120E0100000001"))
    seen["unknown"] = verdicts(face, face.call("feed_queries", unknown))
    seen["fed"] = verdicts(face, face.call("feed_queries", answer))
    controls = list(face.call("list_controls").iter("BDCKZQQ" if face.elements else "kzqq"))
    lines = [row for control in controls for row in control.iter("BDCQL" if face.elements else "kzzh")]
    seen["measures"] = [face.field(row, "KZCS") for row in lines]
    control = face.field(controls[0], number)
    seen["control_papers"] = papers_of(face, "control_papers", control, number)
    row = face.part("HTXX" if face.elements else "htxx", {number: control, "XCHTYY": "无证件信息", "XCHTR": "经办"})
    back = f"<Message><Head/><Data>{row}</Data></Message>" if face.elements else f"<htxxlist>{row}</htxxlist>"
    seen["handed_back"] = verdicts(face, face.call("hand_back", back))
    seen["left"] = len(list(face.call("list_queries").iter("BDCCXQQ" if face.elements else "cxqq")))
    return seen


print(json.dumps([run(told) for told in json.load(sys.stdin)["faces"]]))
