//! Equations: an amount is computed from named operands, and only so, that whoever reads a finding
//! can compute it again.
//!
//! The text has names, whole numbers, `+`, `-`, `*`, brackets, `max(a, b)` and `min(a, b)`.

use serde::{Deserialize, Serialize};

/// An equation with its operands. Printed `s - r - f - q = 900 - 880 - 5 - 0 = 15`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Equation {
    /// Its text, such as `s - r - f - q`.
    pub text: String,
    /// The operands, in order of first use; of money in minor units.
    pub operands: Vec<(String, i128)>,
}

impl Equation {
    /// An equation of operands.
    pub fn new(text: &str, operands: &[(&str, i128)]) -> Self {
        let operands = operands.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        Self { text: text.to_owned(), operands }
    }

    /// What it comes to; none when it cannot be read, names an operand that is not there, or leaves
    /// 128 bits.
    pub fn value(&self) -> Option<i128> {
        let mut reader = Reader { rest: &self.text, operands: &self.operands };
        let value = reader.sum()?;
        reader.rest.trim_start().is_empty().then_some(value)
    }

    /// The text with every operand replaced by its value.
    pub fn numbers(&self) -> String {
        let mut out = String::new();
        let mut rest = self.text.as_str();
        while let Some(start) = rest.find(|c: char| c.is_ascii_lowercase()) {
            let end = start + rest[start..].find(|c: char| !is_of_name(c)).unwrap_or(rest.len() - start);
            out.push_str(&rest[..start]);
            let name = &rest[start..end];
            match self.operands.iter().find(|(known, _)| known == name) {
                Some((_, value)) if *value < 0 => out.push_str(&format!("({value})")),
                Some((_, value)) => out.push_str(&value.to_string()),
                None => out.push_str(name),
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }
}

impl std::fmt::Display for Equation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.text, self.numbers())?;
        self.value().map_or(Ok(()), |value| write!(f, " = {value}"))
    }
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
}

struct Reader<'a> {
    rest: &'a str,
    operands: &'a [(String, i128)],
}

impl Reader<'_> {
    fn sum(&mut self) -> Option<i128> {
        let mut sum = self.product()?;
        loop {
            if self.took('+') {
                sum = sum.checked_add(self.product()?)?;
            } else if self.took('-') {
                sum = sum.checked_sub(self.product()?)?;
            } else {
                return Some(sum);
            }
        }
    }

    fn product(&mut self) -> Option<i128> {
        let mut product = self.factor()?;
        while self.took('*') {
            product = product.checked_mul(self.factor()?)?;
        }
        Some(product)
    }

    fn factor(&mut self) -> Option<i128> {
        if self.took('(') {
            let inner = self.sum()?;
            return self.took(')').then_some(inner);
        }
        let end = self.rest.find(|c: char| !is_of_name(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "max" => self.pair().map(|(a, b)| a.max(b)),
            "min" => self.pair().map(|(a, b)| a.min(b)),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => word.parse().ok(),
            _ => self.operands.iter().find(|(name, _)| name == word).map(|(_, value)| *value),
        }
    }

    fn pair(&mut self) -> Option<(i128, i128)> {
        let first = self.took('(').then(|| self.sum())??;
        let second = self.took(',').then(|| self.sum())??;
        self.took(')').then_some((first, second))
    }

    /// Whether the next character is this one, which is then taken.
    fn took(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest).trim_start();
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equation_is_computed_from_its_operands() {
        let operands = [("s", 900), ("r", 880), ("f", 5), ("q", 0), ("paid_1", -3)];
        let table = [
            ("s - r - f - q", Some(15)),
            ("s-(r+f)*2", Some(-870)),
            ("max(0, r - s)", Some(0)),
            ("min(s, r) - paid_1", Some(883)),
            ("7", Some(7)),
            ("s - x", None),
            ("s -", None),
            ("(s", None),
            ("s r", None),
            ("", None),
        ];
        for (text, value) in table {
            assert_eq!(Equation::new(text, &operands).value(), value, "{text}");
        }
        assert_eq!(
            Equation::new("s - r - f - paid_1", &operands).to_string(),
            "s - r - f - paid_1 = 900 - 880 - 5 - (-3) = 18"
        );
        assert_eq!(Equation::new("s * s", &[("s", i128::MAX)]).value(), None);
    }
}
