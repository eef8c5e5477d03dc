//! How many hosts use a server: what many do is more often a service than a control channel.

use std::net::IpAddr;

/// A server and its port.
pub(crate) type Door = (IpAddr, u16);

/// Who uses which server, counted once at the end, from what a detector remembers anyway.
#[derive(Debug)]
pub(crate) struct Users {
    /// In order, each once.
    uses: Vec<(Door, IpAddr)>,
    limit: usize,
}

impl Users {
    /// From each use: of which door, by whom; repetitions do not count. More than `limit` hosts are as many.
    pub(crate) fn new(uses: impl Iterator<Item = (Door, IpAddr)>, limit: usize) -> Self {
        let mut uses: Vec<_> = uses.collect();
        uses.sort_unstable();
        uses.dedup();
        Self { uses, limit }
    }

    /// How many hosts use a door: one at least, who asks.
    pub(crate) fn of(&self, door: Door) -> usize {
        let from = self.uses.partition_point(|(other, _)| *other < door);
        let of_door = self.uses[from..].iter().take_while(|(other, _)| *other == door);
        of_door.take(self.limit).count().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_counted_once_for_each_door_up_to_a_limit() {
        let host = |last: u8| IpAddr::from([10, 0, 0, last]);
        let (web, mail) = ((host(200), 443), (host(200), 25));
        let uses = [(web, 1), (mail, 1), (web, 2), (web, 1)].map(|(door, client)| (door, host(client)));
        let users = Users::new(uses.into_iter(), 16);
        assert_eq!([web, mail, (host(201), 443)].map(|door| users.of(door)), [2, 1, 1]);
        let many = Users::new((0..=255).map(|client| (web, host(client))), 16);
        assert_eq!(many.of(web), 16);
    }
}
