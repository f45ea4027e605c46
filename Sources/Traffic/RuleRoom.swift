/// How many rules a data plane has room for, but for the allow-list, which has room of its own.
package struct RuleRoom: Hashable, Sendable {
    /// Where a rule takes room: among those on all traffic of a source, or among those on traffic to one address.
    package enum Table: Int, CaseIterable, Hashable, Sendable {
        case sources, scopes

        package init(_ rule: Rule) {
            if case .source = rule.match { self = .sources } else { self = .scopes }
        }
    }

    package var sources: Int
    package var scopes: Int

    package init(sources: Int = 147_456, scopes: Int = 16_384) {
        self.sources = sources
        self.scopes = scopes
    }

    package subscript(table: Table) -> Int { table == .sources ? sources : scopes }
}
