import Terminal

/// Times as people read them, where `Terminal` has no form for it.
enum Text {
    /// Short spans, for which tenths of a second are too coarse: `1.2 ms`, `0.61 s`, `20 s`.
    static func seconds(_ value: Double) -> String {
        if value < 0.1 { return "\((value * 1000).decimal(places: 1)) ms" }
        return "\(value.decimal(places: value < 9.995 ? 2 : 0)) s"
    }

    /// Time of the run, five columns wide: ` 1:05`.
    static func clock(_ elapsed: Double) -> String {
        let seconds = Int(min(max(0, elapsed), 1e6))
        let minutes = "\(seconds / 60)"
        return String(repeating: " ", count: max(0, 2 - minutes.count)) + minutes
            + (seconds % 60 < 10 ? ":0" : ":") + "\(seconds % 60)"
    }

    /// Per second, to the tenth below a hundred: `9.8`, `12,345`.
    static func rate(_ value: Double) -> String { value < 99.95 ? value.decimal(places: 1) : value.grouped }
}
