//! `aqueduct report`: where money is and where it was lost, by group.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ledger::money::{Currency, print_decimal_wide};
use crate::ledger::selection::GroupBy;
use crate::ledger::statement::Statement;
use crate::ledger::time::Millis;
use crate::service::reads::{ReadError, ReportGroup};
use crate::service::report::{self, Answered, Question, ReportError};

use super::Global;
use super::failure::{Failure, Kind};
use super::output::{print, print_json};
use super::report_found::{self, harmless};
use super::table::{aligned_rows, printable};

const EXAMPLES: &str = "\
Examples:
  aqueduct report --by programme
  aqueduct report --by area --area-level 2 --programme MGNREGA
  aqueduct report --by party --area RAJASTHAN/ALWAR --format csv > alwar.csv
  aqueduct report --by cycle --as-of 2026-10-01T00:00:00Z --format json
  aqueduct report --show flags --area RAJASTHAN/ALWAR --format csv > flags.csv
  aqueduct report --show peers

Every unit of money is in exactly one group and one class: allocated + surplus = held + in transit
+ overdue + booked + confirmed + deducted + returned + disputed + unaccounted. Hop loss is what
was sent and neither arrived nor was lawfully deducted or sent back. The narrow rate is the share
of judged money that did not end well; it is empty where nothing can be judged. A past report
never changes. It only reads and can run beside a server.";

/// Shows where money is and where it was lost, by group.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Report {
    /// What to show.
    #[arg(long, value_enum, default_value = "groups")]
    show: Show,
    /// How to group.
    #[arg(long, value_enum, default_value = "programme")]
    by: Grouping,
    /// How many names of an area's path are told apart (with --by area).
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    area_level: u32,
    /// Only this programme, by its code.
    #[arg(long, value_name = "CODE")]
    programme: Option<String>,
    /// Only this cycle.
    #[arg(long, value_name = "LABEL")]
    cycle: Option<String>,
    /// Only this purpose.
    #[arg(long, value_name = "CODE")]
    purpose: Option<String>,
    /// Only money that this party is accountable for, by its id.
    #[arg(long, value_name = "ID")]
    party: Option<Uuid>,
    /// Only this area, with everything under it.
    #[arg(long, value_name = "PATH")]
    area: Option<String>,
    /// Only this currency.
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<Currency>,
    /// As it stood at this moment, such as 2026-10-01T00:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    as_of: Option<Millis>,
    /// How to print it.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Grouping {
    Programme,
    Cycle,
    Purpose,
    Party,
    Area,
    HopKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Show {
    /// Where money is and where it was lost, by group.
    Groups,
    /// What was found, each flag with its equation; the newest change first.
    Flags,
    /// Every party beside the others of its level: who loses most per unit of money.
    Peers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns for people; classes that are empty everywhere are left out.
    Table,
    /// With every class, amounts as decimal strings.
    Json,
    /// With every class, for spreadsheets: text that a spreadsheet would calculate is quoted.
    Csv,
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).ok_or_else(|| format!("{text:?} is not an ISO 4217 currency such as INR"))
}

fn moment(text: &str) -> Result<Millis, String> {
    Millis::parse(text).ok_or_else(|| format!("{text:?} is not a moment such as 2026-10-01T00:00:00Z"))
}

impl Report {
    /// Reports.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let answered = report::ask(&global.options_to_read()?.database, &self.question()).await.map_err(failure)?;
        if answered.blocks_behind > 0 {
            let behind = answered.blocks_behind;
            eprintln!("note: the views that this is read from are {behind} blocks behind the chain");
        }
        if self.show != Show::Groups && answered.findings_behind > 0 {
            let behind = answered.findings_behind;
            eprintln!("note: {behind} blocks are not examined yet; a server does that, and so does every import");
        }
        let sheet = match self.show {
            Show::Groups => return self.print_groups(&answered),
            Show::Flags => report_found::flags(&answered),
            Show::Peers => report_found::peers(&answered),
        };
        match self.format {
            Format::Table => print(&sheet.table()),
            Format::Json => print_json(&sheet.json()),
            Format::Csv => print(&sheet.csv()?),
        }
    }

    fn print_groups(&self, answered: &Answered) -> Result<(), Failure> {
        match self.format {
            Format::Table => print(&as_table(answered)),
            Format::Json => print_json(&as_json(answered)),
            Format::Csv => print(&as_csv(answered)?),
        }
    }

    fn question(&self) -> Question {
        Question {
            by: match self.by {
                Grouping::Programme => GroupBy::Programme,
                Grouping::Cycle => GroupBy::Cycle,
                Grouping::Purpose => GroupBy::Purpose,
                Grouping::Party => GroupBy::Party,
                Grouping::Area => GroupBy::Area { level: self.area_level },
                Grouping::HopKind => GroupBy::HopKind,
            },
            programme: self.programme.clone(),
            cycle: self.cycle.clone(),
            purpose: self.purpose.clone(),
            party: self.party,
            area: self.area.clone(),
            currency: self.currency,
            as_of: self.as_of,
            findings: self.show == Show::Flags,
            peers: self.show == Show::Peers,
        }
    }
}

fn failure(error: ReportError) -> Failure {
    match &error {
        ReportError::Nothing(_) => Failure::of(Kind::Input, &error)
            .way_out("name the data directory with --data, or the database with --database"),
        ReportError::UnknownProgramme(_) | ReportError::UnknownParty(_) => Failure::of(Kind::Input, &error),
        ReportError::Read(ReadError::Views(_)) => Failure::of(Kind::Other, &error),
        ReportError::Read(_) => Failure::of(Kind::Input, &error),
        _ => Failure::of(Kind::Other, &error),
    }
}

