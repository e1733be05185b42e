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
        text: String,
    },
}

/// A message of the outbox, and how often it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub delivery: Delivery,
    pub attempts: u32,
}
