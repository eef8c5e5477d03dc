//! Writes realistic attack and benign captures.
