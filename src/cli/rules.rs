//! `docs/rules.md`: what is looked for, with every threshold.

use crate::leakage::detectors::ALL;
use crate::leakage::rule::Rule;
use crate::ledger::parameter::Parameter;

/// The page, in Markdown.
pub fn page() -> String {
    let mut page = "# What is looked for\n\n\
        Leakage is an accounting statement before it is a list of alarms: the statement stays what the ledger says, \
        whatever is found. A flag is what a rule concludes from recorded entries. It carries the rule and its version, \
        the money at stake as an equation with its operands, the entries that it rests on, and the party that is \
        responsible, so that anybody can compute it again by hand. Flags may overlap on the same money; classes of the \
        statement never do.\n\n\
        In equations `s` is sent, `r` arrived, `f` deducted, `q` refused or bounced, `x` booked by the bank, `v` \
        confirmed by the recipient; amounts are minor units.\n\n\
        Severity: **A** money is lost, **B** money is at risk, **C** a control was breached, **D** data or evidence is \
        defective. L13, L35 and L41 need parts that are not there yet; a broken chain (L39) is found by \
        `aqueduct verify`.\n\n\
        This page is written by the program: `aqueduct schema --rules > docs/rules.md`.\n\n\
        ## Rules\n\n| Rule | What | When | Severity | Source |\n|---|---|---|---|---|\n"
        .to_owned();
    for rule in Rule::ALL.iter().filter(|rule| ALL.iter().any(|detector| detector.rule() == **rule)) {
        page += &format!(
            "| {} | {} | {} | {} | {} |\n",
            rule.code(),
            rule.title(),
            rule.definition(),
            rule.severity().name(),
            rule.reference()
        );
    }
    page += "\n## Thresholds\n\n\
        A programme sets its own with `programmeRulesSet`, by two officers; they hold from the entry on that sets them. \
        A value out of its range is refused with `THRESHOLD_OUT_OF_RANGE`.\n\n\
        | Threshold | What | Default | Range | Unit |\n|---|---|---|---|---|\n";
    for parameter in Parameter::ALL {
        let (min, max) = parameter.range();
        let (name, text, unit) = (parameter.name(), parameter.text(), parameter.unit());
        page += &format!("| `{name}` | {text} | {} | {min} to {max} | {unit} |\n", parameter.default());
    }
    page
}
