//! Application protocols: chunks to transactions.
