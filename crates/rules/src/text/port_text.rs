//! How rules write ports: numbers, ranges with open ends, and groups of them.

use crate::PortSet;
use crate::text::error::{Code, Fault, Parsed};
use crate::text::group::{self, Set};

pub(crate) fn parse(text: &str, variable: &mut dyn FnMut(&str) -> Parsed<PortSet>) -> Parsed<PortSet> {
    group::parse(text, variable)
}

impl Set for PortSet {
    const CODE: Code = Code::Port;
    const NOUN: &'static str = "port";

    fn all() -> Self {
        Self::any()
    }

    fn element(text: &str) -> Parsed<Self> {
        let range = match text.split_once(':') {
            None => {
                let port = number(text)?;
                (port, port)
            }
            Some(("", "")) => return Err(Fault::new(Code::Port, "`:` is not a port")),
            Some(("", high)) => (0, number(high)?),
            Some((low, "")) => (number(low)?, u16::MAX),
            Some((low, high)) => (number(low)?, number(high)?),
        };
        if range.0 > range.1 {
            let help = format!("write {}:{}", range.1, range.0);
            return Err(Fault::new(Code::Port, format!("the range {text} is empty")).help(help));
        }
        Ok(Self { ranges: vec![range] })
    }

    fn add(&mut self, other: Self) {
        self.ranges.extend(other.ranges);
    }

    fn tidy(&mut self) {
        group::tidy(&mut self.ranges);
    }

    fn remove(&mut self, other: &Self) {
        self.ranges = group::without(&self.ranges, &other.ranges);
    }

    fn is_nothing(&self) -> bool {
        self.ranges.is_empty()
    }

    fn is_all(&self) -> bool {
        self.is_any()
    }
}

fn number(text: &str) -> Parsed<u16> {
    text.trim().parse().map_err(|_| {
        Fault::new(Code::Port, format!("`{text}` is not a port"))
            .help("write a number up to 65535, a range like 1024:, a group in brackets, or a $VARIABLE")
    })
}
