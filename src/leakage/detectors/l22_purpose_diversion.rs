//! L22, purpose diversion (挪用): money is spent on something else than it was given for.
//!
//! A dispatch names another purpose than its allocation's, and the programme's rules do not allow the
//! one to be spent on the other. Judged by the rules in force at the dispatch. Nothing is found of
//! money that never was taken in: reversed, refused or bounced whole. Source: audit of MGNREGA,
//! chapter 5, inadmissible items and diversion; audits of diverted funds (挪用).

use crate::ledger::hop::Hop;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct PurposeDiversion;

impl Detector for PurposeDiversion {
    fn rule(&self) -> Rule {
        Rule::L22
    }

    fn examine(&self, event: &Event<'_>, _at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) => {
                if let Some(conclusion) = conclusion(hop, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            Event::Changed(hop, before) if hop.purpose.is_some() && hop.is_void() && !before.is_void() => {
                found.clear(Subject::Hop(hop.id));
            }
            _ => {}
        }
    }
}

fn conclusion(hop: &Hop, facts: &Facts) -> Option<Conclusion> {
    let purpose = hop.purpose.as_ref()?;
    let (allocation, programme) = facts.money(hop)?;
    let mut of_this = programme.rules.purposes.iter().filter(|rule| rule.of == allocation.purpose);
    if *purpose == allocation.purpose || of_this.any(|rule| rule.to.contains(purpose)) {
        return None;
    }
    let equation = Equation::new("s", &[("s", hop.sent.into())]);
    Some(Conclusion {
        counterparty: None,
        recipient: facts.person(hop),
        ..Conclusion::new(Rule::L22, equation).of_hop(hop, allocation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};
    use crate::ledger::operation::{PurposeRule, Rules};

    fn to(purpose: &'static str) -> With {
        With { purpose: Some(purpose), ..With::default() }
    }

    #[test]
    fn money_for_pensions_that_buys_cars_is_found() {
        let mut world = World::new();
        let hop = world.sent_with("bureau", "county", 900, &to("CARS"));
        let finding = world.only(&PurposeDiversion);
        assert_eq!((finding.amount(), finding.responsible), (900, Some(world.key("bureau"))));
        assert_eq!((finding.purpose.as_deref(), finding.counterparty), (Some("CARS"), None));
        assert_eq!(finding.equation.to_string(), "s = 900 = 900");
        world.reversed("bureau", hop);
        world.none(&PurposeDiversion);
    }

    #[test]
    fn the_own_purpose_and_one_that_the_rules_allow_are_right() {
        let mut world = World::new();
        let allowed = PurposeRule { of: "PENSION".to_owned(), to: vec!["FUNERAL".to_owned()] };
        world.rules(Rules { purposes: vec![allowed], ..Rules::default() });
        world.sent("bureau", "county", 900);
        for purpose in ["PENSION", "FUNERAL"] {
            world.sent_with("county", "r1", 100, &to(purpose));
        }
        world.none(&PurposeDiversion);
    }
}
