//! Single attacks and their benign look-alikes, each on a grid of parameters.
//!
//! Every act can be played into a scene that somebody else sets, or made into a capture of its own.

mod beacon;
mod flood;
mod guessing;
mod intrusion;
mod plc;
mod ransomware;
mod scan;
mod tunnel;

pub use beacon::{Beacon, Periodic, Wrapping};
pub use flood::{Flood, FloodKind};
pub use guessing::{Guessing, Service};
pub use intrusion::{Leak, Phishing, Upload};
pub use plc::PlcWrite;
pub use ransomware::Ransomware;
pub use scan::{Scan, Technique};
pub use tunnel::{DnsTunnel, TunnelRecord};

use crate::START;
use crate::office::Office;
use crate::scene::{Capture, Scene};

/// Sets a scene of its own around an act: the office, working as usual if `background` says so.
fn alone(
    name: &str,
    seed: u64,
    seconds: u64,
    background: bool,
    play: impl FnOnce(&mut Scene, &Office),
) -> Capture {
    let mut scene = Scene::new(name, seed);
    let office = Office::new(&scene.random("office"), START);
    play(&mut scene, &office);
    if background {
        office.work(&mut scene, START, seconds, 12);
        office.routine(&mut scene, START, seconds);
    }
    scene.finish()
}
