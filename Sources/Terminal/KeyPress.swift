/// A key as a terminal in raw mode sends it.
package enum KeyPress: Hashable, Sendable {
    case character(Character)
    case up, down, left, right, pageUp, pageDown, home, end
    case enter, escape, tab, backTab, backspace
    /// Ctrl-C, which raw mode does not turn into a signal.
    case interrupt

    /// The keys in some bytes from a terminal; what is not known is left out.
    ///
    /// An escape sequence (ECMA-48 section 5.4) that is cut off at the end counts as Escape.
    package static func parse(_ bytes: [UInt8]) -> [KeyPress] {
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        var keys: [KeyPress] = []
        while let character = rest.first {
            if character == "\u{1B}", let (key, length) = sequence(rest) {
                rest = rest.dropFirst(length)
                if let key { keys.append(key) }
                continue
            }
            rest = rest.dropFirst()
            switch character {
            case "\u{1B}": keys.append(.escape)
            case "\u{3}": keys.append(.interrupt)
            case "\r", "\n", "\r\n": keys.append(.enter)
            case "\t": keys.append(.tab)
            case "\u{7F}", "\u{8}": keys.append(.backspace)
            default:
                if let scalar = character.unicodeScalars.first, scalar.value >= 0x20 {
                    keys.append(.character(character))
                }
            }
        }
        return keys
    }

    private static let sequences: [String: KeyPress] = [
        "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "Z": .backTab, "1~": .home,
        "4~": .end, "5~": .pageUp, "6~": .pageDown, "7~": .home, "8~": .end,
    ]

    /// The key of a whole sequence, `nil` if it is an unknown one, and its length.
    private static func sequence(_ text: Substring) -> (KeyPress?, Int)? {
        let body = text.dropFirst()
        guard body.first == "[" || body.first == "O" else { return nil }
        let parameters = body.dropFirst().prefix { $0.isASCII && !("@"..."~").contains($0) }
        guard let final = body.dropFirst(1 + parameters.count).first else { return nil }
        return (sequences[String(parameters) + String(final)], 3 + parameters.count)
    }
}
