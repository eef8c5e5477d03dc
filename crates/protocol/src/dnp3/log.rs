//! DNP3 fragments in EVE: the record itself, and the object inside alerts, which is wrapped once more.

use json::Json;
use model::Direction;

use super::fields::INDICATIONS;
use super::object::Look;
use super::{Fragment, UNSOLICITED_RESPONSE};
use crate::Scope;

/// Writes `"dnp3": {…}` for a record of its own.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    json.object("dnp3");
    write_fragment(scope, json);
    json.end();
    true
}

/// Writes `"dnp3": {"request": {…}}` for an alert.
pub(super) fn write_alert(scope: &Scope<'_>, json: &mut Json) -> bool {
    json.object("dnp3").object(if is_response(scope) { "response" } else { "request" });
    write_fragment(scope, json);
    json.end().end();
    true
}

fn is_response(scope: &Scope<'_>) -> bool {
    scope.core.only == Some(Direction::ToClient)
}

fn write_fragment(scope: &Scope<'_>, json: &mut Json) {
    let fragment = scope.tx::<Fragment>();
    let response = is_response(scope);
    json.text(
        "type",
        match (response, fragment.function) {
            (false, _) => "request",
            (true, UNSOLICITED_RESPONSE) => "unsolicited_response",
            (true, _) => "response",
        },
    );
    let control = fragment.link.control;
    json.object("control").boolean("dir", control & 0x80 != 0).boolean("pri", control & 0x40 != 0);
    json.boolean("fcb", control & 0x20 != 0).boolean("fcv", control & 0x10 != 0);
    json.number("function_code", control & 15).end();
    json.number("src", fragment.link.source).number("dst", fragment.link.destination);
    let control = fragment.control;
    json.object("application").object("control");
    json.boolean("fir", control & 0x80 != 0).boolean("fin", control & 0x40 != 0);
    json.boolean("con", control & 0x20 != 0).boolean("uns", control & 0x10 != 0);
    json.number("sequence", control & 15).end();
    json.number("function_code", fragment.function);
    if !fragment.objects.is_empty() {
        write_objects(fragment, json);
    }
    json.boolean("complete", fragment.complete).end();
    if response {
        json.object("iin").array("indicators");
        for (name, bit) in INDICATIONS {
            if u64::from(fragment.indications) & bit != 0 {
                json.text_item(name);
            }
        }
        json.end().end();
    }
}

fn write_objects(fragment: &Fragment, json: &mut Json) {
    json.array("objects");
    for object in &fragment.objects {
        json.object_item().number("group", object.group).number("variation", object.variation);
        json.number("qualifier", object.qualifier).number("prefix_code", object.prefix_code());
        json.number("range_code", object.range_code()).number("start", object.start);
        json.number("stop", object.stop).number("count", object.count);
        let mut points = Points { json: &mut *json, any: false, inside: false };
        object.points(&fragment.data, &mut points);
        points.close();
        json.end();
    }
    json.end();
}

/// Writes points as they are read; the array is opened by the first one.
struct Points<'a> {
    json: &'a mut Json,
    any: bool,
    inside: bool,
}

impl Points<'_> {
    fn close(&mut self) {
        // A point that could not be read to its end.
        if self.inside {
            self.json.end();
        }
        if self.any {
            self.json.end();
        }
    }
}

impl Look for Points<'_> {
    fn point(&mut self, prefix: u32, index: u32, size: Option<u32>) {
        if !std::mem::replace(&mut self.any, true) {
            self.json.array("points");
        }
        self.inside = true;
        self.json.object_item().number("prefix", prefix).number("index", index);
        if let Some(size) = size {
            self.json.number("size", size);
        }
    }

    fn number(&mut self, name: &'static str, value: i64) {
        self.json.number(name, value);
    }

    fn float(&mut self, name: &'static str, value: f64) {
        self.json.float(name, value);
    }

    fn text(&mut self, name: &'static str, value: &[u8]) {
        self.json.bytes_text(name, value);
    }

    fn end(&mut self) {
        self.inside = false;
        self.json.end();
    }
}
