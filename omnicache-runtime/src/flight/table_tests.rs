use super::*;

fn lead(flights: &Flights<u64>, digest: Digest) -> Lead<'_, u64> {
    match flights.join(digest) {
        Joined::Leads(lead) => lead,
        Joined::Waits(_) => panic!("nobody else leads"),
    }
}

fn wait(flights: &Flights<u64>, digest: Digest) -> Wait<'_, u64> {
    match flights.join(digest) {
        Joined::Waits(wait) => wait,
        Joined::Leads(_) => panic!("somebody else leads"),
    }
}

fn value(wait: &mut Wait<'_, u64>) -> Option<u64> {
    match wait.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Waited::Landed(value)) => Some(value),
        _ => None,
    }
}

/// Digests whose flights share a shard.
fn two_keys() -> [Digest; 2] {
    [Digest::from_words(1, 1), Digest::from_words(2, 2)]
}

#[test]
fn who_leads_alone_shares_nothing_and_who_waits_is_served_all_the_same() {
    let ([one, two], flights) = (two_keys(), Flights::new());
    let first = lead(&flights, one);
    let second = lead(&flights, two);
    assert!(first.flight.is_none() && second.flight.is_none());
    first.land(|| unreachable!("nobody waits"));
    let mut waiting = wait(&flights, two);
    assert!(waiting.sign() == Sign { signs: 0, at_work: true } && !second.is_revoked());
    assert_eq!(value(&mut waiting), None);
    second.land(|| 7);
    assert_eq!(value(&mut waiting), Some(7));
    assert!(flights.board(one).flights.is_empty());
}

#[test]
fn what_was_revoked_is_given_to_those_who_wait_and_is_nobody_elses() {
    let ([one, two], flights) = (two_keys(), Flights::new());
    let (first, other) = (lead(&flights, one), lead(&flights, two));
    let mut early = wait(&flights, one);
    flights.revoke(one);
    assert!(first.is_revoked() && !other.is_revoked());
    let second = lead(&flights, one);
    let mut late = wait(&flights, one);
    first.land(|| 1);
    assert_eq!((value(&mut early), value(&mut late)), (Some(1), None));
    assert!(!second.is_revoked());
    second.land(|| 2);
    assert_eq!(value(&mut late), Some(2));
    flights.revoke_all();
    assert!(other.is_revoked());
    other.land(|| unreachable!("nobody waits"));
    let board = flights.board(one);
    assert!(board.flights.is_empty() && board.detached.is_empty());
}

#[test]
fn a_leader_that_gives_up_hands_the_lead_on_revoked_or_not() {
    let ([one, _], flights) = (two_keys(), Flights::new());
    for revoked in [false, true] {
        let first = lead(&flights, one);
        let mut heir = wait(&flights, one);
        let mut waiting = wait(&flights, one);
        if revoked {
            flights.revoke(one);
        }
        drop(first);
        let Poll::Ready(Waited::Leads(second)) = heir.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("the lead is handed on");
        };
        assert_eq!((second.is_revoked(), value(&mut waiting)), (revoked, None));
        second.land(|| 3);
        assert_eq!(value(&mut waiting), Some(3));
        drop((heir, waiting));
        let board = flights.board(one);
        assert!(board.flights.is_empty() && board.detached.is_empty());
    }
}

#[test]
fn who_waits_for_a_value_that_cannot_be_copied_starts_afresh() {
    let ([one, _], flights) = (two_keys(), Flights::new());
    let leader = lead(&flights, one);
    let mut waiting = wait(&flights, one);
    let landing = std::panic::AssertUnwindSafe(|| leader.land(|| panic!("a clone that fails")));
    assert!(std::panic::catch_unwind(landing).is_err());
    let waited = waiting.poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(waited, Poll::Ready(Waited::Again)));
    lead(&flights, one).land(|| unreachable!("nobody waits any more"));
}

#[test]
fn a_leader_that_gives_up_alone_leaves_nothing_behind() {
    let ([one, _], flights) = (two_keys(), Flights::<u64>::new());
    drop(lead(&flights, one));
    drop(flights.join_as_task(one));
    assert!(flights.board(one).flights.is_empty());
}

