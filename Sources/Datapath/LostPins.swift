import BPF

/// Pins that somebody else removed, while the agent runs: without them, nothing would go on after a kill.
struct LostPins {
    /// Why they could not be made again, as it was told last.
    private var trouble: String?

    /// Makes those again that are missing; what happened, a sentence, if that is news.
    ///
    /// `make` makes one: its path is the last part of what it is given.
    mutating func restore(
        _ wanted: [(pin: String, make: (String) throws -> Void)], in pins: PinDirectory
    ) -> String? {
        let missing = wanted.filter { !pins.exists($0.pin) }
        guard !missing.isEmpty else {
            trouble = nil
            return nil
        }
        do {
            try pins.makeDirectories()
            for (pin, make) in missing { try make(pin) }
            trouble = nil
            return "somebody removed \(missing.count) of our pins in \(pins.path); they are made again"
        } catch {
            let text = "somebody removed our pins, and they cannot be made again: \(error)"
            defer { trouble = text }
            return trouble == text ? nil : text
        }
    }
}
