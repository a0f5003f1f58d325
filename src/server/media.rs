//! Media types of the GraphQL endpoint: what it takes, and which of two it answers in.

use poem::http::StatusCode;

/// What an answer is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`: the status says whether the request was executed.
    Response,
    /// `application/json`: any well-formed request is answered with status 200, because a
    /// proxy's error could look the same. Also for clients that do not say what they accept.
    #[default]
    Json,
}

impl Media {
    /// The answer's `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Response => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// The status of an answer to a well-formed request that was not executed (GraphQL over
    /// HTTP, section 6.4).
    pub fn not_executed(self) -> StatusCode {
        match self {
            Self::Response => StatusCode::BAD_REQUEST,
            Self::Json => StatusCode::OK,
        }
    }

    /// The best that `Accept` allows (RFC 9110, section 12.5.1); none when it allows neither. Of
    /// two as good, the one that is named beats the one that a wildcard stands for, and then the
    /// media type of GraphQL beats the general one.
    pub fn accepted(accept: Option<&str>) -> Option<Self> {
        // An empty header names nothing, as no header does.
        let accept = accept.unwrap_or_default();
        if accept.split(',').all(|range| range.trim().is_empty()) {
            return Some(Self::default());
        }
        let ranges: Vec<Range> = accept.split(',').filter_map(Range::read).collect();
        let quality = |name: &str| {
            let fitting = ranges.iter().filter(|range| range.fits(name));
            fitting.max_by_key(|range| range.precision).map(|range| (range.quality, range.precision))
        };
        let (response, json) = (quality("application/graphql-response+json"), quality("application/json"));
        let allowed = |found: Option<(u16, u8)>| found.filter(|(quality, _)| *quality > 0);
        match (allowed(response), allowed(json)) {
            (None, None) => None,
            (Some(_), None) => Some(Self::Response),
            (None, Some(_)) => Some(Self::Json),
            // Only wildcards: what every client of any age can read.
            (Some((one, precision)), Some((other, _))) if one == other && precision < EXACT => Some(Self::Json),
            (Some(response), Some(json)) if response >= json => Some(Self::Response),
            (Some(_), Some(_)) => Some(Self::Json),
        }
    }
}

/// The precision of a media type named in full.
const EXACT: u8 = 2;

/// One entry of `Accept`.
struct Range {
    kind: String,
    /// 0 for `*/*`, 1 for `application/*`, 2 for a media type.
    precision: u8,
    /// In thousandths.
    quality: u16,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next()?.to_ascii_lowercase();
        let mut quality = 1_000;
        for parameter in parts {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("q") {
                quality = read_quality(value)?;
            } else if name.eq_ignore_ascii_case("charset") && !is_utf8(value) {
                return None;
            }
        }
        let precision = match kind.as_str() {
            "*/*" => 0,
            kind if kind.ends_with("/*") => 1,
            _ => EXACT,
        };
        Some(Self { kind, precision, quality })
    }

    fn fits(&self, name: &str) -> bool {
        match self.precision {
            0 => true,
            1 => name.starts_with(self.kind.trim_end_matches('*')),
            _ => self.kind == name,
        }
    }
}

/// `0` to `1` with up to three decimals, in thousandths.
fn read_quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// Whether a body of this `Content-Type` is taken: JSON in UTF-8.
pub fn is_json(content_type: Option<&str>) -> bool {
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                is_utf8(value.trim().trim_matches('"'))
            }
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_written_in_what_the_client_likes_best() {
        let cases = [
            (None, Some(Media::Json)),
            (Some("*/*"), Some(Media::Json)),
            (Some("application/*"), Some(Media::Json)),
            (Some("application/json"), Some(Media::Json)),
            (Some("APPLICATION/GraphQL-Response+JSON"), Some(Media::Response)),
            (
                Some("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8"),
                Some(Media::Response),
            ),
            (Some("application/json, application/graphql-response+json"), Some(Media::Response)),
            (Some("application/graphql-response+json;q=0.5, application/json;q=0.9"), Some(Media::Json)),
            (Some("application/graphql-response+json;q=0, */*"), Some(Media::Json)),
            (Some("application/json;q=0, */*"), Some(Media::Response)),
            (Some("application/graphql-response+json, */*;q=0.1"), Some(Media::Response)),
            (Some("text/html, application/graphql-response+json;q=0.1"), Some(Media::Response)),
            (Some("application/json, */*"), Some(Media::Json)),
            (Some("application/graphql-response+json, */*"), Some(Media::Response)),
            (Some("application/json; charset=iso-8859-1"), None),
            (Some("text/html"), None),
            (Some("*/*;q=0"), None),
            (Some("application/json;q=2"), None),
            (Some(""), Some(Media::Json)),
            (Some(" , "), Some(Media::Json)),
        ];
        for (accept, expected) in cases {
            assert_eq!(Media::accepted(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        for taken in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\"; x=y"]
        {
            assert!(is_json(Some(taken)), "{taken}");
        }
        for refused in
            ["", "text/plain", "application/json; charset=latin1", "application/jsonp", "application/graphql"]
        {
            assert!(!is_json(Some(refused)), "{refused}");
        }
        assert!(!is_json(None));
    }
}