#[test]
fn who_computes_a_key_beside_its_flight_hears_of_invalidations_alone() {
    let ([one, two], flights) = (two_keys(), Flights::<u64>::new());
    let [first, again, other] = [one, one, two].map(|digest| flights.part(digest));
    let leader = lead(&flights, one);
    flights.supersede(one);
    assert!(leader.is_revoked() && !first.is_revoked() && !again.is_revoked());
    flights.revoke(one);
    assert!(first.is_revoked() && again.is_revoked() && !other.is_revoked());
    assert!(!flights.part(one).is_revoked(), "it began afterwards");
    drop(first);
    flights.revoke_all();
    assert!(again.is_revoked() && other.is_revoked());
    drop((again, other, leader));
    assert!(flights.board(one).apart.is_empty());
}

#[test]
fn a_leader_that_was_passed_over_keeps_nothing_since_it_hears_of_no_invalidation() {
    let ([one, _], flights) = (two_keys(), Flights::<u64>::new());
    let Joined::Leads(first) = flights.join_as_task(one) else { panic!("nobody else leads") };
    first.at_work(false);
    let waiting = wait(&flights, one);
    waiting.pass_over(waiting.sign());
    assert!(first.is_revoked());
    lead(&flights, one).land(|| unreachable!("nobody waits"));
}

#[test]
fn who_begins_when_nobody_has_come_to_an_end_since_need_not_look_again() {
    let ([one, two], flights) = (two_keys(), Flights::new());
    let moment = flights.landings(one);
    let [first, other] = [one, two].map(|key| lead(&flights, key));
    assert!(first.follows(moment) && other.follows(moment) && !first.follows(None));
    other.land(|| unreachable!("nobody waits"));
    assert!(first.follows(moment), "it began before that");
    drop(first);
    let second = lead(&flights, one);
    assert!(!second.follows(moment) && second.follows(flights.landings(one)));
}

#[test]
fn who_begins_after_anybody_may_have_kept_a_value_looks_again() {
    type Ends = fn(&Flights<u64>, Digest, Lead<'_, u64>);
    let ends: [(&str, Ends); 5] = [
        ("it landed", |_, _, leader| leader.land(|| unreachable!("nobody waits"))),
        ("it was unwound", |_, _, leader| drop(leader)),
        ("there is a newer value", |flights, key, leader| {
            flights.supersede(key);
            std::mem::forget(leader);
        }),
        ("it was invalidated", |flights, key, leader| {
            flights.revoke(key);
            std::mem::forget(leader);
        }),
        ("all was invalidated", |flights, _, leader| {
            flights.revoke_all();
            std::mem::forget(leader);
        }),
    ];
    let [one, _] = two_keys();
    for (why, end) in ends {
        let flights = Flights::new();
        let first = lead(&flights, one);
        let moment = flights.landings(one);
        end(&flights, one, first);
        assert!(!lead(&flights, one).follows(moment), "{why}");
    }
}

#[test]
fn who_begins_while_a_refresh_runs_or_after_it_looks_again() {
    let ([one, two], flights) = (two_keys(), Flights::new());
    let moment = flights.landings(one);
    let parted = flights.part(one);
    assert!(lead(&flights, two).follows(moment), "of another key");
    let moment = flights.landings(one);
    let during = lead(&flights, one);
    assert!(!during.follows(moment), "what it will give may be there");
    drop(during);
    let moment = flights.landings(one);
    drop(parted);
    assert!(!lead(&flights, one).follows(moment), "what it gave may be there");
}

#[test]
fn who_takes_over_looks_again() {
    let ([one, _], flights) = (two_keys(), Flights::new());
    let first = lead(&flights, one);
    let mut waiting = wait(&flights, one);
    drop(first);
    let Poll::Ready(Waited::Leads(second)) = waiting.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the flight is vacant")
    };
    assert!(!second.follows(flights.landings(one)));
}
