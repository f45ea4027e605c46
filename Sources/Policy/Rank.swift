import Traffic

/// Who has to give way when a table of rules is full, the first first.
///
/// A rule may fill its table up to the share of its rank. Beyond that it takes the place of the oldest rules of lower ranks; where
/// there are none it is not made. So whoever invents names fills what is theirs at most, and keeps nothing else out.
enum Rank: Int, CaseIterable, Comparable, Hashable, Sendable {
    /// Automatic, on a name that anybody may have borrowed.
    case forgeable
    /// Automatic, on a source whose address is its own.
    case proven
    /// Automatic, on what is attacked.
    case service
    case manual

    static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }

    init(_ sanction: Sanction) {
        if sanction.rule.origin == .manual {
            self = .manual
        } else if case .scope(let scope) = sanction.rule.match, scope.source == nil {
            self = .service
        } else {
            self = sanction.isProven ? .proven : .forgeable
        }
    }

    /// How many rules there may be in a table of this size for one of this rank to be added.
    ///
    /// Of sources hardly any rule is on a borrowed name, so their share is small.
    func share(of room: Int, in table: RuleRoom.Table) -> Int {
        switch self {
        case .forgeable: table == .scopes ? room / 2 : room / 16
        case .proven: room / 4 * 3
        case .service: room / 16 * 15
        case .manual: room
        }
    }
}

extension Rule.Scope {
    /// What is attacked, whoever does it.
    var service: Rule.Scope { Rule.Scope(destination: destination, protocol: `protocol`, port: port) }

    /// The host that is attacked.
    var host: Rule.Scope { Rule.Scope(destination: destination) }
}
