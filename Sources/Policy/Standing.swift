import Traffic

/// A sanction with what is needed to tell whether its traffic has ceased.
///
/// Behind one pointer, because it has some 400 bytes: each change by hand copies the table of all of them once, since what the
/// kernel refuses must not have happened.
struct Standing: Sendable {
    struct Content: Sendable {
        var sanction: Sanction
        /// The data plane's counter when it was last read.
        var counter: Count
        /// When that counter was last seen to rise.
        var lastDropped: Timestamp?
        /// What it would have stopped as a limit.
        var limit = ShadowLimit()
    }

    private final class Box: Sendable {
        let content: Content

        init(_ content: Content) { self.content = content }
    }

    private var box: Box

    init(sanction: Sanction, counter: Count) {
        box = Box(Content(sanction: sanction, counter: counter))
    }

    var content: Content {
        get { box.content }
        set { box = Box(newValue) }
    }

    /// Of its rule.
    var id: UInt32 { box.content.sanction.rule.id }

    /// Whether this is what was last read of the data plane; asked of all rules each second, so without a copy of one.
    func has(_ counters: RuleCounters) -> Bool {
        box.content.counter == counters.dropped && box.content.sanction.lastHit == counters.lastHit
    }

    var sanction: Sanction {
        get { box.content.sanction }
        set { content.sanction = newValue }
    }
}
