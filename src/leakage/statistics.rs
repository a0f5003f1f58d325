//! Statistics in decimals: intervals, tails, shrinkage and concentration, for rules over many.
//!
//! Pure and bounded. Computed with the 28 digits of `Decimal`; what is shown has six places,
//! rounded half to even. Floats are not used, so every node gets the same digits.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::ledger::money::six_places;

/// The quantile of the normal distribution for a two-sided interval at 95 per cent.
const Z_95: Decimal = Decimal::from_parts(1_959_964, 0, 0, false, 6);
/// The square root of 2 pi, with 28 digits: 2.5066282746310005024157652848.
const SQRT_TWO_PI: Decimal = Decimal::from_parts(2_133_383_024, 2_079_885_984, 1_358_845_910, false, 28);
const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 1);
const TWO: Decimal = Decimal::TWO;
/// The most terms of a series and steps of an iteration; none of them needs as many.
const STEPS_MAX: u32 = 400;
/// Binomial tails are exact up to so many trials, about a thousand terms then; above it the normal
/// approximation with continuity correction is closer than six places can show.
const EXACT_TRIALS_MAX: u32 = 10_000;

/// The Wilson score interval at 95 per cent of `k` of `n`, with six places; none without a trial or
/// with more hits than trials. Source: Wilson 1927; formula as in Newcombe 1998, method 3.
pub fn wilson(k: u64, n: u64) -> Option<(Decimal, Decimal)> {
    match n == 0 || k > n {
        true => None,
        false => wilson_of_rate(Decimal::from(k) / Decimal::from(n), n),
    }
}

/// The same of a rate that was seen in a sample of `n`; none of an empty one, and of a rate that is
/// no share.
pub fn wilson_of_rate(share: Decimal, n: u64) -> Option<(Decimal, Decimal)> {
    if n == 0 || share < Decimal::ZERO || share > Decimal::ONE {
        return None;
    }
    let n = Decimal::from(n);
    let of_z = Z_95 * Z_95 / n;
    let centre = share + of_z / TWO;
    let half = Z_95 * sqrt(share * (Decimal::ONE - share) / n + of_z / n / Decimal::from(4));
    let bound = |value: Decimal| six_places((value / (Decimal::ONE + of_z)).clamp(Decimal::ZERO, Decimal::ONE));
    Some((bound(centre - half), bound(centre + half)))
}

/// The square root by Newton's method; 0 of what is not above 0.
pub fn sqrt(value: Decimal) -> Decimal {
    if value <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    // From above the root the steps fall until they have reached it.
    let mut root = value.max(Decimal::ONE);
    for _ in 0..STEPS_MAX {
        let next = (root + value / root) / TWO;
        if next >= root {
            break;
        }
        root = next;
    }
    root
}

/// The probability that a standard normal value is above `z`. The series of Marsaglia 2004, whose
/// terms are all positive; its error is below 1e-20. Above 8 the answer is 0, which is true to 15
/// places.
pub fn upper_tail(z: Decimal) -> Decimal {
    if z < Decimal::ZERO {
        return Decimal::ONE - upper_tail(-z);
    }
    if z > Decimal::from(8) {
        return Decimal::ZERO;
    }
    let square = z * z;
    // z + z^3 / 3 + z^5 / (3 * 5) + ...
    let area = series(z, |step| square / Decimal::from(2 * step + 1));
    // exp(z^2 / 2)
    let exponential = series(Decimal::ONE, |step| square / Decimal::from(2 * step));
    (HALF - area / (SQRT_TWO_PI * exponential)).max(Decimal::ZERO)
}

/// A sum of terms, each the one before times a factor, until they vanish.
fn series(first: Decimal, factor: impl Fn(u32) -> Decimal) -> Decimal {
    let (mut sum, mut term) = (first, first);
    for step in 1..STEPS_MAX {
        term *= factor(step);
        if term.is_zero() {
            break;
        }
        sum += term;
    }
    sum
}

