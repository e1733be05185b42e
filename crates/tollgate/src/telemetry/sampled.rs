//! `OTEL_TRACES_SAMPLER` and its argument.

use dataplane::Sampler;

/// What the two variables say; all calls, and a client's own decision, where they say nothing.
///
/// # Errors
/// What is wrong with them.
pub fn sampler(name: Option<&str>, argument: Option<&str>) -> Result<Sampler, String> {
    let (parent_based, rest) = match name.unwrap_or("parentbased_always_on") {
        name if name.starts_with("parentbased_") => (true, &name["parentbased_".len()..]),
        name => (false, name),
    };
    let below = match rest {
        "always_on" => Sampler::ALL,
        "always_off" => 0,
        "traceidratio" => share(argument.unwrap_or("1")).ok_or_else(|| {
            "OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1, such as 0.1".to_owned()
        })?,
        _ => {
            return Err("OTEL_TRACES_SAMPLER must be always_on, always_off or traceidratio, each \
                        also with parentbased_ before it"
                .to_owned());
        }
    };
    Ok(Sampler { parent_based, below })
}

/// A decimal share of [`Sampler::ALL`].
fn share(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = &rest[..rest.len().min(18)];
    if !rest.bytes().all(|b| b.is_ascii_digit()) || text.len() < 2 && text == "." {
        return None;
    }
    let part: u128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
    let share = (u128::from(whole) * scale + part) * u128::from(Sampler::ALL) / scale;
    u64::try_from(share).ok().filter(|share| *share <= Sampler::ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samplers_are_named_as_the_convention_has_them() {
        let of = |name, argument| sampler(Some(name), argument).map(|s| (s.parent_based, s.below));
        assert_eq!(of("always_on", None), Ok((false, Sampler::ALL)));
        assert_eq!(of("parentbased_always_off", None), Ok((true, 0)));
        assert_eq!(of("traceidratio", Some("0.5")), Ok((false, Sampler::ALL / 2)));
        assert_eq!(of("parentbased_traceidratio", Some(".25")), Ok((true, Sampler::ALL / 4)));
        assert_eq!(of("parentbased_traceidratio", Some("1")), Ok((true, Sampler::ALL)));
        assert_eq!(sampler(None, None).map(|s| s.below), Ok(Sampler::ALL));
        for bad in ["1.1", "2", "-1", "x", "0.x", "1e-3"] {
            assert!(of("traceidratio", Some(bad)).is_err(), "{bad}");
        }
        assert!(of("jaeger_remote", None).is_err());
    }
}
