import TestSupport
import Testing
import Traffic

@Suite("Ranges of addresses")
struct AddressRangeTests {
    /// A range, and the prefixes that it is.
    static let ranges = [
        ("192.0.2.7-192.0.2.7", "192.0.2.7"),
        ("192.0.2.0-192.0.2.255", "192.0.2.0/24"),
        ("192.0.2.5-192.0.2.20", "192.0.2.5 192.0.2.6/31 192.0.2.8/29 192.0.2.16/30 192.0.2.20"),
        ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
        ("255.255.255.254-255.255.255.255", "255.255.255.254/31"),
        ("2001:db8::-2001:db8::1:ffff", "2001:db8::/111"),
        ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
        ("::1-::2", "::1 ::2"),
    ]

    @Test("A range is the fewest prefixes that have its addresses", arguments: ranges)
    func splits(_ text: String, _ prefixes: String) throws {
        let range = try #require(AddressRange(text))
        #expect(range.prefixes.map(\.description).joined(separator: " ") == prefixes)
    }

    @Test(
        "What is no range is refused",
        arguments: ["", "-", "192.0.2.7", "192.0.2.7-", "192.0.2.7-192.0.2.6", "192.0.2.7-::1", "1-2", "a-b"])
    func refuses(_ text: String) { #expect(AddressRange(text) == nil) }

    @Test("Every address of a range, and none beside it, is in one of its prefixes")
    func covers() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let first = UInt32.random(in: 0...0xFFFF_0000, using: &generator)
            let last = first + UInt32.random(in: 0...300, using: &generator)
            let range = try #require(
                AddressRange(first: Address(ipv4: first), last: Address(ipv4: last)))
            for bits in (first &- 2)...(last + 2) where bits >= first &- 2 {
                let count = range.prefixes.count { $0.contains(Address(ipv4: bits)) }
                #expect(count == ((first...last).contains(bits) ? 1 : 0), "seed \(seed)")
            }
        }
    }
}
