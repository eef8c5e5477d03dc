//! Fields of DNP3 fragments: the rule keywords `dnp3.*`.

use model::Direction;

use super::Fragment;
use crate::{Condition, Enumeration, Field, FieldKind, Scope, Sides};

/// IEEE 1815-2012 §4.4: function codes of the application layer.
pub(super) const FUNCTIONS: Enumeration = &[
    ("confirm", 0),
    ("read", 1),
    ("write", 2),
    ("select", 3),
    ("operate", 4),
    ("direct_operate", 5),
    ("direct_operate_nr", 6),
    ("immed_freeze", 7),
    ("immed_freeze_nr", 8),
    ("freeze_clear", 9),
    ("freeze_clear_nr", 10),
    ("freeze_at_time", 11),
    ("freeze_at_time_nr", 12),
    ("cold_restart", 13),
    ("warm_restart", 14),
    ("initialize_data", 15),
    ("initialize_appl", 16),
    ("start_appl", 17),
    ("stop_appl", 18),
    ("save_config", 19),
    ("enable_unsolicited", 20),
    ("disable_unsolicited", 21),
    ("assign_class", 22),
    ("delay_measurement", 23),
    ("record_current_time", 24),
    ("open_file", 25),
    ("close_file", 26),
    ("delete_file", 27),
    ("get_file_info", 28),
    ("authenticate_file", 29),
    ("abort_file", 30),
    ("activate_config", 31),
    ("authenticate_req", 32),
    ("authenticate_err", 33),
    ("response", 129),
    ("unsolicited_response", 130),
    ("authenticate_resp", 131),
];

/// IEEE 1815-2012 §4.2.2.6: internal indications.
pub(super) const INDICATIONS: Enumeration = &[
    ("device_restart", 0x8000),
    ("device_trouble", 0x4000),
    ("local_control", 0x2000),
    ("need_time", 0x1000),
    ("class_3_events", 0x0800),
    ("class_2_events", 0x0400),
    ("class_1_events", 0x0200),
    ("all_stations", 0x0100),
    ("reserved_1", 0x0080),
    ("reserved_2", 0x0040),
    ("config_corrupt", 0x0020),
    ("already_executing", 0x0010),
    ("event_buffer_overflow", 0x0008),
    ("parameter_error", 0x0004),
    ("object_unknown", 0x0002),
    ("no_func_code_support", 0x0001),
];

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "dnp3.func",
        aliases: &["dnp3_func"],
        help: "Function code of the application layer.",
        kind: FieldKind::Number {
            bits: 8,
            names: FUNCTIONS,
            get: |scope| Some(fragment(scope).function.into()),
        },
        fact: true,
        ..WHOLE
    },
    Field {
        name: "dnp3.ind",
        aliases: &["dnp3_ind"],
        help: "Internal indications of a response.",
        sides: Sides::ToClient,
        kind: FieldKind::Number {
            bits: 16,
            names: INDICATIONS,
            get: |scope| {
                let response = scope.core.only == Some(Direction::ToClient);
                response.then(|| fragment(scope).indications.into())
            },
        },
        fact: true,
        ..WHOLE
    },
    Field {
        name: "dnp3.obj",
        aliases: &["dnp3_obj"],
        help: "Group and variation of an object: 30,1.",
        kind: FieldKind::Custom(|text| {
            let wrong = || format!("`{text}` is not a group and a variation: write 30,1");
            let (group, variation) = text.split_once(',').ok_or_else(wrong)?;
            let number = |text: &str| text.trim().parse::<u8>().map_err(|_| wrong());
            Ok(Box::new(HasObject { group: number(group)?, variation: number(variation)? }))
        }),
        ..WHOLE
    },
    Field {
        name: "dnp3.data",
        aliases: &["dnp3_data"],
        help: "The application fragment, put together from its transport segments.",
        kind: FieldKind::Bytes(|scope, _| Some(&fragment(scope).data)),
        ..WHOLE
    },
];

const WHOLE: Field = Field { progress: [1, 1], ..Field::EMPTY };

fn fragment<'a>(scope: &Scope<'a>) -> &'a Fragment {
    scope.tx::<Fragment>()
}

/// `dnp3.obj`.
#[derive(Debug)]
struct HasObject {
    group: u8,
    variation: u8,
}

impl Condition for HasObject {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let objects = &fragment(scope).objects;
        objects.iter().any(|object| object.group == self.group && object.variation == self.variation)
    }
}