/// The probability of `k` or more hits in `n` trials of probability `p`.
pub fn binomial_tail(k: u32, n: u32, p: Decimal) -> Decimal {
    if k == 0 || p >= Decimal::ONE {
        return if k <= n { Decimal::ONE } else { Decimal::ZERO };
    }
    if k > n || p <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    let trials = Decimal::from(n);
    if n > EXACT_TRIALS_MAX {
        let spread = sqrt(trials * p * (Decimal::ONE - p));
        let above = Decimal::from(k) - HALF - trials * p;
        return if spread.is_zero() { Decimal::ONE } else { upper_tail(above / spread) };
    }
    // Terms relative to the largest, from it to both sides until they vanish.
    let mode = (Decimal::from(n + 1) * p).to_u32().unwrap_or(n).min(n);
    let odds = p / (Decimal::ONE - p);
    let (mut all, mut tail) = (Decimal::ZERO, Decimal::ZERO);
    let mut add = |at: u32, term: Decimal| {
        all += term;
        if at >= k {
            tail += term;
        }
    };
    let mut term = Decimal::ONE;
    for at in mode..=n {
        add(at, term);
        term *= Decimal::from(n - at) / Decimal::from(at + 1) * odds;
        if term.is_zero() {
            break;
        }
    }
    let mut term = Decimal::ONE;
    for at in (0..mode).rev() {
        term *= Decimal::from(at + 1) / Decimal::from(n - at) / odds;
        if term.is_zero() {
            break;
        }
        add(at, term);
    }
    tail / all
}

/// The p-values after Benjamini and Hochberg 1995, in the order given: the lowest false discovery
/// rate at which each is still a discovery.
pub fn benjamini_hochberg(values: &[Decimal]) -> Vec<Decimal> {
    let mut order: Vec<(usize, Decimal)> = values.iter().copied().enumerate().collect();
    order.sort_by_key(|(place, value)| (*value, *place));
    let mut adjusted = vec![(0, Decimal::ONE); values.len()];
    let mut lowest = Decimal::ONE;
    for ((rank, (place, value)), slot) in order.iter().enumerate().zip(&mut adjusted).rev() {
        lowest = lowest.min(*value * Decimal::from(values.len()) / Decimal::from(rank + 1));
        *slot = (*place, lowest);
    }
    adjusted.sort_unstable();
    adjusted.into_iter().map(|(_, value)| value).collect()
}

/// The Herfindahl-Hirschman index of counts: the sum of the squares of their shares, `squares / (n *
/// n)` as whole numbers; none when nothing was counted.
pub fn concentration(counts: impl Iterator<Item = u32>) -> Option<(u128, u128)> {
    let (mut total, mut squares) = (0_u128, 0_u128);
    for count in counts.map(u128::from) {
        total = total.saturating_add(count);
        squares = squares.saturating_add(count * count);
    }
    (total > 0).then(|| (squares, total.saturating_mul(total)))
}

/// A quotient of whole numbers, with 28 digits; 0 where the denominator is 0.
pub fn share(numerator: i128, denominator: i128) -> Decimal {
    let (mut above, mut below) = (numerator, denominator);
    // A decimal holds 96 bits: of longer numbers the low bits make no difference to 28 digits of
    // the quotient that anybody looks at.
    while above.unsigned_abs().max(below.unsigned_abs()) >> 95 != 0 {
        (above, below) = (above / 2, below / 2);
    }
    let decimal = |value| Decimal::try_from_i128_with_scale(value, 0).unwrap_or_default();
    decimal(above).checked_div(decimal(below)).unwrap_or_default()
}

/// Millionths as a decimal.
pub fn millionths(value: i64) -> Decimal {
    Decimal::new(value, 6)
}

/// What one of several peers lost of what it sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Over how many hops.
    pub hops: u32,
    /// `sum s`.
    pub sent: i64,
    /// `sum l`, with `l = s - r - f - q`; may be negative.
    pub lost: i64,
    /// `sum s * s`.
    pub sent_squared: i128,
    /// `sum l * l`.
    pub lost_squared: i128,
    /// `sum s * l`.
    pub sent_lost: i128,
}

/// The rate of one, compared with all its peers. Rates are between -1 and 1: what came beyond twice
/// the money that was sent makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its own rate: `sum l / sum s`.
    pub rate: Decimal,
    /// The peers' rate, itself not counted: `sum l / sum s` over them.
    pub mean: Decimal,
    /// How much true rates vary between peers: a variance.
    pub between: Decimal,
    /// How much its own rate and the peers' may vary by chance: a variance.
    pub within: Decimal,
    /// The rate of all, itself counted.
    pub overall: Decimal,
    /// Its rate drawn towards that of all by as much as chance may have made it.
    pub shrunk: Decimal,
    /// The probability that one of the peers has so high a rate, or a higher one.
    pub p: Decimal,
}

