//! The only crate that knows threads: shards, epochs, the ordered mind, replay.
//!
//! A shard is the unit of state, a worker only a unit of CPU: 64 shards, chosen by the unordered address pair of each
//! level of a packet, carry every table, timer and limit, so the number of workers cannot change a result. What shards say
//! carries a [`model::Moment`] and is merged in that order.

mod ahead;
mod alert;
mod cards;
mod carried;
mod config;
mod conversation;
mod exception;
mod facts;
mod frame;
mod inspect;
mod log;
mod offload;
mod orders;
mod output;
mod packet;
mod rewrite;
mod run;
mod shape;
mod shard;
mod turns;
mod worker;

pub use carried::FileVerdict;
pub use config::{Config, Mode};
pub use offload::checksums_are_offloaded;
pub use orders::{NoOrders, Order, Orders, Recorded};
pub use run::{Outcome, Sink, Summary, run, run_with_orders};
pub use worker::SHARDS;
