//! Base64, the standard alphabet with padding.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes bytes, padded, without line breaks.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| chunk.get(i).copied().map_or(0, u32::from);
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Decodes text; newlines are skipped.
///
/// # Errors
/// The offset of the first byte that does not fit, as Go's `CorruptInputError` counts it.
pub fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut filled, mut padding) = (0_u32, 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' | b'\r' => continue,
            b'=' if filled >= 2 && filled + padding < 4 => {
                padding += 1;
                continue;
            }
            _ => {}
        }
        let Some(six) = ALPHABET.iter().position(|a| *a == byte) else { return Err(at) };
        if padding > 0 {
            return Err(at);
        }
        word = word << 6 | six as u32;
        filled += 1;
        if filled == 4 {
            out.extend_from_slice(&word.to_be_bytes()[1..]);
            (word, filled) = (0, 0);
        }
    }
    match (filled, padding) {
        (0, 0) => {}
        (2, 2) => out.push((word >> 4) as u8),
        (3, 1) => out.extend_from_slice(&[(word >> 10) as u8, (word >> 2) as u8]),
        _ => return Err(text.len()),
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar"] {
            assert_eq!(decode(&encode(text.as_bytes())), Ok(text.as_bytes().to_vec()));
        }
        assert_eq!(encode(b"foob"), "Zm9vYg==");
        assert_eq!(decode("not base64!"), Err(3));
        assert_eq!(decode("Zm9"), Err(3));
    }
}
