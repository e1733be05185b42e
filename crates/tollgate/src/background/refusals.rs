//! Refused calls for whoever asks why, later: of a flood only its beginning.

use std::collections::HashMap;

use dataplane::Refused;
use domain::{KeyId, RefusedCall, Timestamp};

/// Calls a second that are kept of one key and one code; more say nothing new, and would drive
/// others' out.
const A_SECOND: u32 = 5;
/// Characters of a message that are kept.
const LONGEST_MESSAGE: usize = 2_000;

/// Chooses those that are kept.
#[derive(Default)]
pub struct Refusals {
    second: i64,
    counts: HashMap<(Option<KeyId>, &'static str), u32>,
}

impl Refusals {
    /// Those of a group that are kept, as they are kept.
    pub fn choose(&mut self, refused: &[Refused], now: Timestamp) -> Vec<RefusedCall> {
        if self.second != now.seconds() {
            self.second = now.seconds();
            self.counts.clear();
        }
        refused.iter().filter(|one| self.takes(one)).map(kept).collect()
    }

    fn takes(&mut self, refused: &Refused) -> bool {
        let key = refused.caller.as_ref().map(|(_, key)| key.clone());
        let count = self.counts.entry((key, refused.fault.entry.code)).or_insert(0);
        *count += 1;
        *count <= A_SECOND
    }
}

fn kept(refused: &Refused) -> RefusedCall {
    let (project, key) = refused.caller.clone().unzip();
    let fault = &refused.fault;
    RefusedCall {
        place: 0,
        request: refused.request.clone(),
        at: refused.at,
        stage: refused.stage,
        operation: refused.operation.map(str::to_owned),
        project: project.map(|id| id.as_str().to_owned()),
        key: key.map(|id| id.as_str().to_owned()),
        model: refused.model.clone(),
        code: fault.entry.code.to_owned(),
        status: fault.entry.status,
        message: fault.message.chars().take(LONGEST_MESSAGE).collect(),
        param: fault.param.as_deref().map(|param| param.chars().take(256).collect()),
        figures: fault.figures.as_deref().unwrap_or_default().to_vec(),
        total_us: refused.total_us,
    }
}

#[cfg(test)]
mod tests {
    use domain::fault::catalogue;
    use domain::{Fault, Stage};

    use super::*;

    fn refused(key: &str, at: i64) -> Refused {
        Refused {
            request: "req_1".into(),
            at: Timestamp(at),
            total_us: 7,
            operation: Some("createChatCompletion"),
            caller: Some(("proj_1".into(), key.into())),
            stage: Stage::Rate,
            model: Some("gpt-4o".to_owned()),
            fault: Fault::new(&catalogue::RATE_LIMIT_EXCEEDED),
        }
    }

    #[test]
    fn of_a_flood_the_beginning_is_kept_each_second_and_others_are_not_driven_out() {
        let mut refusals = Refusals::default();
        let flood: Vec<_> = (0..100).map(|_| refused("key_1", 5)).collect();
        assert_eq!(refusals.choose(&flood, Timestamp(10_000)).len(), 5);
        assert_eq!(refusals.choose(&flood, Timestamp(10_900)).len(), 0);
        let other = refusals.choose(&[refused("key_2", 5)], Timestamp(10_900));
        assert_eq!((other.len(), other[0].key.as_deref()), (1, Some("key_2")));
        assert_eq!(refusals.choose(&flood, Timestamp(11_000)).len(), 5);
    }
}
