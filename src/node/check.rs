//! Is this daemon fit for a pool? Asked at start and after every reconnect.
