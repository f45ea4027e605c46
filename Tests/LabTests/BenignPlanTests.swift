import Testing
import Traffic

@testable import Lab

@Suite("Benign traffic, planned")
struct BenignPlanTests {
    private static func entries(
        _ neighbourhood: Neighbourhood, seed: UInt64, count: Int = 400
    ) -> [BenignPlan.Entry] {
        let network = BenignNetwork(name: "sluice-1", neighbourhood: neighbourhood)
        var plan = BenignPlan(network, folder: "/lab", seed: seed, speed: 2, activities: [])
        var entries: [BenignPlan.Entry] = []
        while entries.count < count { entries += plan.next() }
        return entries
    }

    @Test("the same seed gives the same plan, another seed another", arguments: Neighbourhood.allCases)
    func seeds(neighbourhood: Neighbourhood) {
        let plan = Self.entries(neighbourhood, seed: 7)
        #expect(plan == Self.entries(neighbourhood, seed: 7))
        #expect(plan != Self.entries(neighbourhood, seed: 8))
    }

    @Test("hosts have addresses on their own side, and every program is one that is installed for it")
    func programs() throws {
        let near = try ["10.20.0.0/16", "2001:db8:20::/48"].map { try #require(Prefix($0)) }
        let known = Set(Toolbox.benign.map(\.program)).union(["sh", "redis-benchmark"])
        for neighbourhood in Neighbourhood.allCases {
            for entry in Self.entries(neighbourhood, seed: 3) {
                let client = try #require(Address(entry.errand.client), "\(entry)")
                let isNear = near.contains { $0.contains(client) }
                for case .run(let command) in entry.errand.steps {
                    #expect(known.contains(command.program))
                    #expect(command.namespace == "sluice-1-\(isNear ? "near" : Self.side(of: client))")
                }
                guard let server = Address(entry.errand.server) else { continue }
                #expect(near.contains { $0.contains(server) } != isNear, "\(entry)")
            }
        }
    }

    private static func side(of client: Address) -> String {
        Prefix("100.64.0.0/16")?.contains(client) == true ? "crowd" : "far"
    }

    @Test("errands begin at the rate of the habit, on average over seeds")
    func rates() {
        var hours = 0.0
        var count = 0
        for seed in 0..<40 as Range<UInt64> {
            let entries = Self.entries(.office, seed: seed, count: 600)
            hours += (entries.last?.start ?? 0) / 3600
            count += entries.count
        }
        let usual = Neighbourhood.office.habits.map(\.perHour).reduce(0, +)
        #expect((0.7...1.5).contains(Double(count) / hours / usual))
    }

    @Test("a bounded Pareto distribution has its median, and nothing outside its bounds")
    func pareto() {
        var draw = Draw(seed: 1)
        let values = (0..<20_001).map { _ in draw.pareto(2, 1.5, most: 1000) }.sorted()
        #expect(values.allSatisfy { (2...1000).contains($0) })
        // Half of the mass: 2 * (1 - (1 - 2^(-1.5) * ...) / 2)^(-1/1.5), for bounds far apart 2 * 2^(1/1.5).
        #expect(abs(values[10_000] - 3.17) < 0.1)
    }
}
