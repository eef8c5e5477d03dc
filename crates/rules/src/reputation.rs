//! What is known of addresses: categories and scores, for `iprep`.

use std::net::IpAddr;

use hashbrown::HashMap;

/// Scores of addresses and networks by category.
#[derive(Debug, Default)]
pub struct Reputation {
    categories: Vec<(String, u8)>,
    hosts: HashMap<(IpAddr, u8), u8>,
    /// Network address, prefix length, category, score; longest prefix first.
    networks: Vec<(IpAddr, u8, u8, u8)>,
}

impl Reputation {
    /// Highest number of a category.
    pub const CATEGORIES_MAX: u8 = 60;

    /// Reads a file of categories (`number,name,description` per line).
    ///
    /// # Errors
    /// Names the first line that is none.
    pub fn add_categories(&mut self, text: &str) -> Result<(), String> {
        for (line, entry) in lines(text) {
            let mut parts = entry.splitn(3, ',').map(str::trim);
            let number = parts.next().and_then(|number| number.parse::<u8>().ok());
            match (number, parts.next()) {
                (Some(number), Some(name)) if (1..Self::CATEGORIES_MAX).contains(&number) => {
                    self.categories.push((name.to_owned(), number));
                }
                _ => return Err(format!("line {line}: expected `number,name,description`")),
            }
        }
        Ok(())
    }

    /// Reads a file of scores (`address[/prefix],category,score` per line).
    ///
    /// # Errors
    /// Names the first line that is none.
    pub fn add_scores(&mut self, text: &str) -> Result<(), String> {
        for (line, entry) in lines(text) {
            let wrong = || format!("line {line}: expected `address,category,score`");
            let mut parts = entry.splitn(3, ',').map(str::trim);
            let (address, category, score) = match (parts.next(), parts.next(), parts.next()) {
                (Some(address), Some(category), Some(score)) => (address, category, score),
                _ => return Err(wrong()),
            };
            let category = category.parse().map_err(|_| wrong())?;
            let score = score.parse().map_err(|_| wrong())?;
            match address.split_once('/') {
                Some((address, prefix)) => {
                    let address: IpAddr = address.parse().map_err(|_| wrong())?;
                    let prefix = prefix.parse().map_err(|_| wrong())?;
                    self.networks.push((address, prefix, category, score));
                }
                None => {
                    let address = address.parse().map_err(|_| wrong())?;
                    self.hosts.insert((address, category), score);
                }
            }
        }
        self.networks.sort_by_key(|(_, prefix, ..)| std::cmp::Reverse(*prefix));
        Ok(())
    }

    /// The number of a category.
    pub fn category(&self, name: &str) -> Option<u8> {
        self.categories.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
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
