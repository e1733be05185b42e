//! What a token costs at a tier and a length of input, holes filled: the dearest that is related.
//!
//! 1. The cell itself, where the provider has published it.
//! 2. A tier that has a row but not this cell: the dearest of its shorter steps, of the related
//!    kinds in the same tier where it has no step of this kind, and of the default tier.
//! 3. A tier without a row: the dearest of all tiers.

use super::model::Row;
use super::{ModelPrice, Priced, Rates, Reach, Tier, TokenKind, Unit};

/// A price, for a call of one length.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) price: &'a ModelPrice,
    /// Decides about the long-context step; the step then holds for the whole call.
    pub(super) input_tokens: u64,
}

impl<'a> View<'a> {
    /// The dearest that a token of the kind can cost; `None` where the model has no price of any
    /// token.
    pub(super) fn rate(self, tier: Option<Tier>, kind: TokenKind) -> Option<u64> {
        if tier.is_some() && self.has_row(tier) {
            return self.in_tier(tier, kind);
        }
        let tiers = self.price.rows().iter().map(|row| row.tier);
        tiers.filter_map(|tier| self.in_tier(tier, kind)).max()
    }

    fn has_row(self, tier: Option<Tier>) -> bool {
        self.price.rows().iter().any(|row| row.tier == tier)
    }

    fn in_tier(self, tier: Option<Tier>, kind: TokenKind) -> Option<u64> {
        let default = Some(Tier::Default);
        let step = self.step(tier).max(self.step(default));
        if let Some(exact) = self.cell(tier, step, kind) {
            return Some(exact);
        }
        let shorter = self.known(tier, kind);
        // A step of the default tier that leaves a kind out is a hole like any other.
        let related = (shorter.is_none() || tier == default).then(|| self.stand_in(tier, kind));
        let own = shorter.max(related.flatten());
        if tier == default { own } else { own.max(self.in_tier(default, kind)) }
    }

    /// The longest step of a tier that the call has reached.
    fn step(self, tier: Option<Tier>) -> u32 {
        self.reached(tier).map(|row| row.above).max().unwrap_or(0)
    }

    fn reached(self, tier: Option<Tier>) -> impl Iterator<Item = &'a Row> {
        let reached = move |above: u32| above == 0 || u64::from(above) < self.input_tokens;
        self.price.rows().iter().filter(move |row| row.tier == tier && reached(row.above))
    }

    fn cell(self, tier: Option<Tier>, step: u32, kind: TokenKind) -> Option<u64> {
        self.reached(tier).find(|row| row.above == step)?.get(kind)
    }

    /// The dearest of all steps reached.
    fn known(self, tier: Option<Tier>, kind: TokenKind) -> Option<u64> {
        self.reached(tier).filter_map(|row| row.get(kind)).max()
    }

    fn stand_in(self, tier: Option<Tier>, kind: TokenKind) -> Option<u64> {
        let mut groups = kind.related().into_iter();
        groups.find_map(|group| group.iter().filter_map(|kind| self.known(tier, *kind)).max())
    }

    /// The kind of fresh input as which tokens of `kind` are priced. Images and sound without a
    /// price of their own are text to most models; beside another kind that has one, the dearer.
    pub(super) fn priced_as(self, tier: Option<Tier>, kind: TokenKind) -> TokenKind {
        if self.price.prices(kind) {
            return kind;
        }
        let own = [TokenKind::Input, TokenKind::AudioIn, TokenKind::ImageIn];
        let own = own.into_iter().filter(|kind| self.price.prices(*kind));
        own.max_by_key(|kind| self.rate(tier, *kind)).unwrap_or(TokenKind::Input)
    }

    /// What tokens of a fresh kind cost: fresh, cached, written to the cache, written for longer.
    pub(super) fn input_rates(self, tier: Option<Tier>, fresh: TokenKind) -> Option<[u64; 4]> {
        let cached = match fresh {
            TokenKind::AudioIn => TokenKind::AudioCached,
            TokenKind::ImageIn => TokenKind::ImageCached,
            _ => TokenKind::InputCached,
        };
        let fresh = self.rate(tier, fresh)?;
        let write = self.rate(tier, TokenKind::CacheWrite)?.max(fresh);
        let long = self.rate(tier, TokenKind::CacheWriteLong)?.max(write);
        Some([fresh, self.rate(tier, cached)?, write, long])
    }

    /// What output costs: text, sound, images. Where a model has a price for images that it makes
    /// and an answer does not say how many of its tokens are images, they may all be.
    pub(super) fn output_rates(self, tier: Option<Tier>) -> Option<[u64; 3]> {
        let kinds = [TokenKind::Output, TokenKind::AudioOut, TokenKind::ImageOut];
        let [text, audio, image] = kinds.map(|kind| self.rate(tier, kind));
        Some([text?, audio?, image?])
    }

    fn dearest(self, tier: Tier, reach: &Reach) -> Option<Rates> {
        let tier = Some(tier);
        let audio = reach.audio_in.then(|| self.priced_as(tier, TokenKind::AudioIn));
        let image = reach.image_in.then(|| self.priced_as(tier, TokenKind::ImageIn));
        let mut input = 0;
        for kind in [Some(TokenKind::Input), audio, image].into_iter().flatten() {
            input = input.max(self.input_rates(tier, kind)?.into_iter().max()?);
        }
        let [text, audio, image] = self.output_rates(tier)?;
        let mut output = text;
        if reach.audio_out {
            output = output.max(audio);
        }
        if reach.image_out || self.price.prices(TokenKind::ImageOut) {
            output = output.max(image);
        }
        Some(Rates { input_picos: input, output_picos: output })
    }
}

impl Priced for ModelPrice {
    fn dearest(&self, reach: &Reach) -> Option<Rates> {
        if self.rows().is_empty() {
            return self.free.then_some(Rates { input_picos: 0, output_picos: 0 });
        }
        let has = |tier| self.rows().iter().any(|row| row.tier == Some(tier));
        // What a provider asks for being quick cannot be told from what it asks otherwise.
        if reach.tier == Tier::Priority && !has(Tier::Priority) {
            return None;
        }
        // Where there is no room in the tier, a provider may serve at the default one.
        let falls_back = matches!(reach.tier, Tier::Priority | Tier::Flex);
        let tiers = [Some(reach.tier), falls_back.then_some(Tier::Default)];
        // A call may stay below any step that it may pass.
        let steps = self.rows().iter().map(|row| u64::from(row.above) + 1);
        let lengths = steps.filter(|tokens| *tokens <= reach.input_tokens).chain([0]);
        let mut dearest = Rates { input_picos: 0, output_picos: 0 };
        for input_tokens in lengths {
            for tier in tiers.into_iter().flatten() {
                let rates = View { price: self, input_tokens }.dearest(tier, reach)?;
                dearest.input_picos = dearest.input_picos.max(rates.input_picos);
                dearest.output_picos = dearest.output_picos.max(rates.output_picos);
            }
        }
        Some(dearest)
    }

    fn unit(&self, unit: Unit) -> Option<u64> {
        if self.free { Some(0) } else { self.unit_picos(unit) }
    }
}
