//! Randomness by name: a draw depends on the seed and on its own name, never on other draws.

/// The source of all randomness of one simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    /// The simulation's seed.
    pub seed: u64,
}

/// The alphabet of generated names: no vowels, no look-alikes.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go.
pub const SAFE_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

impl Rng {
    /// A generator for one purpose (`"pod-suffix"`), one owner (a uid or key) and one counter.
    pub fn named(self, purpose: &str, owner: &str, n: u64) -> Draw {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for part in [purpose.as_bytes(), &[0], owner.as_bytes(), &[0], &n.to_le_bytes()] {
            for byte in part {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Draw { state: hash }
    }
}

/// A short sequence of draws (splitmix64).
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` up to and including `high`; `low` when the range is empty.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        let width = (high - low) as u64 + 1;
        low + (self.bits() % width) as i64
    }

    /// An index below `len`; 0 when `len` is 0.
    pub fn index(&mut self, len: usize) -> usize {
        self.range(0, len as i64 - 1) as usize
    }

    /// A number from 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `len` characters of the safe alphabet.
    pub fn alphanum(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(SAFE_ALPHABET[self.index(SAFE_ALPHABET.len())])).collect()
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48) & 0x3fff,
            b & 0xffff_ffff_ffff
        )
    }

    /// `len` lower-case hexadecimal digits.
    pub fn hex(&mut self, len: usize) -> String {
        let mut text = String::new();
        while text.len() < len {
            text.push_str(&format!("{:016x}", self.bits()));
        }
        text.truncate(len);
        text
    }
}
