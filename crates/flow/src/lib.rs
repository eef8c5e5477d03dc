//! Conversations: flow table, defragmentation, TCP state and reassembly.
