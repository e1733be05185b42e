//! What an attempt used.

use domain::Tokens;
use domain::price::{Billed, Tier, Units};

/// What an attempt used, as its provider reports it. Details are parts of the totals.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    tier: Option<&'static str>,
    tokens: Tokens,
    units: Units,
}

pub(crate) fn text(input: u64, output: u64) -> Used {
    let tokens = Tokens { input, output, ..Tokens::default() };
    Used { tier: None, tokens, units: Units::default() }
}

pub(crate) fn units(units: Units) -> Used {
    Used { units, ..text(0, 0) }
}

impl Used {
    pub(crate) fn at(self, tier: &'static str) -> Self {
        Self { tier: Some(tier), ..self }
    }

    pub(crate) fn cached(mut self, tokens: u64) -> Self {
        self.tokens.input_cached = tokens;
        self
    }

    pub(crate) fn written(mut self, tokens: u64, longer: u64) -> Self {
        self.tokens.input_cache_write = tokens;
        self.tokens.input_cache_write_long = longer;
        self
    }

    pub(crate) fn reasoning(mut self, tokens: u64) -> Self {
        self.tokens.output_reasoning = tokens;
        self
    }

    pub(crate) fn audio(mut self, input: u64, output: u64) -> Self {
        self.tokens.input_audio = input;
        self.tokens.output_audio = output;
        self
    }

    pub(crate) fn image(mut self, input: u64, output: u64) -> Self {
        self.tokens.input_image = input;
        self.tokens.output_image = output;
        self
    }

    pub(crate) fn and(mut self, units: Units) -> Self {
        self.units = units;
        self
    }

    pub(crate) fn billed(self) -> Billed {
        Billed { tier: Tier::served(self.tier, None), tokens: self.tokens, units: self.units }
    }
}

pub(crate) fn images(images: u64) -> Units {
    Units { images, ..Units::default() }
}

pub(crate) fn characters(characters: u64) -> Units {
    Units { characters, ..Units::default() }
}

pub(crate) fn heard(input_ms: u64) -> Units {
    Units { input_ms, ..Units::default() }
}

pub(crate) fn filmed(video_ms: u64) -> Units {
    Units { video_ms, ..Units::default() }
}

pub(crate) fn tools(
    web_search_calls: u64,
    file_search_calls: u64,
    code_interpreter_sessions: u64,
) -> Units {
    Units { web_search_calls, file_search_calls, code_interpreter_sessions, ..Units::default() }
}
