//! What makes two packets belong together.
