//! Modbus/TCP. Reference: MODBUS Application Protocol 1.1b3, MODBUS Messaging on TCP/IP 1.0b.

/// A message of a unit: function and data, in the frame that TCP has.
pub fn modbus(transaction: u16, unit: u8, function: u8, data: &[u8]) -> Vec<u8> {
    let mut out = transaction.to_be_bytes().to_vec();
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&((data.len() + 2) as u16).to_be_bytes());
    out.extend_from_slice(&[unit, function]);
    out.extend_from_slice(data);
    out
}
