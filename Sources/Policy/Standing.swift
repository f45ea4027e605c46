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
        /// Of a rule that asks for proof: what became of beginnings when it was last read.
        var challenge = Challenge()
        /// What that was when their rate was last looked at.
        var looked: (time: Timestamp, challenge: Challenge)?
        /// When it was last looked at whether questions arrive, or since when none are asked.
        var checked: (time: Timestamp, challenge: Challenge)?
    }

    private final class Box: Sendable {
        let content: Content

        init(_ content: Content) { self.content = content }
    }

    private var box: Box

    init(sanction: Sanction, counter: Count) {
        // What an earlier agent wrote down goes on from there, as the counter does.
        let challenge = counter == Count() ? nil : sanction.challenge
        box = Box(Content(sanction: sanction, counter: counter, challenge: challenge ?? Challenge()))
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