/// Compares each with all the others; none of one that has sent nothing, or has fewer than two
/// peers that have.
///
/// Rates are weighted by money. How much a rate varies by chance (within) is the variance of a ratio
/// of two sums (Cochran 1977, Sampling Techniques, 6.4), pooled and divided by the own hops. Between
/// parties it is the rest of their variance, by the method of moments, weighted by hops (Buehlmann
/// and Straub 1970; Marshall 1991). The shrunk rate is `overall + (rate - overall) * between /
/// (between + within)`, all counted. The test is one-sided: `z = (rate - mean) / sqrt(between +
/// within)`, with the mean and the variance between of the peers alone, so that an outlier does not
/// hide behind itself; within is then the variance of the own rate and of the peers' mean. It wants
/// some thirty hops, as Cochran says of the formula.
pub fn compare(all: &[Losses]) -> Vec<Option<Compared>> {
    let parts: Vec<Option<Part>> = all.iter().map(Part::of).collect();
    let sums = parts.iter().flatten().fold(Part::default(), |sums, part| sums.plus(part, 1));
    parts.iter().map(|part| part.as_ref().and_then(|own| compared(own, &sums.plus(own, -1), &sums))).collect()
}

/// What one adds to the sums over peers.
#[derive(Clone, Copy, Default)]
struct Part {
    peers: i64,
    hops: Decimal,
    sent: i128,
    lost: i128,
    /// Hops times rate, and times the rate's square.
    rated: Decimal,
    squared: Decimal,
    /// Hops times the variance of one hop's share.
    varied: Decimal,
}

impl Part {
    fn of(losses: &Losses) -> Option<Self> {
        if losses.hops == 0 || losses.sent <= 0 {
            return None;
        }
        let (hops, sent, lost) = (Decimal::from(losses.hops), i128::from(losses.sent), i128::from(losses.lost));
        let rate = rate(lost, sent);
        Some(Self {
            peers: 1,
            hops,
            sent,
            lost,
            rated: hops * rate,
            squared: hops * rate * rate,
            varied: hops * hops * variance(losses, rate),
        })
    }

    fn plus(&self, other: &Self, sign: i64) -> Self {
        let times = Decimal::from(sign);
        Self {
            peers: self.peers + sign * other.peers,
            hops: self.hops + times * other.hops,
            sent: self.sent.saturating_add(i128::from(sign) * other.sent),
            lost: self.lost.saturating_add(i128::from(sign) * other.lost),
            rated: self.rated + times * other.rated,
            squared: self.squared + times * other.squared,
            varied: self.varied + times * other.varied,
        }
    }
}

impl Part {
    /// Of several: their rate, its variance between them, and the pooled variance of one hop by
    /// chance.
    fn moments(&self) -> (Decimal, Decimal, Decimal) {
        let mean = rate(self.lost, self.sent);
        let spread = (self.squared - TWO * mean * self.rated + mean * mean * self.hops) / self.hops;
        let of_one = (self.varied / self.hops).max(Decimal::ZERO);
        let average = self.hops / Decimal::from(self.peers);
        (mean, (spread - of_one / average).max(Decimal::ZERO), of_one)
    }
}

fn rate(lost: i128, sent: i128) -> Decimal {
    share(lost, sent).clamp(Decimal::NEGATIVE_ONE, Decimal::ONE)
}

/// The variance of a rate by the spread of its hops: `n / (n - 1) * sum (l - rate * s)^2 / (sum s)^2`;
/// at most 1, and 0 of a single hop.
fn variance(losses: &Losses, rate: Decimal) -> Decimal {
    if losses.hops < 2 {
        return Decimal::ZERO;
    }
    let square = i128::from(losses.sent) * i128::from(losses.sent);
    let of = |sum: i128| share(sum, square).clamp(Decimal::NEGATIVE_ONE, Decimal::ONE);
    let spread = of(losses.lost_squared) - TWO * rate * of(losses.sent_lost) + rate * rate * of(losses.sent_squared);
    let hops = Decimal::from(losses.hops);
    (spread * hops / (hops - Decimal::ONE)).clamp(Decimal::ZERO, Decimal::ONE)
}

