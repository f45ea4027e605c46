package import Traffic

/// Rules in replay: kept, never enforced.
///
/// The capture's packets are past, and are all counted.
package final class RuleRecord: RuleSink {
    package private(set) var rules: [UInt32: Rule] = [:]

    package init() {}

    package func install(_ rules: [Rule]) -> Set<UInt32> {
        for rule in rules { self.rules[rule.id] = rule }
        return []
    }

    package func remove(_ rules: [Rule]) {
        for rule in rules { self.rules[rule.id] = nil }
    }

    /// Nobody else changes the record.
    package func mend(_ wanted: [Rule], in part: RulePart) -> RuleDrift { RuleDrift() }

    /// Nothing was dropped.
    package func counters() -> [RuleCounters] { [] }

    /// Nobody is asked.
    package func know(_ sources: [KnownSource], isAll: Bool) {}
}
