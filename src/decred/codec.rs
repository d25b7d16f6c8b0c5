//! Reading and writing wire bytes: little-endian numbers and canonical variable-length integers.

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    #[error("the bytes end too early")]
    Truncated,
    #[error("bytes are left over")]
    Trailing,
    #[error("a length is not written in its shortest form")]
    NotCanonical,
    #[error("a count or length is larger than the bytes that are there")]
    TooMany,
}

/// A cursor over bytes from outside; it never reads past the end and never allocates more than is there.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let (head, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(CodecError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(CodecError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, CodecError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, CodecError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, CodecError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, CodecError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, CodecError> {
        self.array().map(i64::from_le_bytes)
    }

    fn var_int(&mut self) -> Result<u64, CodecError> {
        let (value, least) = match self.u8()? {
            0xfd => (u64::from(self.u16()?), 0xfd),
            0xfe => (u64::from(self.u32()?), 0x1_0000),
            0xff => (self.u64()?, 0x1_0000_0000),
            byte => (u64::from(byte), 0),
        };
        if value < least {
            return Err(CodecError::NotCanonical);
        }
        Ok(value)
    }

    /// The number of items that follow, each of at least `item_bytes`.
    pub(super) fn count(&mut self, item_bytes: usize) -> Result<usize, CodecError> {
        let count = usize::try_from(self.var_int()?).map_err(|_| CodecError::TooMany)?;
        match count.checked_mul(item_bytes) {
            Some(bytes) if bytes <= self.0.len() => Ok(count),
            _ => Err(CodecError::TooMany),
        }
    }

    pub(super) fn var_bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let length = self.count(1)?;
        self.take(length)
    }

    pub(super) fn end(&self) -> Result<(), CodecError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(CodecError::Trailing)
        }
    }
}

pub(super) fn write_var_int(out: &mut Vec<u8>, value: usize) {
    let value = u64::try_from(value).unwrap_or(u64::MAX);
    if let (Ok(byte), true) = (u8::try_from(value), value < 0xfd) {
        out.push(byte);
    } else if let Ok(short) = u16::try_from(value) {
        out.push(0xfd);
        out.extend_from_slice(&short.to_le_bytes());
    } else if let Ok(long) = u32::try_from(value) {
        out.push(0xfe);
        out.extend_from_slice(&long.to_le_bytes());
    } else {
        out.push(0xff);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

pub(super) fn write_var_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_var_int(out, bytes.len());
    out.extend_from_slice(bytes);
}
