//! The table: all 35 rules, each with its level, where it stands, and what it says in two languages.

use super::{Level, Rule};

macro_rules! rules {
    ($($name:ident $level:ident $source:literal $zh:literal $en:literal;)+) => {
        $(
            #[doc = $en]
            pub static $name: Rule =
                Rule { id: stringify!($name), level: Level::$level, source: $source, zh: $zh, en: $en };
        )+
        /// Every rule, in the order of their numbers.
        pub static RULES: &[&Rule] = &[$(&$name),+];
    };
}

rules! {
    D1 Refuse "法释〔2013〕20号 第七条；查封扣押冻结规定 第二十八条"
        "只能对本案被执行人采取措施"
        "an act may only be about an obligor of the case";
    D2 Refuse "最高人民法院执行案件立案、结案规定；法释〔2013〕20号 第三条"
        "案件须已立案，每件请求对应一个案号"
        "the case must be filed, and a request is bound to one case number";
    D3 Refuse "法释〔2013〕20号 第三、四条"
        "缺少该措施所需的法律文书"
        "the papers this measure needs are missing";
    D4 Refuse "法释〔2013〕20号 第二条"
        "缺少执行人员或其证件号码"
        "an officer with work and duty numbers is missing";
    D5 Access "法释〔2013〕20号 第七、八条；财产调查规定 第二十五条；财产保全规定 第十二条"
        "查得信息仅用于本案，不得泄露"
        "what is found is for this case alone and must not leak";
    D6 Refuse "财产保全规定 第十一条"
        "保全阶段不得扣划，冻结以保全裁定数额为限"
        "in the preservation stage nothing may be deducted";
    D7 Refuse "财产保全规定 第十五条第三款"
        "冻结、扣划必须写明确切数额"
        "a freeze or deduction states an exact amount above zero";
    D8 Refuse "查封扣押冻结规定 第十九条；民事诉讼法 第二百五十三条"
        "超过申请执行标的额与执行费用之和"
        "the sum would exceed claim and costs";
    D9 Refuse "民事诉讼法解释 第四百八十五条"
        "冻结期限自起日起算不得超过法定上限：存款一年，其他财产权三年；止日不得早于起日和当日"
        "a freeze lasts at most as long as the law allows, counted from its first day: a year for deposits, three for other property rights; its last day is neither before its first nor past";
    D10 Automatic "查封扣押冻结规定 第二十七条"
        "期限届满未续行的，措施效力消灭"
        "a measure that is not renewed in time ends by itself";
    D11 Automatic "民事诉讼法解释 第一百六十八条；财产保全规定 第十七条"
        "保全措施自动转为执行中的措施，期限连续，无需重新裁定"
        "a preservation freeze turns into an enforcement freeze by itself, with the same period and no new ruling";
    D12 Task "财产保全规定 第十八条"
        "保全申请人应在期限届满七日前申请续行"
        "the applicant must ask for renewal at least seven days before a preservation freeze ends";
    D13 Automatic "刑事裁判涉财产部分执行规定 第五条"
        "执行机构承接侦查机关的措施，顺位不变"
        "a freeze taken over from a criminal investigation keeps its rank";
    D14 Automatic "民事诉讼法 第一百零六条；查封扣押冻结规定 第二十六条"
        "不得重复冻结，可以轮候；在先措施解除的，在先轮候自动生效"
        "what is frozen is not frozen twice but queued for, and the first in the queue takes effect by itself";
    D15 Automatic "财产保全规定 第十六条；查封扣押冻结规定 第二十六条"
        "顺位以送达、登记先后为准"
        "rank is the order in which the agency was served or registered";
    D16 Automatic "查封扣押冻结规定 第一条第二款；公司股权执行规定 第六条"
        "措施自裁定、协助执行通知书送达时生效"
        "a measure takes effect when ruling and notice reach the agency";
    D17 Evidence "法释〔2013〕20号 第五条"
        "网络措施与柜面措施效力相同"
        "a measure over the network has the force of one at the counter";
    D18 Task "法释〔2013〕20号 第六条"
        "协助单位书面异议的，法院应在十五日内审查答复"
        "the court answers an agency's written objection within fifteen days";
    D19 Refuse "法释〔2013〕20号 第九条"
        "该协助单位未开通此项网络措施，或当地规则不允许"
        "this partner has not agreed to this kind of act over the network, or the rules in force there do not allow it";
    D20 Refuse "法〔2018〕64号"
        "先冻结后扣划，且只能划入本院执行款专户"
        "freeze first, deduct only what is frozen, and only to the court's listed case-money account";
    D21 Automatic "法〔2015〕321号 第一条"
        "金融资产须可变现并划入关联账户，产品与回款账户一并冻结"
        "only assets that can be sold into a linked account are held, together with that account";
    D22 Warn "查封扣押冻结规定 第三至五条；民事诉讼法 第二百五十四、二百五十五条"
        "应保留被执行人及其所扶养家属的生活必需费用"
        "what the obligor and family need to live must be left to them";
    D23 Refuse "信用证开证保证金规定；独立保函规定 第二十四条"
        "信用证开证保证金、独立保函保证金只能冻结，不得扣划"
        "margin for letters of credit and independent guarantees may be frozen but not deducted";
    D24 Refuse "执行规定 第二十七条；期货和衍生品法 第四十三条；非银行支付机构条例 第二十九条"
        "存款准备金、备付金、期货保证金不得冻结、扣划"
        "reserves, pooled client money and futures margins may be neither frozen nor deducted";
    D25 Warn "银监发〔2014〕53号 第二十一、二十二条"
        "党团费、工会经费、社保基金、军队账户等特殊资金，请先核实能否冻结"
        "party and union funds, social insurance, military and other special accounts: verify before freezing";
    D26 Task "查封扣押冻结规定 第十二条"
        "冻结共有财产的，应及时通知共有人"
        "co-owners of joint property that is frozen must be told";
    D27 Task "查封扣押冻结规定 第二十八条"
        "出现法定情形的，应当解除措施"
        "a measure must be lifted when the law says so: debt paid, outsider's property, creditor withdraws";
    D28 Refuse "企业破产法 第十九条；民事诉讼法解释 第五百一十三条"
        "破产申请已受理，应当中止执行、解除保全"
        "bankruptcy was accepted: enforcement is suspended and preservation lifted";
    D29 Evidence "民事诉讼法 第一百一十七、一百一十八条；民事诉讼法解释 第一百八十九、一百九十二条"
        "协助单位不得以内部规定拖延、拒绝或者通风报信"
        "an agency may not delay, refuse or tip off, whatever its own rules say";
    D30 Evidence "执行规定 第二十六条"
        "擅自解冻的，应追回或者以自有财产赔付"
        "whoever unfreezes alone recovers the money or pays it";
    D31 Evidence "民事诉讼法解释 第五百一十四条"
        "普通债权按照采取措施的先后受偿"
        "ordinary creditors are paid in the order of their measures";
    D32 Refuse "总对总技术规范"
        "姓名、证件类型、证件号码缺一不可且须有效"
        "name, ID type and ID number are all needed and must be valid";
    D33 Automatic "最高人民法院查控数据规范"
        "同一冻结上有未结扣划的，解冻须等待"
        "a release waits for an open deduction on the same freeze";
    D34 Access "财产调查规定 第十二条第三款"
        "申请执行人经法院许可方可查看结果"
        "the applicant sees results only if the court allows it";
    D35 Task "财产调查规定 第一条"
        "网络查控与现场调查均应进行"
        "search over the network and on the spot are both owed";
}
