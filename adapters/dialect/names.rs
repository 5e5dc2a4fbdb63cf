//! Names of the form that a dialect may spell otherwise.

/// Elements that may be named otherwise.
#[rustfmt::skip]
pub(super) const ELEMENTS: &[&str] = &[
    "cxqqList", "cxqq", "kzqqList", "kzqq", "kzzhlist", "kzzh", "wsinfoList", "wsinfo",
    "zjinfoList", "zjinfo", "result", "cxjglist", "htjglist", "jg", "zhxxList", "zhxx",
    "kzxxList", "kzxx", "htxxList", "htxx", "wlxxList", "wlxx", "hzxxList", "hzxx",
    "djxx", "qlxx", "glxx", "fjxx", "bdhm", "condition", "BDCCXQQLIST", "BDCCXQQ",
    "BDCKZQQLIST", "BDCKZQQ", "BDCQLLIST", "BDCQL", "GHDXLIST", "GHDX", "BDCCXJG", "BDCKZJG",
    "KZXX", "HZXX", "CFDJ", "DYAQ", "YGDJ", "HTXX", "WSINFOLIST", "WSINFO",
    "ZJINFOLIST", "ZJINFO", "JGLIST", "JG", "jrxxList", "jrxx", "JYXXList", "BXGXXList",
    "POSXXList", "WYRZXXList", "ZDJJXXList",
];

/// Fields that may be named otherwise.
#[rustfmt::skip]
pub(super) const FIELDS: &[&str] = &[
    "AH", "BDBZZQSE", "BDCDJZMH", "BDCDYH", "BDCQLLX", "BDCQZH", "BDHM", "BDSJH", "BEIZ", "BZ",
    "CBR", "CCLB", "CCXH", "CESKJE", "CFDJ", "CFJG", "CFJSSJ", "CFLX", "CFQSSJ", "CFWH",
    "CFYWH", "CKH", "CKJSSJ", "CKKSSJ", "CKWH", "CLR", "CPXSZL", "CSJSRQ", "CSKSRQ", "CSXH",
    "CXQQDH", "DJJE", "DJJG", "DJJZRQ", "DJKSSJ", "DJWH", "DJXE", "DJXH", "DQH", "DSRZJHM",
    "DWDZ", "DWLXR", "DWMC", "DXMC", "DXSFZHM", "DXXH", "DXXM", "DXZJLX", "DYBDCLX", "DYFS",
    "DYQR", "DYR", "FIFTEENZJH", "FJXX", "FJXXNR", "FKSJ", "FYDM", "FYMC", "FZJG", "GJ",
    "GLXH", "GLZHHM", "GLZHLB", "GLZJZH", "GWZ", "GWZBH", "GWZBM", "GWZWJGS", "GZZ", "GZZBH",
    "GZZBM", "GZZWJGS", "JE", "JLDW", "JRCPBH", "JSRQ", "JYDSYHHH", "JYDSZJHM", "JYDSZJLX", "JYLSH",
    "JYSJ", "JYZL", "KH", "KHH", "KHRQ", "KHWD", "KHWDDM", "KHZH", "KLB", "KSRQ",
    "KYSE", "KYYE", "KZCS", "KZLX", "KZNR", "KZQQDH", "KZZT", "LB", "LCZH", "LXDH",
    "LXFS", "LXRZJHM", "MC", "MD5", "MESSAGE", "MSG", "QLJE", "QLLX", "QLR", "QLRDZ",
    "QLRLXFS", "RESULT", "SE", "SFBDJ", "SFBFYDJ", "SFJH", "SFYWJQDK", "SHR", "SKJE", "SLDQ",
    "SYR", "TGR", "TGZH", "TXDZ", "WJLX", "WJMC", "WLXH", "WNKZYY", "WSBH", "WSLB",
    "WSNR", "XCHTBZ", "XCHTDH", "XCHTR", "XCHTYY", "XH", "XHRQ", "XM", "XZ", "XZXCRQ",
    "YCFYWH", "YDJAH", "YDJDH", "YE", "YHDH", "YJCE", "YWH", "YZBM", "ZCDWJG", "ZCGLR",
    "ZCJYXZ", "ZCKFJY", "ZCKZH", "ZCKZHKHH", "ZCKZXM", "ZCLX", "ZCMC", "ZCSJ", "ZCSJHM", "ZCXH",
    "ZCZJE", "ZCZJHM", "ZCZJLX", "ZHZT", "ZJH", "ZJHKZH", "ZJLX", "ZJMC", "ZJZL", "ZKHZH",
    "ZL", "ZT", "ZWLXJSSJ", "ZWLXQSSJ", "ZXKZHHM", "ZXKZHKHH", "ZXKZHKHHHH", "ZXKZHLX", "ZXKZHZH", "ZYQR",
    "condition", "password", "username",
];
