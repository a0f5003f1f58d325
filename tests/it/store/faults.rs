//! Failures on demand fail exactly where and as often as asked.

use aqueduct::store::faults::{Faults, Injected, Point};

#[test]
fn an_armed_point_fails_as_often_as_asked_and_no_other_does() {
    let all =
        [Point::BeforeAppend, Point::AfterAppend, Point::BeforeProject, Point::ViewsHalfway, Point::BeforeNodeWrite];
    for armed in all {
        let faults = Faults::default();
        faults.clone().arm(armed, 2);
        for point in all {
            let expected = if point == armed { Err(Injected(point)) } else { Ok(()) };
            assert_eq!(faults.check(point), expected);
            assert_eq!(faults.check(point), expected);
            assert_eq!(faults.check(point), Ok(()));
        }
    }
}
