//! A controller of machines is written to by somebody who never wrote before.

use std::net::Ipv4Addr;

use model::Time;

use super::alone;
use crate::START;
use crate::frame::{End, Host};
use crate::scene::{Capture, Scene};
use crate::speech::industry::modbus;
use crate::talk::{MS, Side, Talk};
use crate::truth::ActKind;

/// Regular reads by the control station, then writes from elsewhere.
#[derive(Debug, Clone)]
pub struct PlcWrite {
    /// Seed of the capture.
    pub seed: u64,
    /// How many reads come before.
    pub reads: u16,
    /// How many registers and coils are written.
    pub writes: u16,
}

impl Default for PlcWrite {
    fn default() -> Self {
        Self { seed: 1, reads: 300, writes: 12 }
    }
}

impl PlcWrite {
    /// A capture with these writes in it.
    pub fn make(&self) -> Capture {
        alone("plc_write", self.seed, 0, false, |scene, office| {
            self.play(scene, START, &office.desks[2]);
        })
    }

    /// Plays it into a scene; returns when it was over.
    pub fn play(&self, scene: &mut Scene, start: Time, attacker: &Host) -> Time {
        let plc = Host::inside("plc", Ipv4Addr::new(10, 0, 0, 200), 64);
        let station = Host::inside("control station", Ipv4Addr::new(10, 0, 0, 201), 128);
        let end = End { host: &plc, port: 502 };
        scene
            .begin_act(ActKind::Periodic)
            .victim(&station)
            .server(end, "tcp", "", "controller of machines")
            .fact("what", "reads by the control station")
            .fact("period_s", 1);
        let mut talk = Talk::open(scene, start, &station, &plc, 502);
        for transaction in 0..self.reads {
            talk.wait(1_000 * MS).client(&modbus(transaction, 1, 3, &[0, 0, 0, 10]));
            let values: Vec<u8> =
                std::iter::once(20).chain((0..10_u16).flat_map(|n| (100 + n).to_be_bytes())).collect();
            talk.wait(4 * MS).server(&modbus(transaction, 1, 3, &values));
        }
        let over = talk.close(Side::Client);
        scene.end_act();
        scene
            .begin_act(ActKind::PlcWrite)
            .attacker(attacker)
            .victim(&plc)
            .server(end, "tcp", "", "target")
            .fact("writes", self.writes);
        let mut talk = Talk::open(scene, over.plus_secs(5), attacker, &plc, 502);
        for number in 0..self.writes {
            // Function 6 writes a register, 5 a coil; the answer repeats the question.
            let (function, value) = if number % 2 == 0 { (6, 0x270f_u16) } else { (5, 0xff00) };
            let message = modbus(number, 1, function, &[number.to_be_bytes(), value.to_be_bytes()].concat());
            talk.wait(300 * MS).client(&message);
            talk.wait(4 * MS).server(&message);
        }
        let over = talk.close(Side::Client);
        scene.end_act();
        over
    }
}
