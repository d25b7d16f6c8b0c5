//! Answers that are the same for all guests, made once for as long as what they are made of is the same. They say how old
//! their numbers are to the second, so that they are made anew each second at most, however many ask.

use std::sync::{Arc, PoisonError, RwLock};

use hyper::body::Bytes;

/// What an answer is made of.
pub trait Basis {
    /// Whether the same answer would be made of the other. Quick: asked for each request.
    fn is_same(&self, other: &Self) -> bool;
}

/// The last answer of one kind.
#[derive(Debug)]
pub struct Kept<B>(RwLock<Option<(B, Bytes)>>);

impl<B> Default for Kept<B> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<B: Basis> Kept<B> {
    /// The answer for this basis; made only if the last one was for another. Of those who come at once some make it
    /// too: nobody waits for another's work.
    pub fn answer(&self, basis: B, make: impl FnOnce(&B) -> Bytes) -> Bytes {
        {
            let last = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, bytes)) = last.as_ref().filter(|(last, _)| last.is_same(&basis)) {
                return bytes.clone();
            }
        }
        let bytes = make(&basis);
        let mut last = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *last = Some((basis, bytes.clone()));
        bytes
    }
}

/// Whether both are the same thing, or nothing: what is shared is never changed, but replaced.
pub fn is_same_thing<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Basis for u32 {
        fn is_same(&self, other: &Self) -> bool {
            self == other
        }
    }

    #[test]
    fn an_answer_is_made_anew_when_its_basis_is_another() {
        let kept = Kept::default();
        let make = |basis: &u32| Bytes::from(basis.to_string());
        assert_eq!(kept.answer(1, make), "1");
        assert_eq!(kept.answer(1, |_| unreachable!("it is kept")), "1");
        assert_eq!(kept.answer(2, make), "2");
        assert_eq!(kept.answer(1, make), "1");
    }

    #[test]
    fn equal_things_are_not_the_same_thing() {
        let (one, other) = (Arc::new(1), Arc::new(1));
        assert!(is_same_thing(Some(&one), Some(&one.clone())));
        assert!(!is_same_thing(Some(&one), Some(&other)));
        assert!(!is_same_thing(Some(&one), None) && is_same_thing::<u8>(None, None));
    }
}
