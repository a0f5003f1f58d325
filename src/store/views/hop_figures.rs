//! What a hop adds to the sums over hops, in SQL: the twin of `HopSums::add_hop`.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{DbErr, QueryResult};

use crate::ledger::statement::{HopSums, Quantities};
use crate::ledger::time::Millis;
use crate::ledger::token::{HopKind, HopState};

use super::entity::hop;
use super::fields::number;
use super::sums::{col, read_sum};

/// The figures of [`HopSums`] with what each hop adds to them, in the words of `add_hop`.
pub(super) fn each(at: Millis) -> [(&'static str, Expr); 10] {
    use hop::Column;
    let (sent, deducted, refused) = (col(Column::Sent), col(Column::Deducted), col(Column::Refused));
    let arrived = col(Column::Arrived);
    let is_kind = |kind: HopKind| col(Column::Kind).eq(number(kind.number()));
    let answered = arrived.clone().is_not_null();
    let past_due = col(Column::Due).lt(at.0);
    let net = sent.clone().sub(deducted.clone()).sub(refused.clone());
    let only_if = |condition: Expr, amount: Expr| -> Expr { Expr::case(condition, amount).finally(0_i64).into() };

    let bounced_whole = refused.clone().gt(0_i64).and(refused.clone().eq(sent.clone().sub(deducted.clone())));
    let booked_in_full = col(Column::Credited).is_not_null().and(col(Column::Credited).gte(net.clone()));
    let judged = is_kind(HopKind::Transfer)
        .or(is_kind(HopKind::Delivery))
        .and(col(Column::State).ne(number(HopState::Reversed.number())))
        .and(answered.clone().or(bounced_whole).or(past_due.clone().and(booked_in_full.not())));
    let good = arrived.clone().if_null(0_i64).add(deducted).add(refused);

    let answered_delivery = is_kind(HopKind::Delivery).and(answered.clone());
    let credited = col(Column::Credited).if_null(0_i64).gt(0_i64);
    let answerable = is_kind(HopKind::Delivery).and(answered.clone().or(credited).or(past_due));
    let (official, verified) = (col(Column::OfficialQuantity), col(Column::VerifiedQuantity));
    let has_both = official.clone().is_not_null().and(verified.clone().is_not_null());
    let with_both = answered_delivery.clone().and(has_both.clone());
    [
        ("loss", only_if(answered, net.clone().sub(arrived.clone()))),
        ("judged_sent", only_if(judged.clone(), sent.clone())),
        ("judged_good", only_if(judged, good)),
        ("answered", only_if(answered_delivery.clone(), net.clone())),
        ("answerable", only_if(answerable, net)),
        ("official", only_if(answered_delivery.clone(), sent)),
        ("verified", only_if(answered_delivery.clone(), arrived)),
        ("official_quantity", only_if(with_both.clone(), official)),
        ("verified_quantity", only_if(with_both, verified)),
        ("lacking", only_if(answered_delivery.and(has_both.not()), Expr::val(1_i64))),
    ]
}

/// The sums of a row.
pub(super) fn read(row: &QueryResult) -> Result<HopSums, DbErr> {
    Ok(HopSums {
        loss: read_sum(row, "loss")?,
        judged_sent: read_sum(row, "judged_sent")?,
        judged_good: read_sum(row, "judged_good")?,
        answered: read_sum(row, "answered")?,
        answerable: read_sum(row, "answerable")?,
        quantities: Quantities {
            official: read_sum(row, "official")?,
            verified: read_sum(row, "verified")?,
            official_quantity: read_sum(row, "official_quantity")?,
            verified_quantity: read_sum(row, "verified_quantity")?,
            lacking: read_sum(row, "lacking")?,
        },
    })
}
