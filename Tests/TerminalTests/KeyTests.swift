import Terminal
import Testing

@Suite("Keys")
struct KeyTests {
    /// Bytes of a terminal, and the keys that were pressed.
    static let bytes: [(String, [KeyPress])] = [
        ("q", [.character("q")]), ("jk", [.character("j"), .character("k")]), ("\u{3}", [.interrupt]),
        ("\r", [.enter]), ("\n", [.enter]), ("\t", [.tab]), ("\u{7F}", [.backspace]), ("\u{1B}", [.escape]),
        ("\u{1B}[A\u{1B}OB", [.up, .down]), ("\u{1B}[5~x", [.pageUp, .character("x")]),
        ("\u{1B}[Z", [.backTab]), ("\u{1B}[1;5C", []), ("\u{1B}[", [.escape, .character("[")]),
        ("ü", [.character("ü")]),
        ("\u{0}\u{1}", []), ("", []),
    ]

    @Test("Keys are read from what a terminal sends, and what is not known is left out", arguments: bytes)
    func parses(_ text: String, _ keys: [KeyPress]) { #expect(KeyPress.parse(Array(text.utf8)) == keys) }

    @Test("Bytes that are no text do no harm")
    func survives() { #expect(KeyPress.parse([0xFF, 0x71]).last == .character("q")) }
}
