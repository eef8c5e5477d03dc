//! The flow stage from outside: conversations in text, expected readings, and a slow reference.

mod talk;

mod closing;
mod handshake;
mod overlap;
mod reading;
mod reference;
mod table;
