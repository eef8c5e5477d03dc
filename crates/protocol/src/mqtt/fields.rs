//! Fields of MQTT exchanges: the rule keywords `mqtt.*`.

use super::message::{Connect, Content, TYPES};
use super::{Exchange, Mqtt};
use crate::{Condition, Enumeration, Field, FieldKind, Scope};

/// MQTT 5.0 §2.1.3.
const FLAGS: Enumeration = &[("dup", 8), ("retain", 1)];
/// MQTT 5.0 §3.1.2.3.
const CONNECT_FLAGS: Enumeration =
    &[("username", 0x80), ("password", 0x40), ("will_retain", 0x20), ("will", 4), ("clean_session", 2)];

pub(super) const FIELDS: &[Field] = &[
    Field {
        fact: true,
        ..numbers("mqtt.type", "Type of a message.", TYPES, |scope, index| {
            scope.tx::<Exchange>().messages.get(index).map(|message| message.header.kind.into())
        })
    },
    numbers("mqtt.flags", "Flags of a message.", FLAGS, |scope, index| {
        scope.tx::<Exchange>().messages.get(index).map(|message| message.header.flags.into())
    }),
    numbers("mqtt.qos", "Quality of service of a message.", &[], |scope, index| {
        scope.tx::<Exchange>().messages.get(index).map(|message| message.header.qos().into())
    }),
    Field {
        aliases: &["mqtt.connack.return_code"],
        fact: true,
        ..numbers("mqtt.reason_code", "Reason codes of the answers.", &[], reason_code)
    },
    number("mqtt.protocol_version", "Version that the connection speaks.", &[], |scope| {
        Some(scope.state::<Mqtt>().version.into())
    }),
    number("mqtt.connect.flags", "Flags of CONNECT.", CONNECT_FLAGS, |scope| {
        connect(scope).map(|connect| connect.flags.into())
    }),
    Field {
        fact: true,
        ..bytes("mqtt.connect.clientid", "Client identifier.", |scope, _| Some(&connect(scope)?.client_id))
    },
    Field {
        fact: true,
        ..bytes("mqtt.connect.username", "User name.", |scope, _| connect(scope)?.user.as_deref())
    },
    bytes("mqtt.connect.password", "Password.", |scope, _| connect(scope)?.password.as_deref()),
    bytes("mqtt.connect.willtopic", "Topic of the will.", |scope, _| connect(scope)?.will_topic.as_deref()),
    bytes("mqtt.connect.willmessage", "Message of the will.", |scope, _| {
        connect(scope)?.will_message.as_deref()
    }),
    bytes("mqtt.connect.protocol_string", "Protocol name in CONNECT.", |scope, _| {
        Some(&connect(scope)?.protocol)
    }),
    Field {
        name: "mqtt.connack.session_present",
        help: "Whether CONNACK says that the server knew the session: yes or no.",
        kind: FieldKind::Custom(|text| match text.trim() {
            "yes" | "true" | "1" => Ok(Box::new(SessionPresent(true))),
            "no" | "false" | "0" => Ok(Box::new(SessionPresent(false))),
            other => Err(format!("`{other}` is neither yes nor no")),
        }),
        ..EACH
    },
    Field {
        fact: true,
        ..bytes("mqtt.publish.topic", "Topic of PUBLISH.", |scope, _| {
            contents(scope).find_map(|content| match content {
                Content::Publish { topic, .. } => Some(topic.as_slice()),
                _ => None,
            })
        })
    },
    bytes("mqtt.publish.message", "Message of PUBLISH.", |scope, _| {
        contents(scope).find_map(|content| match content {
            Content::Publish { message, .. } => Some(message.as_slice()),
            _ => None,
        })
    }),
    Field {
        name: "mqtt.subscribe.topic",
        help: "Topics of SUBSCRIBE.",
        kind: FieldKind::List(|scope, index, _| {
            let limit = scope.state::<Mqtt>().topics_limit[0];
            contents(scope).find_map(|content| match content {
                Content::Subscribe { topics, .. } if index < limit => {
                    topics.get(index).map(|(topic, _)| topic.as_slice())
                }
                _ => None,
            })
        }),
        fact: true,
        ..EACH
    },
    Field {
        name: "mqtt.unsubscribe.topic",
        help: "Topics of UNSUBSCRIBE.",
        kind: FieldKind::List(|scope, index, _| {
            let limit = scope.state::<Mqtt>().topics_limit[1];
            contents(scope).find_map(|content| match content {
                Content::Unsubscribe { topics, .. } if index < limit => topics.get(index).map(Vec::as_slice),
                _ => None,
            })
        }),
        ..EACH
    },
];

/// Fields are read when the exchange is complete; it is looked at in the direction in which it began.
const EACH: Field = Field { progress: [1, 1], ..Field::EMPTY };

const fn numbers(
    name: &'static str,
    help: &'static str,
    names: Enumeration,
    get: fn(&Scope<'_>, usize) -> Option<u64>,
) -> Field {
    Field { name, help, kind: FieldKind::Numbers { bits: 8, names, get }, ..EACH }
}

const fn number(
    name: &'static str,
    help: &'static str,
    names: Enumeration,
    get: fn(&Scope<'_>) -> Option<u64>,
) -> Field {
    Field { name, help, kind: FieldKind::Number { bits: 8, names, get }, ..EACH }
}

const fn bytes(
    name: &'static str,
    help: &'static str,
    get: for<'a> fn(&Scope<'a>, &'a mut Vec<u8>) -> Option<&'a [u8]>,
) -> Field {
    Field { name, help, kind: FieldKind::Bytes(get), ..EACH }
}

fn contents<'a>(scope: &Scope<'a>) -> impl Iterator<Item = &'a Content> {
    scope.tx::<Exchange>().messages.iter().map(|message| &message.content)
}

fn connect<'a>(scope: &Scope<'a>) -> Option<&'a Connect> {
    contents(scope).find_map(|content| match content {
        Content::Connect(connect) => Some(&**connect),
        _ => None,
    })
}

/// All codes of all messages, one after another.
fn reason_code(scope: &Scope<'_>, mut index: usize) -> Option<u64> {
    for content in contents(scope) {
        let one;
        let codes: &[u8] = match content {
            Content::Connack { code, .. } => {
                one = [*code];
                &one
            }
            Content::Answer { code: Some(code), .. } | Content::Reason { code: Some(code), .. } => {
                one = [*code];
                &one
            }
            Content::Unsuback { codes: Some(codes), .. } => codes,
            _ => &[],
        };
        match codes.get(index) {
            Some(code) => return Some((*code).into()),
            None => index -= codes.len(),
        }
    }
    None
}

/// `mqtt.connack.session_present`.
#[derive(Debug)]
struct SessionPresent(bool);

impl Condition for SessionPresent {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        contents(scope).any(|content| match content {
            Content::Connack { session_present, .. } => *session_present == self.0,
            _ => false,
        })
    }
}
