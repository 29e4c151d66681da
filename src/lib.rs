//! Offline recommendations that explain themselves.
