//! Lists of which most have one item: that one is kept without memory of its own.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::{Deref, DerefMut};

/// A list that most often has one item.
#[derive(Debug, Clone, Default)]
pub(crate) enum Few<T> {
    /// No item.
    #[default]
    None,
    /// One.
    One(T),
    /// Several.
    #[expect(clippy::box_collection, reason = "the list itself would make every entry of a table larger")]
    More(Box<Vec<T>>),
}

impl<T> Few<T> {
    /// Adds an item behind the others.
    pub(crate) fn push(&mut self, item: T) {
        match self {
            Few::None => *self = Few::One(item),
            Few::One(_) => {
                if let Few::One(first) = std::mem::take(self) {
                    *self = Few::More(Box::new(vec![first, item]));
                }
            }
            Few::More(list) => list.push(item),
        }
    }

    /// Puts an item at a place among the others.
    pub(crate) fn insert(&mut self, at: usize, item: T) {
        self.push(item);
        self[at..].rotate_right(1);
    }
}

impl<T: PartialEq> Few<T> {
    /// Adds an item when it is new and there are fewer than `limit`.
    pub(crate) fn add(&mut self, item: T, limit: usize) {
        if self.len() < limit && !self.contains(&item) {
            self.push(item);
        }
    }
}

impl<T: Ord> Few<T> {
    /// Puts an item in its place in a list that is in order; says whether it is new.
    pub(crate) fn insert_new(&mut self, item: T) -> bool {
        let place = self.binary_search(&item);
        if let Err(place) = place {
            self.insert(place, item);
        }
        place.is_err()
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Few::None => &[],
            Few::One(item) => std::slice::from_ref(item),
            Few::More(list) => list,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Few::None => &mut [],
            Few::One(item) => std::slice::from_mut(item),
            Few::More(list) => list,
        }
    }
}

/// Hosts, each once; most often one, of IPv4.
#[derive(Debug, Clone, Default)]
pub(crate) enum Hosts {
    /// No host.
    #[default]
    None,
    /// One.
    One(Ipv4Addr),
    /// Several, or one of IPv6.
    #[expect(clippy::box_collection, reason = "the list itself would make every entry of a table larger")]
    More(Box<Vec<IpAddr>>),
}

impl Hosts {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Hosts::None => 0,
            Hosts::One(_) => 1,
            Hosts::More(list) => list.len(),
        }
    }

    /// Adds a host when it is new and there are fewer than `limit`.
    pub(crate) fn add(&mut self, host: IpAddr, limit: usize) {
        match (&mut *self, host) {
            (Hosts::None, IpAddr::V4(host)) => *self = Hosts::One(host),
            (Hosts::None, host) => *self = Hosts::More(Box::new(vec![host])),
            (Hosts::One(known), host) => {
                let known = IpAddr::V4(*known);
                if known != host && limit > 1 {
                    *self = Hosts::More(Box::new(vec![known, host]));
                }
            }
            (Hosts::More(list), host) => {
                if list.len() < limit && !list.contains(&host) {
                    list.push(host);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_in_order_and_once() {
        let mut list = Few::default();
        for item in [3, 1, 3, 2, 1, 4] {
            list.add(item, 3);
        }
        assert_eq!(*list, [3, 1, 2]);
    }

    #[test]
    fn hosts_are_counted_once_up_to_a_limit() {
        let mut hosts = Hosts::default();
        let counts = ["10.0.0.1", "10.0.0.1", "fe80::1", "10.0.0.2", "fe80::1", "10.0.0.3"].map(|host| {
            hosts.add(host.parse().unwrap(), 3);
            hosts.len()
        });
        assert_eq!(counts, [1, 1, 2, 3, 3, 3]);
    }

    #[test]
    fn a_list_of_hosts_is_as_small_as_an_empty_vector() {
        assert!(size_of::<Few<std::net::IpAddr>>() <= 24);
        assert!(size_of::<Few<model::PacketId>>() <= 16 && size_of::<Hosts>() <= 16);
    }
}