/// The classes of a statement in the order of the design, with their names in JSON and CSV and
/// in a table's head.
fn classes(statement: &Statement) -> [(&'static str, &'static str, i128); 11] {
    [
        ("allocated", "allocated", statement.allocated),
        ("surplus", "surplus", statement.surplus),
        ("held", "held", statement.held),
        ("inTransit", "in transit", statement.in_transit),
        ("overdue", "overdue", statement.overdue),
        ("booked", "booked", statement.booked),
        ("confirmed", "confirmed", statement.confirmed),
        ("deducted", "deducted", statement.deducted),
        ("returned", "returned", statement.returned),
        ("disputed", "disputed", statement.disputed),
        ("unaccounted", "unaccounted", statement.unaccounted),
    ]
}

/// Underpayment and over-reporting, where every row has its quantities.
fn split(group: &ReportGroup) -> [(&'static str, Option<i128>); 2] {
    let split = group.hops.quantities.split();
    [("underpayment", split.map(|(under, _)| under)), ("overReporting", split.map(|(_, over)| over))]
}

fn rates(group: &ReportGroup) -> [(&'static str, Option<String>); 3] {
    [("narrowRate", group.narrow_rate), ("broadRate", group.broad_rate), ("coverage", group.coverage)]
        .map(|(name, rate)| (name, rate.map(|rate| rate.to_string())))
}

fn as_json(answered: &Answered) -> Value {
    let report = &answered.report;
    let group = |group: &ReportGroup| {
        let amount = |minor: i128| Value::from(print_decimal_wide(minor, group.currency));
        let statement: serde_json::Map<String, Value> =
            classes(&group.statement).into_iter().map(|(name, _, minor)| (name.to_owned(), amount(minor))).collect();
        let mut value = json!({
            "key": group.key_text,
            "label": group.label,
            "currency": group.currency.code(),
            "statement": statement,
            "hopLoss": amount(group.hops.loss),
        });
        for (name, minor) in split(group) {
            value[name] = minor.map_or(Value::Null, amount);
        }
        for (name, rate) in rates(group) {
            value[name] = rate.into();
        }
        value["entitled"] = group.entitled.map(amount).into();
        value["interval"] = match group.interval {
            Some((low, high)) => json!({ "low": low.to_string(), "high": high.to_string() }),
            None => Value::Null,
        };
        value
    };
    json!({
        "asOf": report.moment.at.to_string(),
        "height": report.moment.height,
        "blocksBehind": answered.blocks_behind,
        "total": report.total.as_ref().map(group),
        "groups": report.groups.iter().map(group).collect::<Vec<_>>(),
    })
}

fn as_csv(answered: &Answered) -> Result<String, Failure> {
    let failed = |why: csv::Error| Failure::other("the table cannot be written").because(&why);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = classes(&Statement::default()).map(|(name, _, _)| name);
    let head = ["key", "label", "currency"].into_iter().chain(names);
    let head = head.chain(["hopLoss", "underpayment", "overReporting", "narrowRate", "broadRate", "coverage"]);
    let head = head.chain(["entitled", "intervalLow", "intervalHigh"]);
    writer.write_record(head).map_err(failed)?;
    for group in &answered.report.groups {
        let amount = |minor: i128| print_decimal_wide(minor, group.currency);
        let mut row = vec![harmless(&group.key_text), harmless(&group.label), group.currency.code().to_owned()];
        row.extend(classes(&group.statement).map(|(_, _, minor)| amount(minor)));
        row.push(amount(group.hops.loss));
        row.extend(split(group).map(|(_, minor)| minor.map(amount).unwrap_or_default()));
        row.extend(rates(group).map(|(_, rate)| rate.unwrap_or_default()));
        row.push(group.entitled.map(amount).unwrap_or_default());
        let (low, high) = group.interval.map_or(Default::default(), |(low, high)| (low.to_string(), high.to_string()));
        row.extend([low, high]);
        writer.write_record(&row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|why| Failure::other("the table cannot be written").because(&why))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn as_table(answered: &Answered) -> String {
    let report = &answered.report;
    let groups: Vec<&ReportGroup> = report.groups.iter().chain(&report.total).collect();
    let mut text = format!("As of {}, block {}\n\n", report.moment.at, report.moment.height);
    if report.groups.is_empty() {
        return text + "There is no such money.\n";
    }
    // A class that is empty everywhere only takes room.
    let is_shown = |at: usize| at == 0 || groups.iter().any(|group| classes(&group.statement)[at].2 != 0);
    let shown: Vec<usize> = (0..classes(&Statement::default()).len()).filter(|at| is_shown(*at)).collect();
    let names = classes(&Statement::default());
    let mut head: Vec<String> = vec!["".to_owned(), "".to_owned()];
    head.extend(shown.iter().map(|at| names[*at].1.to_owned()));
    head.extend(["hop loss", "narrow rate", "coverage"].map(str::to_owned));
    let mut lines = vec![head];
    for group in groups {
        let classes = classes(&group.statement);
        let rate = |rate: Option<String>| rate.unwrap_or_default();
        let [narrow, _, coverage] = rates(group).map(|(_, value)| rate(value));
        let label = if group.label.is_empty() { "(none)" } else { &group.label };
        let mut line = vec![printable(label), group.currency.code().to_owned()];
        line.extend(shown.iter().map(|at| print_decimal_wide(classes[*at].2, group.currency)));
        line.extend([print_decimal_wide(group.hops.loss, group.currency), narrow, coverage]);
        lines.push(line);
    }
    text.push_str(&aligned_rows(&lines, 2));
    if report.total.is_none() {
        text.push_str("\nNo total: the money is in several currencies.\n");
    }
    text
}
