//! What every code means and what to do about it: the part of `docs/codes.md` that is about
//! GraphQL. Meanings stand beside the codes themselves; here is the way out of each.

use async_graphql::resolver_utils::EnumType as _;

use super::error::CODES;
use super::mutation::refusal_code::RefusalCode;
use super::schema;

/// A code with what it means and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The stable code.
    pub code: &'static str,
    /// What it means.
    pub meaning: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// The codes of `userErrors`, in the order of the ledger's rules.
pub fn refusals() -> Vec<Described> {
    let sdl = schema::sdl();
    let described = |name: &'static str| Described { code: name, meaning: meaning(&sdl, name), advice: advice(name) };
    RefusalCode::items().iter().map(|item| described(item.name)).collect()
}

/// The codes of top-level errors.
pub fn errors() -> Vec<Described> {
    let described = |(code, meaning): &(&'static str, &str)| Described {
        code,
        meaning: (*meaning).to_owned(),
        advice: advice(code),
    };
    CODES.iter().map(described).collect()
}

/// The description of a value of `RefusalCode`, as the schema has it.
fn meaning(sdl: &str, name: &str) -> String {
    let values = sdl.split_once("\nenum RefusalCode {\n").map_or("", |(_, rest)| rest);
    let values = values.split_once("\n}").map_or("", |(values, _)| values);
    let mut description: Vec<&str> = Vec::new();
    for line in values.lines().map(str::trim) {
        match line {
            "\"\"\"" => {}
            value if value == name => break,
            // A value of one word ends what was said of it.
            value if RefusalCode::parse(value).is_some() => description.clear(),
            text => description.push(text),
        }
    }
    description.join(" ")
}

fn advice(code: &str) -> &'static str {
    ADVICE.iter().find(|(known, _)| *known == code).map_or("", |(_, advice)| advice)
}

