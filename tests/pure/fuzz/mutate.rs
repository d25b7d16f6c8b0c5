//! Damages copies of real inputs: bits, cuts, splices, extremes, pieces twice; for bytes and for JSON.

use std::ops::Range;

use super::random::Random;

/// An input never grows beyond this.
const MOST_BYTES: usize = 32 * 1024;
/// Damages on one input, at most.
const MOST_DAMAGES: usize = 5;
/// Kinds of damage; those from `FOR_JSON` on may leave JSON valid.
const KINDS: usize = 17;
const FOR_JSON: usize = 10;

/// What stands for a number or a text in JSON.
const WORDS: [&str; 24] = [
    "0",
    "-1",
    "1",
    "255",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "-0.5",
    "1e-9",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "[[[[[[[[",
    "\"\\ud800\"",
];

/// What stands for a number on the wire: also lengths that promise too much.
const EXTREMES: [&[u8]; 10] = [
    &[0x00],
    &[0xff],
    &[0x7f],
    &[0x80],
    &[0xff, 0xff, 0xff, 0x7f],
    &[0x00, 0x00, 0x00, 0x80],
    &[0xff; 8],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    &[0xfd, 0xff, 0xff],
    &[0xfe, 0xff, 0xff, 0xff, 0xff],
];

#[derive(Debug)]
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    input: Vec<u8>,
}

impl<'a> Mutator<'a> {
    pub fn new(corpus: &'a [Vec<u8>]) -> Self {
        Self {
            corpus,
            input: Vec::new(),
        }
    }

    /// The next input, and which of the corpus it was made of.
    pub fn next(&mut self, random: &mut Random) -> (usize, &[u8]) {
        let seed = random.below(self.corpus.len());
        self.input.clear();
        self.input.extend_from_slice(&self.corpus[seed]);
        // Half of what is JSON is to stay JSON: else hardly any would be read to its end.
        let is_json = matches!(self.input.first(), Some(b'{' | b'['));
        let kinds = if is_json && random.below(2) == 0 {
            FOR_JSON..KINDS
        } else {
            0..KINDS
        };
        for _ in 0..=random.below(MOST_DAMAGES) {
            self.damage(kinds.start + random.below(kinds.len()), random);
        }
        self.input.truncate(MOST_BYTES);
        (seed, &self.input)
    }

    fn damage(&mut self, kind: usize, random: &mut Random) {
        if self.input.is_empty() {
            self.input.push(random.byte());
        }
        let at = random.below(self.input.len());
        match kind {
            0 | 1 => self.input[at] ^= 1 << random.below(8),
            2 => self.input[at] = random.byte(),
            3 => self.input.truncate(at),
            4 => {
                let range = self.range(at, random);
                self.input.drain(range);
            }
            5 => {
                let piece = self.input[self.range(at, random)].to_vec();
                let to = random.below(self.input.len());
                self.put(to..to, &piece);
            }
            6 => {
                let piece = [random.byte(), random.byte(), random.byte()];
                self.put(at..at, &piece[..=random.below(3)]);
            }
            7 | 8 => {
                let extreme = random.pick(&EXTREMES);
                let end = (at + extreme.len()).min(self.input.len());
                self.put(at..end, extreme);
            }
            9 => self.splice(at, random),
            10 | 11 => {
                if let Some(number) = number_after(&self.input, at) {
                    let word = random.pick(&WORDS);
                    self.put(number, word.as_bytes());
                }
            }
            12 => {
                if let Some(text) = text_after(&self.input, at) {
                    let word = random.pick(&WORDS);
                    self.put(text, word.as_bytes());
                }
            }
            13 | 14 => self.swap_text(at, random),
            15 => {
                if let Some(item) = item_after(&self.input, at) {
                    let end = item.end + usize::from(self.input.get(item.end) == Some(&b','));
                    self.input.drain(item.start..end);
                }
            }
            _ => {
                if let Some(item) = item_after(&self.input, at) {
                    let copy = [b",", &self.input[item.clone()]].concat();
                    self.put(item.end..item.end, &copy);
                }
            }
        }
    }

    fn range(&self, at: usize, random: &mut Random) -> Range<usize> {
        // Short pieces more often than long ones.
        let most = (self.input.len() - at).min(1 << random.below(12));
        at..at + 1 + random.below(most.max(1)).min(self.input.len() - at - 1)
    }

    fn put(&mut self, range: Range<usize>, piece: &[u8]) {
        self.input.splice(range, piece.iter().copied());
    }

    /// A piece of another input.
    fn splice(&mut self, at: usize, random: &mut Random) {
        let corpus = self.corpus;
        let other = &corpus[random.below(corpus.len())];
        if other.is_empty() {
            return;
        }
        let from = random.below(other.len());
        let most = (other.len() - from).min(1 << random.below(12));
        let length = 1 + random.below(most);
        let replaced = self.range(at, random);
        self.put(replaced, &other[from..from + length]);
    }

    /// A text of JSON gives way to another one.
    fn swap_text(&mut self, at: usize, random: &mut Random) {
        let corpus = self.corpus;
        let other = &corpus[random.below(corpus.len())];
        if other.is_empty() {
            return;
        }
        let from = text_after(other, random.below(other.len()));
        if let (Some(here), Some(there)) = (text_after(&self.input, at), from) {
            self.put(here, &other[there]);
        }
    }
}

/// The first decimal number at or after `at`.
fn number_after(input: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + input[at..].iter().position(u8::is_ascii_digit)?;
    let digits = input[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Some(start..start + digits.count())
}

/// The first object of JSON that begins at or after `at`.
fn item_after(input: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + input[at..].iter().position(|byte| *byte == b'{')?;
    let mut depth = 0_usize;
    for (length, byte) in input[start..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(start..start + length + 1),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The first text in quotes at or after `at`, quotes included.
fn text_after(input: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + input[at..].iter().position(|byte| *byte == b'"')?;
    let length = input[start + 1..].iter().position(|byte| *byte == b'"')?;
    Some(start..start + length + 2)
}
