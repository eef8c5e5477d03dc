//! Behaviour detectors: ordered events to findings.
