import Testing
import Traffic

@Suite("Which group traffic is in")
struct GroupingTests {
    private static func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }

    /// A gateway between the Internet (`wan0`), servers (`dmz`) and people (`home`); `wan0` and `home` are guarded.
    private static func routes() throws -> Routes {
        Routes(
            [
                try prefix("0.0.0.0/0"): "wan0", try prefix("::/0"): "wan0",
                try prefix("10.1.0.0/16"): "dmz", try prefix("2001:db8:1::/48"): "dmz",
                try prefix("10.2.0.0/16"): "home", try prefix("2001:db8:2::/48"): "home",
                try prefix("10.1.9.0/24"): "home",
            ], roles: ["wan0": .wan, "dmz": .lan, "home": .lan], guarded: ["wan0", "home"])
    }

    private static func grouping() throws -> Grouping {
        Grouping(
            [
                TrafficGroup(name: "side", roles: [.lan]),
                TrafficGroup(name: "people", interfaces: ["home"]),
                TrafficGroup(
                    name: "servers", protects: [try prefix("10.1.0.0/16"), try prefix("2001:db8:1::/48")]),
                TrafficGroup(
                    name: "shop", protects: [try prefix("10.1.0.0/24"), try prefix("2001:db8:1:1::/64")]),
                TrafficGroup(
                    name: "outside to shop",
                    protects: [try prefix("10.1.0.0/24"), try prefix("2001:db8:1:1::/64")], roles: [.wan]),
            ], routes: try routes())
    }

    @Test(
        "The longest prefix around the destination comes first, then a named interface, then a named side",
        arguments: [
            ("198.51.100.7", "10.1.5.1", "servers"), ("2a00::7", "2001:db8:1:5::1", "servers"),
            ("198.51.100.7", "10.1.0.1", "outside to shop"),
            ("2a00::7", "2001:db8:1:1::1", "outside to shop"),
            ("10.2.0.7", "10.1.0.1", "shop"), ("2001:db8:2::7", "2001:db8:1:1::1", "shop"),
            ("10.2.0.7", "198.51.100.7", "people"), ("2001:db8:2::7", "2a00::7", "people"),
            // The longer route leads home, whatever network it lies in.
            ("10.1.9.7", "198.51.100.7", "people"),
            ("10.1.5.7", "198.51.100.7", "side"), ("2001:db8:1::7", "2a00::7", "side"),
            ("198.51.100.7", "198.51.100.8", nil), ("2a00::7", "2a00::8", nil),
            // Where it goes is not known: groups by destination are out of the question.
            ("10.2.0.7", nil, "people"),
            // From many: it came in anywhere but where it goes out.
            (nil, "10.2.0.7", nil), (nil, "10.1.0.1", "outside to shop"),
            (nil, "2001:db8:1:1::1", "outside to shop"),
            (nil, "198.51.100.7", "people"),
        ] as [(String?, String?, String?)])
    func precedence(source: String?, destination: String?, expected: String?) throws {
        let grouping = try Self.grouping()
        func address(_ text: String?) throws -> Address? { try text.map { try #require(Address($0)) } }
        let place = grouping.place(from: try address(source), to: try address(destination))
        #expect(place.map { grouping.groups[$0].name } == expected)
    }

    @Test(
        "Of equals the first counts; without groups nothing does; without routes nobody knows where it came in"
    )
    func edges() throws {
        let twins = Grouping([
            TrafficGroup(name: "a", protects: [try Self.prefix("10.0.0.0/8")]),
            TrafficGroup(name: "b", protects: [try Self.prefix("10.0.0.0/8")]),
        ])
        #expect(twins.place(from: nil, to: Address("10.0.0.1")) == 0)
        #expect(Grouping().place(from: Address("10.0.0.1"), to: Address("::1")) == nil)
        let blind = Grouping([TrafficGroup(name: "a", roles: [.lan, .wan])])
        #expect(blind.place(from: Address("10.0.0.1"), to: Address("10.0.0.2")) == nil)
    }
}
