//! A JSON list, written by hand: nothing of it is made twice.

pub(super) struct List<'s> {
    into: &'s mut String,
    first: bool,
}

impl<'s> List<'s> {
    pub(super) fn begin(into: &'s mut String) -> Self {
        into.push('[');
        Self { into, first: true }
    }

    pub(super) fn end(self) {
        self.into.push(']');
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.into.push(',');
        }
    }

    /// What the database has no room for is its largest number.
    pub(super) fn count(&mut self, number: u64) {
        self.comma();
        self.digits(number.min(i64::MAX.unsigned_abs()));
    }

    pub(super) fn signed(&mut self, number: Option<i64>) {
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

    pub(super) fn text(&mut self, text: Option<&str>) {
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
