//! What is known of addresses: categories and scores, for `iprep`.

use std::net::IpAddr;

use hashbrown::HashMap;

/// Scores of addresses and networks by category.
#[derive(Debug, Default)]
pub struct Reputation {
    hosts: HashMap<(IpAddr, u8), u8>,
    /// Network address, prefix length, category, score; longest prefix first.
    networks: Vec<(IpAddr, u8, u8, u8)>,
}

impl Reputation {
    /// Reads a file of scores (`address[/prefix],category,score` per line); answers which lines are none, and why.
    pub fn read(&mut self, text: &str) -> Vec<(usize, &'static str)> {
        let mut wrong = Vec::new();
        for (line, entry) in lines(text) {
            if self.read_line(entry).is_none() {
                wrong.push((line, "expected `address[/prefix],category,score`"));
            }
        }
        self.networks.sort_by_key(|(_, prefix, ..)| std::cmp::Reverse(*prefix));
        wrong
    }

    fn read_line(&mut self, entry: &str) -> Option<()> {
        let mut parts = entry.splitn(3, ',').map(str::trim);
        let (address, category, score) = (parts.next()?, parts.next()?, parts.next()?);
        let (category, score) = (category.parse().ok()?, score.parse().ok()?);
        match address.split_once('/') {
            Some((address, prefix)) => {
                self.networks.push((address.parse().ok()?, prefix.parse().ok()?, category, score));
            }
            None => {
                self.hosts.insert((address.parse().ok()?, category), score);
            }
        }
        Some(())
    }

    /// The score of an address in a category.
    pub fn score(&self, address: IpAddr, category: u8) -> Option<u8> {
        if let Some(score) = self.hosts.get(&(address, category)) {
            return Some(*score);
        }
        self.networks
            .iter()
            .find(|(network, prefix, of, _)| *of == category && inside(address, *network, *prefix))
            .map(|(.., score)| *score)
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn inside(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let shift = 32_u32.saturating_sub(prefix.into());
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let shift = 128_u32.saturating_sub(prefix.into());
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}
