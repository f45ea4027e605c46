import Testing
import Traffic

@Suite("Prefixes")
struct PrefixTests {
    @Test(
        "An IPv4 address that is spelled as an IPv6 one is what it is; nothing else is changed",
        arguments: [
            ("::ffff:192.0.2.13", "192.0.2.13"), ("::ffff:c000:200/120", "192.0.2.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"), ("::ffff:0:0/95", "::fffe:0:0/95"), ("::1", "::1"),
            ("64:ff9b::192.0.2.13", "64:ff9b::c000:20d"), ("::fffe:192.0.2.13", "::fffe:c000:20d"),
            ("192.0.2.0/24", "192.0.2.0/24"), ("::192.0.2.13", "::c000:20d"),
        ])
    func unmapped(_ text: String, _ meant: String) throws {
        #expect("\(try #require(Prefix(text)).unmapped)" == meant)
    }

    @Test(
        "text is read, cut to its length, and written back",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("192.0.2.1/32", "192.0.2.1"), ("192.0.2.1/24", "192.0.2.0/24"),
            ("1.2.3.4/0", "0.0.0.0/0"), ("2001:db8::1/64", "2001:db8::/64"),
            ("2001:db8::1/128", "2001:db8::1"), ("::/0", "::/0"),
        ])
    func text(input: String, output: String) throws {
        let prefix = try #require(Prefix(input))
        #expect(prefix.description == output)
        #expect(Prefix(output) == prefix)
    }

    @Test(
        "what is no prefix is refused",
        arguments: [
            "", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/ 8",
            "192.0.2.0/8/8",
            "192.0.2/24", "::/129", "::/99999999999999999999", "::/6４",
        ])
    func badText(input: String) { #expect(Prefix(input) == nil) }

    @Test(
        "one prefix contains another if its bits are the other's first ones",
        arguments: [
            ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "10.0.0.0/8", true),
            ("10.0.0.0/9", "10.0.0.0/8", false),
            ("10.0.0.0/8", "11.0.0.0/16", false), ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::1", false),
            ("::/0", "ff::/8", true), ("::/0", "1.2.3.4", false),
            ("2001:db8::/33", "2001:db8:8000::/33", false),
        ])
    func contains(outer: String, inner: String, isInside: Bool) throws {
        let (outer, inner) = (try #require(Prefix(outer)), try #require(Prefix(inner)))
        #expect(outer.contains(inner) == isInside)
        #expect(outer.overlaps(inner) == (isInside || inner.contains(outer)))
        #expect(inner.overlaps(outer) == outer.overlaps(inner))
        #expect(outer.contains(inner.address) || !isInside)
    }

    @Test("prefixes sort by address, then the wider first")
    func order() throws {
        let sorted = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0", "10.1.0.0/16", "::/0", "::/64"]
        #expect(try sorted.reversed().map { try #require(Prefix($0)) }.sorted().map(\.description) == sorted)
    }
}
