//! When a board tells, with time as an argument.

use domain::{CityId, Position, TenantId, live::CityCounts};
use uuid::Uuid;

use super::*;
use crate::{
    config::LiveConfig,
    map::WORLD_LEVELS,
    ports::CityPoint,
    wire::{Encoding, ScopeName},
};

fn city(homes: u32) -> CityPoint {
    let at = Position::new(41.4, 2.2).unwrap();
    CityPoint { id: CityId(1), name: "Barcelona".into(), country: "ES".into(), at, counts: CityCounts { homes, hosts: 1 }, extent: None }
}

fn stretches(told: &[(HubId, Delivery)]) -> Vec<u32> {
    let of = |delivery: &Delivery| match delivery {
        Delivery::Looked(looked) => looked.stretch,
        Delivery::Ticked(ticked) => ticked.stretch,
        _ => panic!("a board tells answers and ticks"),
    };
    told.iter().map(|(_, delivery)| of(delivery)).collect()
}

#[test]
fn a_board_that_takes_too_long_to_tell_tells_less_often_and_says_so() {
    let rates = Rates::new(&LiveConfig::default());
    let id = BoardId { tenant: TenantId(Uuid::nil()), scope: ScopeName::World, filter: None };
    let mut board = Board::new(id, "epoch".into(), 0, LiveMap::filled(WORLD_LEVELS, 0, [city(1)]), rates);
    let bbox = BBox::new(-60.0, -180.0, 80.0, 180.0).unwrap();
    let mut now = Instant::now();
    board.look(1, Look { key: 1, bbox, zoom: 2.0, filter: Arc::default(), encoding: Encoding::Json, have: None });
    assert_eq!(stretches(&board.flush(now)), [1]);
    let usual = rates.every(class_of(board.map().level_of(bbox, 2.0)));

    // The first change is told at once; it and the next one took their whole share and more.
    for homes in [2, 3] {
        board.change(None).put(city(homes));
        now += usual;
        assert_eq!(stretches(&board.flush(now)), [1]);
        board.spent(usual / 4 + Duration::from_millis(1));
    }
    board.change(None).put(city(4));
    assert_eq!(board.next(now), Some(now + 2 * usual));
    assert!(board.flush(now + usual).is_empty(), "told before its time");
    now += 2 * usual;
    assert_eq!(stretches(&board.flush(now)), [2]);
    // Who comes now hears it too.
    board.look(2, Look { key: 2, bbox, zoom: 2.0, filter: Arc::default(), encoding: Encoding::Json, have: None });
    assert_eq!(stretches(&board.flush(now)), [2]);

    // Flushes that told nobody anything are not held against it.
    board.spent(10 * usual);
    board.spent(10 * usual);
    // Quick again: after a while as usual.
    for n in 0..8 {
        board.change(None).put(city(10 + n));
        now += 2 * usual;
        assert!(!board.flush(now).is_empty());
        board.spent(Duration::from_millis(1));
    }
    board.change(None).put(city(99));
    assert_eq!(board.next(now), Some(now + usual));
    assert!(stretches(&board.flush(now + usual)).iter().all(|stretch| *stretch == 1));
}
