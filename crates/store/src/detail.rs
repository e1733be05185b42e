//! What a logged attempt has beside the columns that are searched: one JSON list, in the order in
//! which the schema's view takes it apart.

use domain::{CacheUse, UsageRecord};

/// The number of the list's form, its first element.
const FORM: u64 = 1;

/// Writes a record's list over what was in `into`.
pub(crate) fn write(into: &mut String, r: &UsageRecord) {
    let mut list = List { into };
    list.begin(FORM);
    list.count(u64::from(r.attempt));
    list.signed(Some(r.at.0));
    list.text(Some(r.operation));
    list.text(Some(r.family.as_str()));
    list.text(Some(&r.user));
    list.text(r.user_label.as_deref());
    list.text(r.service_tier.as_deref());
    list.text(Some(r.upstream.as_str()));
    list.text(r.upstream_request.as_deref());
    for flag in [r.stream, r.batch, r.estimated] {
        list.count(u64::from(flag));
    }
    let t = &r.tokens;
    for tokens in [t.input, t.input_cached, t.input_cache_write, t.input_audio, t.input_image] {
        list.count(tokens);
    }
    for tokens in [t.output, t.output_reasoning, t.output_audio, t.output_image] {
        list.count(tokens);
    }
    for count in [u64::from(r.images), r.media_ms, r.characters] {
        list.count(count);
    }
    list.signed(r.cost.map(|cost| cost.total().0));
    list.text(r.error);
    list.count(u64::from(r.queue_us));
    list.count(u64::from(r.first_byte_us));
    for count in [r.total_us, r.bytes_in, r.bytes_out] {
        list.count(count);
    }
    list.signed(r.cost.map(|cost| cost.input.0));
    list.signed(r.cost.map(|cost| cost.input_cached.0));
    list.signed(r.cost.map(|cost| cost.output.0));
    // What most calls have nothing of is not in their lists.
    if r.cache.is_some() || r.saved.is_some() || r.shadow || r.prints.is_some() {
        list.text(r.cache.map(CacheUse::as_str));
        list.signed(r.saved.map(|saved| saved.0));
        list.count(u64::from(r.shadow));
        list.signed(r.prints.map(|prints| prints.prompt.cast_signed()));
        list.signed(r.prints.and_then(|prints| prints.prefix).map(u64::cast_signed));
    }
    list.into.push(']');
}

struct List<'s> {
    into: &'s mut String,
}

impl List<'_> {
    fn begin(&mut self, form: u64) {
        self.into.clear();
        self.into.push('[');
        self.digits(form);
    }

    fn comma(&mut self) {
        self.into.push(',');
    }

    /// What the database has no room for is its largest number.
    fn count(&mut self, number: u64) {
        self.comma();
        self.digits(number.min(i64::MAX.unsigned_abs()));
    }

    fn signed(&mut self, number: Option<i64>) {
        self.comma();
        let Some(number) = number else { return self.into.push_str("null") };
        if number < 0 {
            self.into.push('-');
        }
        self.digits(number.unsigned_abs());
    }

    /// Most counts are nothing, or have few digits: each is pushed by itself, since a `str` made of
    /// them would be checked.
    fn digits(&mut self, mut number: u64) {
        let mut text = [0; 20];
        let mut at = text.len();
        while number >= 10 {
            at -= 1;
            text[at] = u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
        self.into.push(char::from(b'0' + u8::try_from(number).unwrap_or(0)));
        for digit in &text[at..] {
            self.into.push(char::from(b'0' + digit));
        }
    }

    fn text(&mut self, text: Option<&str>) {
        self.comma();
        let Some(text) = text else { return self.into.push_str("null") };
        self.into.push('"');
        // Almost all are names and ids, which hold nothing that must be escaped. No early end: a
        // plain fold runs on whole vectors.
        let plain = |byte: u8| (byte >= 0x20) & (byte != b'"') & (byte != b'\\');
        if text.bytes().fold(true, |all, byte| all & plain(byte)) {
            self.into.push_str(text);
        } else {
            text.chars().for_each(|char| self.char(char));
        }
        self.into.push('"');
    }

    fn char(&mut self, char: char) {
        match char {
            '"' => self.into.push_str("\\\""),
            '\\' => self.into.push_str("\\\\"),
            '\0'..='\x1f' => {
                let code = format!("\\u{:04x}", u32::from(char));
                self.into.push_str(&code);
            }
            char => self.into.push(char),
        }
    }
}
