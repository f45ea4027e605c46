import Detection
import Policy
import Testing
import Traffic

@Suite("From neighbours to networks")
struct WideningTests {
    private func ban(_ sources: [String], in scenario: inout Scenario) throws {
        for source in sources { scenario.decide(try .of(source)) }
    }

    private static let neighbours4 = (1...4).map { "192.0.2.\($0)" }
    private static let neighbours6 = (1...4).map { "2001:db8:1:\($0)::/64" }

    @Test(
        "The fourth banned neighbour brings a ban on the network",
        arguments: [(neighbours4, "192.0.2.0/24"), (neighbours6, "2001:db8:1::/56")])
    func widens(_ sources: [String], _ network: String) throws {
        var scenario = Scenario()
        try ban(Array(sources.dropLast()), in: &scenario)
        #expect(scenario.installed.count == 3)
        try ban([sources[3]], in: &scenario)
        let wide = try Scenario.prefix(network)
        #expect(scenario.installed.values.count { $0.match == .source(wide) } == 1)
        // The next one in it makes no rule of its own any more.
        let count = scenario.installed.count
        try ban([network.contains(":") ? "2001:db8:1:77::/64" : "192.0.2.77"], in: &scenario)
        #expect(scenario.installed.count == count)
    }

    @Test("Four such networks of an IPv6 site bring a ban on the site, and nothing is wider than that")
    func widensTwice() throws {
        var scenario = Scenario()
        for network in 0..<4 {
            try ban((1...4).map { "2001:db8:1:\(network)0\($0)::/64" }, in: &scenario)
        }
        let sources = scenario.installed.values.map(\.match.prefix)
        #expect(sources.contains(try Scenario.prefix("2001:db8:1::/48")))
        #expect(sources.allSatisfy { $0.length >= 48 })
    }

    @Test("As wide as the operator lets it: a network further, or not at all")
    func widest() throws {
        func lengths(_ settings: PolicySettings) throws -> Set<Int> {
            var scenario = Scenario(settings: settings)
            try ban(Self.neighbours4, in: &scenario)
            for network in 0..<4 {
                try ban((1...4).map { "2001:db8:1:\(network)0\($0)::/64" }, in: &scenario)
            }
            return Set(scenario.installed.values.map(\.match.prefix.length))
        }
        #expect(try lengths(PolicySettings()) == [32, 24, 64, 56, 48])
        #expect(try lengths(PolicySettings(widestIPv4: 25, widestIPv6: 49)) == [32, 64, 56])
        #expect(try lengths(PolicySettings(widestIPv4: 32, widestIPv6: 64)) == [32, 64])
    }

    @Test("Never over what is allowed, protected, or known by answered connections")
    func sparesOthers() throws {
        var allowed = Scenario()
        try allowed.allow("192.0.2.200")
        try ban(Self.neighbours4, in: &allowed)
        var protected = Scenario(protected: [
            ProtectedPrefix(prefix: try Scenario.prefix("192.0.2.200"), reason: "gateway of eth0")
        ])
        try ban(Self.neighbours4, in: &protected)
        var known = Scenario()
        try known.meet(["192.0.2.200"], for: .seconds(15))
        try ban(Self.neighbours4, in: &known)
        for scenario in [allowed, protected, known] {
            let banned = scenario.installed.values.filter { $0.action == .deny }.map(\.match.prefix)
            #expect(banned.count == 4 && banned.allSatisfy(\.isSingleAddress))
        }
    }

    @Test("Forged sources widen nothing: what is not proven is no evidence")
    func ignoresForged() throws {
        var scenario = Scenario()
        let target = Target(address: try #require(Address("198.51.100.5")), protocol: .tcp, port: 80)
        for source in Self.neighbours4 {
            scenario.decide(try .of(source, target: target, isTwoWay: false))
        }
        #expect(scenario.installed.count == 4)
    }
}
