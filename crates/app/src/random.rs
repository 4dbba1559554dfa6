//! Random bytes from the system's generator. Everything that must not be guessed comes from here.

use warifu_core::code::CODE_SPACE;

use crate::fault::Fault;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Fault::Random(error.to_string()))?;
    Ok(bytes)
}

/// A name for one request, by which its reply and its log lines find each other: 32 hex digits.
#[must_use]
pub fn new_trace_id() -> String {
    // Names no secret and decides nothing, so zeros do where the system gives no random bytes.
    let bytes: [u8; 16] = bytes().unwrap_or_default();
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// A number below [`CODE_SPACE`], each as likely as the others.
pub(crate) fn code_number() -> Result<u64, Fault> {
    number_below::<CODE_SPACE>()
}

/// Four digits, each number as likely as the others.
pub(crate) fn four_digits() -> Result<String, Fault> {
    Ok(format!("{:04}", number_below::<10_000>()?))
}

fn number_below<const SPACE: u64>() -> Result<u64, Fault> {
    // Numbers above the largest multiple of the space would make small ones likelier, so they are drawn again.
    let bound = u64::MAX - u64::MAX % SPACE;
    loop {
        let number = u64::from_le_bytes(bytes()?);
        if number < bound {
            return Ok(number % SPACE);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn code_numbers_fill_their_space_evenly() {
        // 4,000 draws, 400 a bucket expected; 6 standard deviations are 114.
        let mut buckets = [0_u32; 10];
        for _ in 0..4_000 {
            let number = code_number().unwrap();
            assert!(number < CODE_SPACE);
            buckets[usize::try_from(number / (CODE_SPACE / 10)).unwrap()] += 1;
        }
        assert!(buckets.iter().all(|count| (286..=514).contains(count)), "{buckets:?}");
    }

    #[test]
    fn four_digits_are_four_and_the_first_is_any() {
        let mut buckets = [0_u32; 10];
        for _ in 0..4_000 {
            let number = four_digits().unwrap();
            assert!(number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
            buckets[usize::from(number.as_bytes()[0] - b'0')] += 1;
        }
        assert!(buckets.iter().all(|count| (286..=514).contains(count)), "{buckets:?}");
    }
}