fn compared(own: &Part, peers: &Part, all: &Part) -> Option<Compared> {
    if peers.peers < 2 || peers.hops <= Decimal::ZERO {
        return None;
    }
    let rate = rate(own.lost, own.sent);
    let (overall, between_all, of_one_all) = all.moments();
    let weight = between_all.checked_div(between_all + of_one_all / own.hops).unwrap_or(Decimal::ONE);
    let (mean, between, of_one) = peers.moments();
    let within = own.varied / own.hops / own.hops + of_one / peers.hops;
    let (above, root) = (rate - mean, sqrt(between + within));
    // Beyond 9 the tail does not change; a quotient by next to nothing would overflow.
    let bound = Decimal::from(9);
    let z = match above.abs() >= root * bound {
        true if above > Decimal::ZERO => bound,
        true => -bound,
        false => above / root,
    };
    Some(Compared {
        rate,
        mean,
        between,
        within,
        overall,
        shrunk: overall + (rate - overall) * weight,
        p: upper_tail(z),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().expect("tests state decimals")
    }

    fn near(value: Decimal, published: &str) {
        let published = dec(published);
        let unit = Decimal::new(1, published.scale());
        assert!((value - published).abs() <= unit, "{value} is not {published}");
    }

    #[test]
    fn wilson_intervals_are_those_of_newcombe() {
        // Newcombe 1998, table I, method 3.
        for (k, n, low, high) in [
            (81, 263, "0.2553", "0.3662"),
            (15, 148, "0.0624", "0.1605"),
            (0, 20, "0.0000", "0.1611"),
            (1, 29, "0.0061", "0.1718"),
        ] {
            let (below, above) = wilson(k, n).expect("there are trials");
            near(below, low);
            near(above, high);
        }
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(2, 1), None);
        assert_eq!(wilson(7, 7).map(|(_, above)| above), Some(dec("1.000000")));
    }

    #[test]
    fn roots_have_all_their_digits() {
        near(sqrt(TWO), "1.414213562373095048801688724");
        near(sqrt(dec("0.0000000000000000000004")), "0.00000000002");
        near(sqrt(dec("10000000000000000000000000000")), "100000000000000");
        assert_eq!(sqrt(dec("-1")), Decimal::ZERO);
        near(SQRT_TWO_PI * SQRT_TWO_PI / TWO, "3.141592653589793238462643383");
    }

    #[test]
    fn normal_tails_are_those_of_the_tables() {
        for (z, tail) in [
            ("0", "0.5"),
            ("1", "0.15865525393145705"),
            ("1.959963984540054", "0.0250000000000000"),
            ("3", "0.0013498980316301"),
            ("6", "0.00000000098658764503"),
            ("-1", "0.84134474606854295"),
            ("8", "0.0000000000000006220961"),
            ("20", "0"),
        ] {
            near(upper_tail(dec(z)), tail);
        }
    }

    #[test]
    fn binomial_tails_are_exact_and_go_over_into_the_normal() {
        assert_eq!(binomial_tail(8, 10, HALF).round_dp(20), dec("0.0546875"));
        near(binomial_tail(5, 20, dec("0.1")), "0.0431745");
        near(binomial_tail(1, 3, dec("0.000001")), "0.000002999997");
        assert_eq!(binomial_tail(0, 5, HALF), Decimal::ONE);
        assert_eq!(binomial_tail(6, 5, HALF), Decimal::ZERO);
        let (exact, normal) = (binomial_tail(5_100, 10_000, HALF), binomial_tail(5_101, 10_001, HALF));
        assert!((exact - normal).abs() < dec("0.001"), "{exact} {normal}");
        near(binomial_tail(5_100, 10_000, HALF), "0.02329");
    }

    #[test]
    fn benjamini_and_hochberg_keep_the_first_four_of_their_example() {
        // Benjamini and Hochberg 1995, section 4.2, at 0.05; here in another order.
        let values = [
            "0.0459", "0.0001", "0.0004", "0.0019", "0.0095", "0.0201", "0.0278", "0.0298", "0.0344", "0.3240",
            "0.4262", "0.5719", "0.6528", "0.7590", "1.0000",
        ];
        let values: Vec<Decimal> = values.iter().map(|text| dec(text)).collect();
        let adjusted = benjamini_hochberg(&values);
        let kept: Vec<usize> = (0..values.len()).filter(|at| adjusted[*at] < dec("0.05")).collect();
        assert_eq!(kept, [1, 2, 3, 4]);
        assert_eq!(adjusted[1], dec("0.0015"));
        near(adjusted[4], "0.035625");
        assert_eq!(benjamini_hochberg(&[]), Vec::<Decimal>::new());
    }

    #[test]
    fn concentration_is_the_sum_of_squared_shares() {
        assert_eq!(concentration([1, 1, 1, 1].into_iter()), Some((4, 16)));
        assert_eq!(concentration([9, 1].into_iter()), Some((82, 100)));
        assert_eq!(concentration(std::iter::empty()), None);
    }

    #[test]
    fn quotients_of_long_numbers_do_not_overflow() {
        assert_eq!(share(1, 4), dec("0.25"));
        assert_eq!(share(i128::MAX, i128::MAX), Decimal::ONE);
        assert_eq!(share(5, 0), Decimal::ZERO);
        near(share(i128::MAX / 3, i128::MAX), "0.3333333333333333333333333");
    }

    /// Hops of 100 each that lost so much.
    fn losses(lost: &[i64]) -> Losses {
        let mut all = Losses::default();
        for lost in lost {
            all.hops += 1;
            all.sent += 100;
            all.lost += lost;
            all.sent_squared += 10_000;
            all.lost_squared += i128::from(lost * lost);
            all.sent_lost += i128::from(100 * lost);
        }
        all
    }

    #[test]
    fn one_that_loses_a_twentieth_always_stands_out_and_one_great_loss_does_not() {
        let honest = losses(&[0; 30]);
        let mut once = [0; 30];
        once[7] = 100;
        let rates = compare(&[honest, losses(&[5; 30]), honest, losses(&once), honest, honest]);
        let always = rates[1].expect("it has peers");
        assert_eq!((always.rate, always.mean), (dec("0.05"), dec("0.0066666666666666666666666667")));
        assert!(always.p < dec("0.001"), "{always:?}");
        let once = rates[3].expect("it has peers");
        assert!(once.p > dec("0.1"), "{once:?}");
        assert!(rates[0].expect("it has peers").p > HALF);
    }

    #[test]
    fn shrinkage_is_by_hand_computed_moments() {
        // Peers of the third: rates 0 and 0.1 over two hops each, without spread within: mean 0.05,
        // between 0.0025. Its own rate 0.5 from hops of 0.45 and 0.55: variance
        // 2 / 1 * (0.0025 + 0.0025) / 4 = 0.0025, so p is the tail at 0.45 / sqrt(0.005) = 6.36.
        let rates = compare(&[losses(&[0, 0]), losses(&[10, 10]), losses(&[45, 55])]);
        let third = rates[2].expect("it has peers");
        assert_eq!((third.mean, third.between, third.within), (dec("0.05"), dec("0.0025"), dec("0.0025")));
        near(third.p, "0.0000000001");
        // All: rate 0.2; of one hop 4 * 0.0025 / 6; between 0.28 / 6 less half of that; so the
        // weight is 0.045833 / (0.045833 + 0.000833) = 0.982143, and 0.2 + 0.3 * 0.982143.
        assert_eq!((third.overall, six_places(third.shrunk)), (dec("0.2"), dec("0.494643")));
        assert_eq!(compare(&[losses(&[0]), losses(&[1])]), vec![None, None]);
        assert_eq!(compare(&[Losses::default()]), vec![None]);
    }

    #[test]
    fn surplus_and_the_largest_amounts_do_not_overflow() {
        let large = Losses {
            hops: u32::MAX,
            sent: i64::MAX,
            lost: i64::MIN,
            sent_squared: i128::MAX,
            lost_squared: i128::MAX,
            sent_lost: i128::MIN,
        };
        let rates = compare(&[large, large, losses(&[-1_000_000]), large]);
        assert!(rates.iter().all(Option::is_some));
    }
}
