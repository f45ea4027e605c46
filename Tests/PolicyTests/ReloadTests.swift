import Policy
import Testing
import Traffic

@Suite("A changed configuration")
struct ReloadTests {
    private let now = Timestamp(seconds: 1_000_000)

    private func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }

    @Test("New entries of the allow-list lift what they cover, entries that are gone end, those by hand stay")
    func changesAllowList() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        _ = policy.start(allowing: [try prefix("192.0.2.0/24")], restoring: SavedState(), at: now)
        _ = try policy.allow(try prefix("203.0.113.7"), for: nil, reason: "by hand", at: now)
        _ = try policy.ban(try prefix("198.51.100.7"), for: nil, reason: nil, at: now)
        let changes = policy.reconfigure(
            PolicySettings(), mode: .enforce, allowing: [try prefix("198.51.100.0/24")], at: now)
        #expect(policy.allowList.map { "\($0.prefix)" } == ["198.51.100.0/24", "203.0.113.7"])
        #expect(policy.sanctions.isEmpty)
        #expect(changes.install.count == 1 && changes.remove.count == 2)
        #expect(
            policy.reconfigure(
                PolicySettings(), mode: .enforce, allowing: [try prefix("198.51.100.0/24")], at: now
            ).install.isEmpty)
    }

    @Test("Another mode holds for what comes, and shadows or enforces what is in force")
    func changesMode() throws {
        var policy = Policy(settings: PolicySettings(), mode: .shadow)
        _ = policy.reconfigure(PolicySettings(), mode: .enforce, allowing: [], at: now)
        #expect(policy.mode == .enforce)
    }
}
