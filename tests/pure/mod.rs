//! The chain as pure code, against recorded vectors.
