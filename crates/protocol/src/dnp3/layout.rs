//! What the points of DNP3 objects consist of (IEEE 1815-2012 Annex A).

/// A part of a point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// So many bits of the current byte, lowest first; a byte ends where its eight bits are named.
    Bits(&'static str, u8),
    U8(&'static str),
    U16(&'static str),
    U32(&'static str),
    I16(&'static str),
    I32(&'static str),
    F32(&'static str),
    F64(&'static str),
    /// Milliseconds since 1970, 48 bits.
    Time(&'static str),
    /// Text of a fixed size.
    Text(&'static str, usize),
    /// Text as long as the number said that was read under this name.
    Sized(&'static str, &'static str),
    /// Text up to the end of the point, whose size stands in its prefix.
    Rest(&'static str),
}

/// A point: parts one behind the other, or values packed so many bits each.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    Packed(&'static str, u8),
    Parts(&'static [&'static [Part]]),
}

use Part::{Bits, F32, F64, I16, I32, Rest, Sized, Text, Time, U8, U16, U32};

const ONLINE: [Part; 5] = [
    Bits("online", 1),
    Bits("restart", 1),
    Bits("comm_lost", 1),
    Bits("remote_forced", 1),
    Bits("local_forced", 1),
];
const INPUT: &[&[Part]] = &[&ONLINE, &[Bits("chatter_filter", 1), Bits("reserved", 1), Bits("state", 1)]];
const DOUBLE: &[Part] = &[Bits("chatter_filter", 1), Bits("state", 2)];
const BINARY: &[Part] = &[Bits("chatter_filter", 1), Bits("reserved", 1), Bits("state", 1)];
const OUTPUT: &[Part] = &[Bits("reserved0", 1), Bits("reserved1", 1), Bits("state", 1)];
const COUNTER: &[Part] = &[Bits("rollover", 1), Bits("discontinuity", 1), Bits("reserved0", 1)];
const ANALOG: &[Part] = &[Bits("over_range", 1), Bits("reference_err", 1), Bits("reserved0", 1)];
const TIME: &[Part] = &[Time("timestamp")];
const COUNT32: &[Part] = &[U32("count")];
const COUNT16: &[Part] = &[U16("count")];
const VALUE: [&[Part]; 4] = [&[I32("value")], &[I16("value")], &[F32("value")], &[F64("value")]];
const CONTROL: &[Part] = &[
    Bits("op_type", 4),
    Bits("qu", 1),
    Bits("cr", 1),
    Bits("tcc", 2),
    U8("count"),
    U32("ontime"),
    U32("offtime"),
    U8("status_code"),
];
const STATUS: &[Part] = &[Bits("status_code", 7), Bits("reserved0", 1)];
const COMMANDED: [&[Part]; 4] = [
    &[I32("commanded_value")],
    &[I16("commanded_value")],
    &[F32("commanded_value")],
    &[F64("commanded_value")],
];

/// The layout of a point; `None`: the object is not known.
pub(super) fn layout(group: u8, variation: u8) -> Option<Layout> {
    use Layout::{Packed, Parts};
    Some(match (group, variation) {
        (1 | 10 | 80, 1) => Packed("state", 1),
        (3, 1) => Packed("state", 2),
        (12, 3) => Packed("point", 1),
        (1, 2) => Parts(INPUT),
        (2, 1) => Parts(&[&[U8("state")]]),
        (2, 2) => Parts(&[&ONLINE, BINARY, TIME]),
        (2, 3) => Parts(&[&ONLINE, BINARY, &[U16("timestamp")]]),
        (3, 2) | (4, 1) => Parts(&[&ONLINE, DOUBLE]),
        (4, 2) => Parts(&[&ONLINE, DOUBLE, TIME]),
        (4, 3) => Parts(&[&ONLINE, DOUBLE, &[U16("relative_time_ms")]]),
        (10, 2) | (11, 1) => Parts(&[&ONLINE, OUTPUT]),
        (11, 2) => Parts(&[&ONLINE, OUTPUT, TIME]),
        (12, 1 | 2) => Parts(&[CONTROL]),
        (13, 1) => Parts(&[&[Bits("status_code", 7), Bits("commanded_state", 1)]]),
        (13, 2) => Parts(&[&[Bits("status_code", 7), Bits("commanded_state", 1)], TIME]),
        (20..=23, _) => counter(group, variation)?,
        (30..=33 | 40 | 42, _) => analog(group, variation)?,
        (34, 1) => Parts(&[&[U16("deadband_value")]]),
        (34, 2) => Parts(&[&[U32("deadband_value")]]),
        (34, 3) => Parts(&[&[F32("deadband_value")]]),
        (41, 1) => Parts(&[VALUE[0], &[U8("control_status")]]),
        (41, 2) => Parts(&[VALUE[1], &[U8("control_status")]]),
        (41, 3) => Parts(&[VALUE[2], &[U8("control_status")]]),
        (41, 4) => Parts(&[VALUE[3], &[U8("control_status")]]),
        (43, 1) => Parts(&[STATUS, COMMANDED[0]]),
        (43, 2) => Parts(&[STATUS, COMMANDED[1]]),
        (43, 3) => Parts(&[STATUS, COMMANDED[0], TIME]),
        (43, 4) => Parts(&[STATUS, COMMANDED[1], TIME]),
        (43, 5) => Parts(&[STATUS, COMMANDED[2]]),
        (43, 6) => Parts(&[STATUS, COMMANDED[3]]),
        (43, 7) => Parts(&[STATUS, COMMANDED[2], TIME]),
        (43, 8) => Parts(&[STATUS, COMMANDED[3], TIME]),
        (50, 1 | 3) | (51, 1 | 2) => Parts(&[TIME]),
        (50, 2) => Parts(&[TIME, &[U32("interval")]]),
        (50, 4) => Parts(&[TIME, &[U32("interval_count"), U8("interval_units")]]),
        (52, 1) => Parts(&[&[U16("delay_secs")]]),
        (52, 2) => Parts(&[&[U16("delay_ms")]]),
        (70, _) => file(variation)?,
        (81, 1) => {
            Parts(&[&[Bits("fill_percentage", 7), Bits("overflow_state", 1), U8("group"), U8("variation")]])
        }
        (83, 1) => Parts(&[&[
            Text("vendor_code", 4),
            U16("object_id"),
            U16("length"),
            Sized("data_objects", "length"),
        ]]),
        (86, 2) => Parts(&[&[
            Bits("rd", 1),
            Bits("wr", 1),
            Bits("st", 1),
            Bits("ev", 1),
            Bits("df", 1),
            Bits("padding0", 1),
            Bits("padding1", 1),
            Bits("padding2", 1),
        ]]),
        (102, 1) => Parts(&[&[U8("value")]]),
        (120, _) => authentication(variation)?,
        (121, 1) | (122, 1) => Parts(&[&ONLINE, SECURITY, &[U16("association_id"), U32("count_value")]]),
        (122, 2) => Parts(&[&ONLINE, SECURITY, &[U16("association_id"), U32("count_value")], TIME]),
        _ => return None,
    })
}

const SECURITY: &[Part] = &[Bits("reserved0", 1), Bits("discontinuity", 1), Bits("reserved1", 1)];

fn counter(group: u8, variation: u8) -> Option<Layout> {
    use Layout::Parts;
    Some(match (group, variation) {
        (_, 1 | 3) => Parts(&[&ONLINE, COUNTER, COUNT32]),
        (_, 2 | 4) => Parts(&[&ONLINE, COUNTER, COUNT16]),
        (20, 5 | 7) | (21, 9 | 11) => Parts(&[COUNT32]),
        (20, 6 | 8) | (21, 10 | 12) => Parts(&[COUNT16]),
        (21..=23, 5 | 7) => Parts(&[&ONLINE, COUNTER, COUNT32, TIME]),
        (21..=23, 6 | 8) => Parts(&[&ONLINE, COUNTER, COUNT16, TIME]),
        _ => return None,
    })
}

fn analog(group: u8, variation: u8) -> Option<Layout> {
    use Layout::Parts;
    Some(match (group, variation) {
        (_, 1) => Parts(&[&ONLINE, ANALOG, VALUE[0]]),
        (_, 2) => Parts(&[&ONLINE, ANALOG, VALUE[1]]),
        (30, 3) | (31, 5) => Parts(&[VALUE[0]]),
        (30, 4) | (31, 6) => Parts(&[VALUE[1]]),
        (30, 5) | (31, 7) | (40, 3) | (32 | 33 | 42, 5) => Parts(&[&ONLINE, ANALOG, VALUE[2]]),
        (30, 6) | (31, 8) | (40, 4) | (32 | 33 | 42, 6) => Parts(&[&ONLINE, ANALOG, VALUE[3]]),
        (31..=33 | 42, 3) => Parts(&[&ONLINE, ANALOG, VALUE[0], TIME]),
        (31..=33 | 42, 4) => Parts(&[&ONLINE, ANALOG, VALUE[1], TIME]),
        (32 | 33 | 42, 7) => Parts(&[&ONLINE, ANALOG, VALUE[2], TIME]),
        (32 | 33 | 42, 8) => Parts(&[&ONLINE, ANALOG, VALUE[3], TIME]),
        _ => return None,
    })
}

fn file(variation: u8) -> Option<Layout> {
    use Layout::Parts;
    Some(match variation {
        1 => Parts(&[&[
            U16("filename_size"),
            U8("filetype_code"),
            U8("attribute_code"),
            U16("start_record"),
            U16("end_record"),
            U32("file_size"),
            Time("created_timestamp"),
            U16("permission"),
            U32("file_id"),
            U32("owner_id"),
            U32("group_id"),
            U8("file_function_code"),
            U8("status_code"),
            Sized("filename", "filename_size"),
            U16("data_size"),
            Sized("data", "data_size"),
        ]]),
        2 => Parts(&[&[
            U16("username_offset"),
            U16("username_size"),
            U16("password_offset"),
            U16("password_size"),
            U32("authentication_key"),
            Sized("username", "username_size"),
            Sized("password", "password_size"),
        ]]),
        3 => Parts(&[&[
            U16("filename_offset"),
            U16("filename_size"),
            Time("created"),
            U16("permissions"),
            U32("authentication_key"),
            U32("file_size"),
            U16("operational_mode"),
            U16("maximum_block_size"),
            U16("request_id"),
            Sized("filename", "filename_size"),
        ]]),
        4 => Parts(&[&[
            U32("file_handle"),
            U32("file_size"),
            U16("maximum_block_size"),
            U16("request_id"),
            U8("status_code"),
            Rest("optional_text"),
        ]]),
        5 => Parts(&[&[U32("file_handle"), U32("block_number"), Rest("file_data")]]),
        6 => Parts(&[&[U32("file_handle"), U32("block_number"), U8("status_code"), Rest("optional_text")]]),
        7 => Parts(&[&[
            U16("filename_offset"),
            U16("filename_size"),
            U16("file_type"),
            U32("file_size"),
            Time("created_timestamp"),
            U16("permissions"),
            U16("request_id"),
            Sized("filename", "filename_size"),
        ]]),
        8 => Parts(&[&[Rest("file_specification")]]),
        _ => return None,
    })
}

fn authentication(variation: u8) -> Option<Layout> {
    use Layout::Parts;
    Some(match variation {
        1 => Parts(&[&[U32("csq"), U16("usr"), U8("mal"), U8("reason"), Rest("challenge_data")]]),
        2 => Parts(&[&[U32("csq"), U16("usr"), Rest("mac_value")]]),
        3 => Parts(&[&[U32("csq"), U16("user_number")]]),
        4 => Parts(&[&[U16("user_number")]]),
        5 => Parts(&[&[
            U32("ksq"),
            U16("user_number"),
            U8("key_wrap_alg"),
            U8("key_status"),
            U8("mal"),
            U16("challenge_data_len"),
            Sized("challenge_data", "challenge_data_len"),
            Rest("mac_value"),
        ]]),
        6 => Parts(&[&[U32("ksq"), U16("usr"), Rest("wrapped_key_data")]]),
        7 => Parts(&[&[
            U32("sequence_number"),
            U16("usr"),
            U16("association_id"),
            U8("error_code"),
            Time("time_of_error"),
            Rest("error_text"),
        ]]),
        8 => Parts(&[&[U8("key_change_method"), U8("certificate_type"), Rest("certificate")]]),
        9 => Parts(&[&[Rest("mac_value")]]),
        _ => return None,
    })
}
