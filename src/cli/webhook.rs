//! `aqueduct webhook`: receivers that are told of findings.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::leakage::rule::{Rule, Severity};
use crate::service::webhooks::{self, NewWebhook, WebhookError};

use super::Global;
use super::failure::{Failure, Kind};
use super::output::{print, write_secret};
use super::table::printable;

/// Receivers on other machines that are told of findings (flags) as they are raised, change and are
/// resolved.
///
/// A running server delivers: every version of a finding, in order, until the receiver answers with a
/// status of 2xx. Works beside a running server, which notices within a second.
#[derive(Debug, Args)]
pub struct Webhook {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Add(Add),
    List(List),
    Remove(Remove),
    Retry(Retry),
}

/// Adds a receiver and prints its id and, once, the secret that its messages are signed with.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aqueduct webhook add https://audit.example/flags\n  aqueduct webhook add \
                        https://audit.example/flags --severities A,B --rules L01,L15 --secret-file hook.secret")]
struct Add {
    /// Where it listens: an address of http or https.
    #[arg(value_name = "URL")]
    url: String,
    /// Only findings of these rules, such as L01; of all when left out.
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = rule)]
    rules: Vec<Rule>,
    /// Only findings of these severities, A to D; of all when left out.
    #[arg(long, value_name = "SEVERITIES", value_delimiter = ',', value_parser = severity)]
    severities: Vec<Severity>,
    /// Tells it as well what was found before.
    #[arg(long)]
    from_start: bool,
    /// Writes the secret to this new file, readable by its owner only, instead of printing it.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<std::path::PathBuf>,
}

/// Lists the receivers, and whether anything stands in the way of one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aqueduct webhook list\n  aqueduct webhook list --json")]
struct List {
    /// Prints JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Removes a receiver; it is sent nothing more.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aqueduct webhook remove 0193a5b2-7c01-7000-8000-000000000001")]
struct Remove {
    /// Its id.
    #[arg(value_name = "ID")]
    id: Uuid,
}

/// Lets a receiver be tried again at once, also one that answered 410 Gone.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aqueduct webhook retry 0193a5b2-7c01-7000-8000-000000000001")]
struct Retry {
    /// Its id.
    #[arg(value_name = "ID")]
    id: Uuid,
}

impl Webhook {
    /// Does what is asked for.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        match &self.what {
            What::Add(add) => add.run(global).await,
            What::List(list) => list.run(global).await,
            What::Remove(remove) => {
                webhooks::remove(global.options_to_read()?, remove.id).await.map_err(failure)?;
                print(&format!("removed  {}\n", remove.id))
            }
            What::Retry(retry) => {
                webhooks::retry(global.options_to_read()?, retry.id).await.map_err(failure)?;
                print(&format!("tried again  {}\n", retry.id))
            }
        }
    }
}

impl Add {
    async fn run(&self, global: &Global) -> Result<(), Failure> {
        let wanted = NewWebhook {
            url: self.url.clone(),
            rules: self.rules.clone(),
            severities: self.severities.clone(),
            from_start: self.from_start,
        };
        let made = webhooks::add(global.options(false)?, &wanted).await.map_err(failure)?;
        if made.is_private {
            eprintln!("note: only `aqueduct serve --webhooks-to-private-addresses` delivers to this address");
        }
        if self.url.starts_with("http:") {
            eprintln!("note: http is not encrypted: whoever sees the connection can read the findings");
        }
        print(&format!("webhook  {}\n", made.id))?;
        match &self.secret_file {
            Some(path) => write_secret(path, format!("{}\n", made.secret).as_bytes()),
            None => print(&format!("secret   {}   (shown once)\n", made.secret)),
        }
    }
}

impl List {
    async fn run(&self, global: &Global) -> Result<(), Failure> {
        let found = webhooks::list(global.options_to_read()?).await.map_err(failure)?;
        if self.json {
            let all = found.iter().map(|webhook| {
                json!({
                    "id": webhook.id,
                    "url": webhook.url,
                    "rules": webhook.filter.rules,
                    "severities": webhook.filter.severities,
                    "createdAt": webhook.created_at.to_string(),
                    "failures": webhook.failures,
                    "nextAttempt": (webhook.failures > 0).then(|| webhook.next_attempt.to_string()),
                    "lastFailure": webhook.last_failure,
                    "disabledAt": webhook.disabled_at.map(|at| at.to_string()),
                })
            });
            return print(&format!("{:#}\n", Value::Array(all.collect())));
        }
        for webhook in found {
            let state = match (webhook.disabled_at, webhook.failures) {
                (Some(at), _) => format!("disabled since {at}"),
                (None, 0) => "well".to_owned(),
                (None, failures) => format!("failed {failures} times, next attempt {}", webhook.next_attempt),
            };
            print(&format!("{}  {}  {state}\n", webhook.id, printable(&webhook.url)))?;
            if let Some(why) = webhook.last_failure {
                print(&format!("    because {}\n", printable(&why)))?;
            }
        }
        Ok(())
    }
}

fn failure(error: WebhookError) -> Failure {
    match &error {
        WebhookError::NoChain(_) => Failure::of(Kind::Input, &error).way_out("begin with `aqueduct init`"),
        WebhookError::NotAReceiver(_) => {
            Failure::of(Kind::Input, &error).way_out("write it as https://audit.example/flags")
        }
        WebhookError::Absent(_) => Failure::of(Kind::Input, &error).way_out("`aqueduct webhook list` shows all"),
        WebhookError::Unlock(_) => Failure::of(Kind::Input, &error),
        WebhookError::TooMany => Failure::of(Kind::Refused, &error).way_out("remove one first"),
        _ => Failure::of(Kind::Other, &error),
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    Rule::parse(text).ok_or_else(|| "it is not the code of a rule, such as L01".to_owned())
}

fn severity(text: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|severity| severity.name() == text);
    found.ok_or_else(|| "it is not a severity: A, B, C or D".to_owned())
}
