//! How the world begins: programmes with what is looked for in them, money appropriated, and what the
//! registry knows of everybody.

use crate::ledger::note::Particular;
use crate::ledger::operation::*;

use super::cast::{REGISTRAR, TREASURY};
use super::flow::FEE;
use super::honest::{FOOD, PENSION, THRESHOLD, WORKS, World, particular};
use super::plan::{inr, minor, moment};

impl World {
    /// Programmes are defined, and money is appropriated to them.
    pub fn founding(&mut self) {
        let begins = self.plan.calendar.begins();
        let fee = |code: &str| ScheduledDeduction {
            cap_amount: Some(minor(FEE)),
            cap_millionths: None,
            code: code.to_owned(),
        };
        for code in [PENSION, FOOD, WORKS] {
            let body = ProgrammeDefine {
                allowed_days: AllowedDays { delivery: 5, recovery: 5, giving_back: 5, transfer: 3 },
                code: code.to_owned(),
                currency: inr(),
                deductions: vec![fee("FEE"), fee("HANDLING")],
                label: code.to_lowercase(),
                utc_offset_minutes: 0,
            };
            self.plan.plain(moment(begins, 9), TREASURY, Operation::ProgrammeDefine(body));
            let body = RulesSet { programme: code.to_owned(), rules: rules(code) };
            self.plan.plain(moment(begins, 10), TREASURY, Operation::RulesSet(body));
            for cycle in 0..self.plan.calendar.cycles {
                let body = BudgetAppropriate {
                    amount: minor(1_000_000_000_000),
                    currency: inr(),
                    cycle: self.plan.calendar.cycle(cycle),
                    programme: code.to_owned(),
                };
                self.plan.plain(moment(begins, 11), TREASURY, Operation::BudgetAppropriate(body));
            }
        }
    }

    /// The registry says what it knows of everybody.
    pub fn registry(&mut self) {
        let at = moment(self.plan.calendar.begins(), 12);
        let mut lines = Vec::new();
        for person in &self.people {
            let id = self.plan.id(person.who);
            lines.push(particular(id, Particular::Identity(person.identity), None));
            lines.push(particular(id, Particular::Account(person.account), None));
            lines.push(particular(id, Particular::Household(person.household), None));
            lines.extend(person.collector.map(|digest| particular(id, Particular::Collector(digest), None)));
        }
        for lines in lines.chunks(8_000) {
            let operation = Operation::RecipientRecord(RecipientRecord {}, lines.to_vec());
            self.plan.plain(at, REGISTRAR, operation);
        }
    }
}

/// What is looked for in a programme.
fn rules(code: &str) -> Rules {
    let set = |list: &[(&str, i64)]| -> Vec<Threshold> {
        list.iter().map(|(name, value)| Threshold { name: (*name).to_owned(), value: *value }).collect()
    };
    let step = |from: &str, to: &[&str]| RouteStep {
        from: from.to_owned(),
        to: to.iter().map(|level| (*level).to_owned()).collect(),
    };
    let route = vec![
        step("treasury", &["bureau"]),
        step("bureau", &["county"]),
        step("county", &["town", "RECIPIENT"]),
        step("town", &["town", "RECIPIENT"]),
    ];
    let agents = [("L26.recipients", 8), ("L26.count", 10)];
    match code {
        PENSION => Rules {
            exclusive: vec![FOOD.to_owned()],
            purposes: vec![PurposeRule { of: "GRANT".to_owned(), to: vec!["MEDICINE".to_owned()] }],
            route,
            thresholds: set(&[agents[0], agents[1], ("L21.hops", 4)]),
        },
        FOOD => Rules {
            exclusive: vec![PENSION.to_owned()],
            route,
            thresholds: set(&[("L11.members", 2)]),
            ..Rules::default()
        },
        _ => Rules {
            thresholds: set(&[
                ("approval.threshold", THRESHOLD),
                ("L25.count", 20),
                ("L37.days", 30),
                ("L40.hops", 12),
            ]),
            ..Rules::default()
        },
    }
}
