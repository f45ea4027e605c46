package import Policy
package import Traffic

/// Something the agent tells whoever started it.
package enum Notice: Sendable {
    /// Attached and deciding; how, in a sentence for each interface.
    case started([String])
    /// 0...1 of the learning span is over; told at every tenth.
    case learning(Double)
    /// The model of this site has been trained and is in use now.
    case learned(model: String, seconds: Double)
    case event(Event)
    /// Something went wrong that the agent goes on without.
    case warning(String)
    /// Detached, or left attached on purpose.
    case stopped(isAttached: Bool)
}

/// A notice with its time.
package struct TimedNotice: Sendable {
    package let time: Timestamp
    package let notice: Notice
}
