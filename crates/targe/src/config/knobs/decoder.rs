//! Settings of the mode, and of decoding packets.

use engine::Mode;

use super::Knob;
use super::values::{choose, keep, number, port_list, yes_no};

pub(super) const DECODER: &[Knob] = &[
    Knob {
        name: "mode",
        default: "\"ids\"",
        help: "Watch (ids) or prevent, simulated on captures (ips).",
        set: |s, v| {
            choose(v, &[("ids", Mode::Detect), ("ips", Mode::Prevent)]).map(|mode| s.engine.mode = mode)
        },
    },
    Knob {
        name: "decoder.checksums",
        default: "true",
        help: "Compute checksums; wrong ones are seen by rules and kept out of streams.",
        set: |s, v| yes_no(v).map(|value| s.engine.decode.checksums = value),
    },
    Knob {
        name: "decoder.vxlan.ports",
        default: "[4789]",
        help: "UDP ports of vxlan; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.vxlan_ports = ports),
    },
    Knob {
        name: "decoder.geneve.ports",
        default: "[6081]",
        help: "UDP ports of geneve; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.geneve_ports = ports),
    },
    Knob {
        name: "decoder.teredo.ports",
        default: "[3544]",
        help: "UDP ports of teredo; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.teredo_ports = ports),
    },
    Knob {
        name: "decoder.gre.ports",
        default: "[4754]",
        help: "UDP ports of gre; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.gre_ports = ports),
    },
    Knob {
        name: "decoder.gtp.ports",
        default: "[2152]",
        help: "UDP ports of gtp; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.gtp_ports = ports),
    },
    Knob {
        name: "decoder.levels_max",
        default: "16",
        help: "Tunnel levels walked at most.",
        set: |s, v| number(v).map(|value| s.engine.decode.levels_max = value),
    },
    Knob {
        name: "decoder.vxlan.reserved_bits_check",
        default: "\"strict\"",
        help: "Reserved bits of VXLAN headers: strict or permissive.",
        set: |s, v| {
            choose(v, &[("strict", true), ("permissive", false)])
                .map(|strict| s.engine.decode.vxlan_reserved_strict = strict)
        },
    },
    Knob { name: "decoder.erspan.typeI.enabled", default: "false", help: "Decode ERSPAN type I.", set: keep },
    Knob {
        name: "decoder.recursion_level.use_for_tracking",
        default: "true",
        help: "Equal addresses at different tunnel levels are different flows.",
        set: |s, v| yes_no(v).map(|value| s.engine.flow.level_tracking = value),
    },
    Knob {
        name: "decoder.tenant.use_for_tracking",
        default: "false",
        help: "Equal addresses in different virtual networks (VXLAN, Geneve) are different flows.",
        set: |s, v| yes_no(v).map(|value| s.engine.flow.tenant_tracking = value),
    },
    Knob {
        name: "vlan.use_for_tracking",
        default: "true",
        help: "Equal addresses in different VLANs are different flows.",
        set: |s, v| {
            yes_no(v).map(|value| {
                s.engine.flow.vlan_tracking = value;
                s.engine.defrag.vlan_tracking = value;
            })
        },
    },
];
