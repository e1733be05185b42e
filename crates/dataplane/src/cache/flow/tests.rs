use std::sync::Arc;

use openai::surface::Meter;

use super::*;

fn flight() -> Arc<Flight> {
    Flight::of(&"p".into(), "m")
}

fn leader(flight: &Arc<Flight>) -> Box<Joined> {
    let reader = flight.flow.stream(true);
    Joined::new(flight, reader, Meter::Chat, (true, true), Whose::Leads(Gone::default()))
}

async fn follower(flight: &Arc<Flight>) -> Box<Joined> {
    let Met::Stream(reader) = flight.flow.meet(Some(false)).await else { panic!("no stream") };
    Joined::new(flight, reader, Meter::Chat, (true, true), Whose::Ended)
}

/// What is there to be read now; whether that is the end.
async fn read(joined: &mut Joined) -> (String, bool) {
    let mut text = String::new();
    loop {
        let next = std::future::poll_fn(|cx| match joined.poll_next(cx) {
            Poll::Ready(next) => Poll::Ready(Some(next)),
            Poll::Pending => Poll::Ready(None),
        });
        match next.await {
            None => return (text, false),
            Some(None) => return (text, true),
            Some(Some(piece)) => match piece {
                Ok(piece) => text.push_str(std::str::from_utf8(&piece).unwrap()),
                Err(_) => return (text + "!", true),
            },
        }
    }
}

#[tokio::test]
async fn late_ones_get_all_of_it_and_the_end() {
    let flight = flight();
    let mut first = leader(&flight);
    flight.flow.push("a".into());
    assert_eq!(read(&mut first).await, ("a".to_owned(), false));
    let mut late = follower(&flight).await;
    flight.flow.push("b".into());
    assert_eq!(read(&mut late).await, ("ab".to_owned(), false));
    flight.flow.over();
    assert_eq!(read(&mut first).await, ("b".to_owned(), true));
    assert_eq!(read(&mut late).await, (String::new(), true));
    assert!(matches!(flight.flow.meet(None).await, Met::Nothing { alone: true }));
}

#[tokio::test]
async fn who_waits_is_woken_by_the_head_and_by_the_failure() {
    let flight = flight();
    let waiting = tokio::spawn({
        let flight = Arc::clone(&flight);
        async move { matches!(flight.flow.meet(None).await, Met::Nothing { alone: false }) }
    });
    tokio::task::yield_now().await;
    let mut first = leader(&flight);
    flight.flow.push("a".into());
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "a plain call waits for all of it");
    flight.flow.fail(false);
    assert!(waiting.await.unwrap());
    assert_eq!(read(&mut first).await, ("a".to_owned(), true));
    flight.flow.over();
    assert!(matches!(flight.flow.meet(None).await, Met::Nothing { alone: false }), "its first end");
}

#[tokio::test]
async fn usage_that_is_not_told_is_not_waited_for() {
    let flight = flight();
    flight.flow.stream(false);
    assert!(matches!(flight.flow.meet(Some(true)).await, Met::Nothing { alone: true }));
    assert!(matches!(flight.flow.meet(Some(false)).await, Met::Stream(_)));
}

#[tokio::test]
async fn a_long_stream_is_no_longer_joined_and_waits_for_its_readers() {
    let flight = flight();
    let (mut quick, slow) = (leader(&flight), follower(&flight).await);
    let room = || std::future::poll_fn(|cx| Poll::Ready(flight.flow.poll_room(cx).is_ready()));
    let piece = Bytes::from(vec![b'x'; SHARED / 2]);
    for _ in 0..3 {
        flight.flow.push(piece.clone());
        read(&mut quick).await;
    }
    assert!(!flight.flow.may_join() && flight.flow.all().is_none());
    assert!(!room().await, "the slow one has read nothing");
    flight.flow.make_room();
    assert!(room().await, "and has had its time");
    flight.flow.push("end".into());
    assert_eq!(read(&mut quick).await, ("end".to_owned(), false));
    let mut slow = slow;
    assert_eq!(read(&mut slow).await, ("!".to_owned(), true));
    drop((quick, slow));
    let deserted = std::future::poll_fn(|cx| Poll::Ready(flight.flow.poll_deserted(cx).is_ready()));
    assert!(deserted.await);
}

#[tokio::test]
async fn a_leader_who_leaves_before_the_end_is_gone_and_after_it_is_not() {
    let (flight, gone) = (flight(), Gone::default());
    let reader = flight.flow.stream(true);
    let form = (true, true);
    let joined = Joined::new(&flight, reader, Meter::Chat, form, Whose::Leads(gone.clone()));
    drop(joined);
    assert!(gone.get());
    let gone = Gone::default();
    let reader = flight.flow.stream(true);
    let mut joined = Joined::new(&flight, reader, Meter::Chat, form, Whose::Leads(gone.clone()));
    flight.flow.over();
    assert_eq!(read(&mut joined).await, (String::new(), true));
    drop(joined);
    assert!(!gone.get());
}
