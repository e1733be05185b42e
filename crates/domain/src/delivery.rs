//! Messages of ours to the outside. They are written in the transaction of what they tell, and
//! sent afterwards, until they arrive or are given up.

use crate::{DeliveryId, Timestamp};

/// One message to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub message: Message,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Webhook {
        url: String,
        /// The signing secret, sealed for the delivery's id.
        sealed_secret: Vec<u8>,
        /// JSON.
        body: String,
    },
    Email {
        /// One address.
        to: String,
        subject: String,
        /// With `{link}` where the link goes, if there is one.
        text: String,
        /// A one-time link, sealed for the delivery's id: a stolen database opens nothing.
        sealed_link: Option<Vec<u8>>,
    },
}

/// A message of the outbox, and how often it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub delivery: Delivery,
    pub attempts: u32,
}

/// Seconds after each failure: soon at first, for some three days in all.
const PAUSES: [i64; 9] = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 72_000, 129_600];

/// How long to wait, in seconds, when a message has failed so many times; `None`: give up.
#[must_use]
pub fn pause_after(failures: u32) -> Option<i64> {
    let at = usize::try_from(failures).ok()?.checked_sub(1)?;
    PAUSES.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<_> = (1..).map_while(pause_after).collect();
        assert_eq!(pauses, PAUSES);
        assert!(pauses.is_sorted() && (200_000..300_000).contains(&pauses.iter().sum::<i64>()));
        assert_eq!((pause_after(0), pause_after(u32::MAX)), (None, None));
    }
}