const ADVICE: &[(&str, &str)] = &[
    ("MALFORMED", "Correct the input as the message says, and state it under a new operation id."),
    (
        "OPERATION_ID_REUSED",
        "Make a new UUIDv7 for each thing you state; keep the old id only for retries of the same.",
    ),
    ("EXPIRED", "State it again under a new operation id; sign sooner."),
    ("ISSUED_AHEAD", "Set the clock of the machine that makes operation ids."),
    ("OCCURRED_AHEAD", "State when it happened, not when it will."),
    ("UNKNOWN_PARTY", "Have the registrar register the party first (`partyRegister`)."),
    ("UNKNOWN_KEY", "Have the registrar register the key first (`keyRegister`)."),
    ("REVOKED_KEY", "Sign with a key that is valid; have a new one registered."),
    ("FOREIGN_KEY", "Sign with a key of an officer of the party that speaks."),
    ("SIGNATURE_COUNT", "Send exactly the signatures that `operationDraft` names in `requirement`."),
    ("SAME_OFFICER", "Have another officer give the second signature."),
    ("ROLE_MISSING", "Have it stated by an officer with the role that the message names."),
    ("PARTY_KIND_WRONG", "Have it stated by a party of the kind that the message names."),
    ("UNKNOWN_RECEIVER", "Look the party up (`parties`), or have it registered."),
    ("UNKNOWN_PROGRAMME", "Look the programme up (`programmes`), or define it (`programmeDefine`)."),
    ("UNKNOWN_CYCLE", "Appropriate money to the cycle first (`budgetAppropriate`)."),
    ("UNKNOWN_REFERENCE", "Look up what you mean; name it by its id or by its own `reference`."),
    ("ALREADY_REGISTERED", "Nothing: it is there. Look it up and use it."),
    ("WRONG_CURRENCY", "State the amount in the currency of the programme."),
    ("NOT_YOURS", "Have it stated by the party whose money, hop or operation it is."),
    ("TO_ITSELF", "Name another receiver; to divide money use `tokenSplit`."),
    ("NOT_THE_PROVIDER", "Evidence comes from the payment provider that the hop names (`via`)."),
    ("NOT_UPSTREAM", "Return the money to who sent it, or to the treasury that allocated it."),
    ("WRONG_HOP_KIND", "Look at `Hop.kind`; another mutation answers for such a hop."),
    ("WRONG_ANSWER", "A recipient confirms or disputes; everybody else acknowledges or refuses."),
    ("WRONG_HOP_STATE", "Read the hop again (`Hop.state`) and state what still fits."),
    ("WRONG_TOKEN_STATE", "Read the token again (`Token.state`) and state what still fits."),
    ("WRONG_DIRECTION", "Use `receiptDispute` for a lower word and `receiptConfirm` for a higher one."),
    ("NOTHING_NEW", "Nothing: the same figure is recorded."),
    ("LOWER_THAN_BEFORE", "Take the slip back (`entryReverse`), then state the right total."),
    ("BELOW_RETURNED", "State at least what was sent back from it."),
    ("NOT_OVERDUE", "Wait until `Hop.due` has passed."),
    ("NOT_REVERSIBLE", "State a new fact instead, such as a return; the message says why."),
    ("PARTY_TO_THE_HOP", "Have somebody decide who neither sent nor received the money."),
    ("NOTHING_DISPUTED", "Nothing: there is no dispute on the hop, or it was decided."),
    ("THRESHOLD_OUT_OF_RANGE", "Set a value within the range that the message names, or leave the threshold out."),
    ("CASE_OPEN", "Go on with the case that is open (`cases`)."),
    ("WRONG_CASE_STATE", "Read the case again (`Case.state`): it may be over, or has to be traced first."),
    ("PARTY_TO_THE_CASE", "Have it stated by officers who have no key of a party in `Case.parties`."),
    ("BAD_DEADLINE", "Name a moment in the future, at most two years away."),
    ("ABOVE_THE_LOSS", "State at most what is left of the loss; the message says all three amounts."),
    ("ROW_REPEATED", "Leave the row out: an earlier import has it."),
    ("TOKEN_SPENT", "Read what became of it (`Token.children`) and use what is unspent."),
    ("UNFUNDED", "State at most what there is; the message says both amounts."),
    ("SUM_DIFFERS", "Make the parts add up to the token."),
    ("TOTAL_TOO_LARGE", "Nothing can be added in this currency on this chain."),
    ("BAD_OPERATION_ID", "Make a UUIDv7; in an envelope it is the id of the signed payload."),
    ("BAD_LIST", "Send the lines exactly as `operationDraft` gave them."),
    ("BAD_LINES", "Correct the lines that `field` names; nothing was recorded of any."),
    ("BAD_SIGNATURE", "Sign `signingBytes` of the draft, not the payload alone, with the key that `keyid` names."),
    ("WRONG_CHAIN", "Draft the operation anew at this server; see `log.chainId`."),
    ("UNKNOWN_KIND", "Use a kind and version that this server's `operationDraft` gives."),
    ("NO_KEY_HERE", "Draft it (`operationDraft`), sign it yourself and send it (`operationSubmit`)."),
    ("NOT_WAITING", "Look up what became of it (`operation`)."),
    ("BAD_ID", "Pass an id with the prefix that the field asks for."),
    ("EXACTLY_ONE", "Give exactly one of the fields that the message names."),
    ("AMOUNT_NOT_A_NUMBER", "Write the amount with digits and a point, such as `1250.50`."),
    ("AMOUNT_NEGATIVE", "Write the amount without a sign."),
    ("AMOUNT_ZERO", "State an amount above zero."),
    ("AMOUNT_TOO_MANY_DECIMALS", "Round the amount to the decimals of its currency."),
    ("AMOUNT_TOO_LARGE", "State it in several operations, or check the figure."),
    ("BAD_REQUEST", "Correct the request as the message says."),
    ("NOT_FOUND", "GraphQL is at `/graphql`, subscriptions at `/graphql/ws`."),
    ("METHOD_NOT_ALLOWED", "Send mutations by POST, and use a method that `Allow` names."),
    ("NOT_ACCEPTABLE", "Accept `application/graphql-response+json` or `application/json`."),
    ("UNSUPPORTED_MEDIA_TYPE", "Send JSON in UTF-8 as `Content-Type: application/json`."),
    ("PAYLOAD_TOO_LARGE", "Send a long list in parts, each an operation of its own."),
    ("REQUEST_TIMEOUT", "Send the request again, and whole."),
    ("BATCH_NOT_SUPPORTED", "Send the requests one by one, or ask for several fields in one document."),
    ("BAD_USER_INPUT", "Correct the value that the message names."),
    ("UNAUTHENTICATED", "Send a valid login: `Authorization: Bearer TOKEN`, or `token` in `connection_init`."),
    ("FORBIDDEN", "Use a login that may do it; of a page, have its origin allowed by who runs the server."),
    ("GRAPHQL_PARSE_FAILED", "Correct the document at the place that `locations` names."),
    ("GRAPHQL_VALIDATION_FAILED", "Check the document against the schema at `/schema.graphql`."),
    ("QUERY_TOO_COMPLEX", "Ask for less at once: smaller pages, fewer levels, several requests."),
    ("ANSWER_TOO_LARGE", "Ask for shorter pages, or for the lines of fewer entries at a time."),
    ("DOCUMENT_NOT_TRUSTED", "Have the document put on the server's list, or send one that is on it."),
    ("PERSISTED_QUERY_NOT_FOUND", "Send a hash that is on the server's list."),
    ("PERSISTED_QUERY_NOT_SUPPORTED", "Send the text of the document."),
    ("RATE_LIMITED", "Wait as long as `retryAfterMs` says; send less at once."),
    ("TOO_MANY_STREAMS", "Complete a subscription, or follow more in one with a wider filter."),
    ("OVERLOADED", "Wait as long as `retryAfterMs` says, then send the same operation id again."),
    ("STOPPING", "Send the same operation id again once the server is back."),
    ("CLOCK_SUSPECT", "Tell who runs the server: its clock jumped. Then send the same operation id again."),
    ("STORE_UNAVAILABLE", "Send the same request, with the same operation id, again."),
    ("KEYRING_UNAVAILABLE", "Tell who runs the server, or sign with a key of your own."),
    ("VIEWS_BEHIND", "Ask again in a moment; the header `Aqueduct-Views` says how far the views are."),
    ("MIXED_CURRENCIES", "Name one currency in the filter."),
    ("AS_OF_IN_THE_FUTURE", "Leave `asOf` out, or ask for a moment that has passed."),
    ("AS_OF_BEFORE_THE_CHAIN", "Ask for a moment after the chain's first block."),
    ("NO_PROOF", "Ask within the log: see `log.head.entries`."),
    ("NO_CHECKPOINT", "Tell who runs the server: it signed a larger log before, or cannot read its store."),
    ("INTERNAL_SERVER_ERROR", "Tell who runs the server the request's id, `X-Request-Id`."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_meaning_and_a_way_out() {
        let all: Vec<Described> = refusals().into_iter().chain(errors()).collect();
        for of in &all {
            assert!(!of.meaning.is_empty() && of.meaning.ends_with(['.', ')']), "{}: {:?}", of.code, of.meaning);
            assert!(of.advice.ends_with('.'), "{} has no way out", of.code);
        }
        for (code, _) in ADVICE {
            assert!(all.iter().any(|of| of.code == *code), "{code} is no code");
        }
        let spent = refusals().into_iter().find(|of| of.code == "TOKEN_SPENT").unwrap();
        assert_eq!(spent.meaning, "The token was spent before.");
    }
}
