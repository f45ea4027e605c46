import Features
import Traffic

/// The accepted number of false alarms of each policy group, and of everything in none.
package struct AcceptedAlarms: Hashable, Sendable {
    /// How many a day are acceptable in what is in no group.
    package var perDay: Double
    /// In groups by name; those that are not here accept as many as the rest.
    package var inGroups: [String: Double]

    package init(perDay: Double = 24, inGroups: [String: Double] = [:]) {
        self.perDay = perDay
        self.inGroups = inGroups
    }

    /// How many a day are acceptable in a group.
    func perDay(in group: String?) -> Double { group.flatMap { inGroups[$0] } ?? perDay }
}

/// One budget for each group, and which of them a window counts against.
struct AlarmBudgets {
    private static let prior = 1000.0

    private var grouping: Grouping
    /// The first is of everything in no group, the others follow `grouping`.
    private var budgets: [AlarmBudget]
    /// Windows of each so far.
    private var windows: [Double]

    init(_ accepted: AcceptedAlarms, grouping: Grouping) {
        self.grouping = grouping
        let names = [nil] + grouping.groups.map(\.name)
        budgets = names.map { AlarmBudget(acceptedPerDay: accepted.perDay(in: $0)) }
        windows = Array(repeating: 0, count: budgets.count)
    }

    /// Takes up other groups; those of the same name and budget go on.
    mutating func regroup(_ accepted: AcceptedAlarms, _ grouping: Grouping) {
        var changed = AlarmBudgets(accepted, grouping: grouping)
        for (place, name) in changed.names.enumerated() {
            guard let old = names.firstIndex(of: name) else { continue }
            changed.windows[place] = windows[old]
            if budgets[old].accepted == changed.budgets[place].accepted {
                changed.budgets[place] = budgets[old]
            }
        }
        self = changed
    }

    /// The groups by their place.
    var names: [String?] { [nil] + grouping.groups.map(\.name) }

    /// Where in `bars` and `count` a window belongs, and where a verdict.
    func place(of window: Window) -> Int { grouping.place(of: window).map { $0 + 1 } ?? 0 }
    func place(of verdict: Verdict) -> Int { grouping.place(of: verdict).map { $0 + 1 } ?? 0 }

    /// The bars of each place; `judges` has for each which of `models` judges it, of which those are `nil` that have not
    /// learned yet.
    func bars(_ view: Entity.View, judges: [Int], models: [SiteModel?]) -> [Bars] {
        // As if each had a thousand windows more: nothing seen yet is no reason for the lowest bar.
        let weights = windows.map { $0 + Self.prior }
        return budgets.indices.map { place in
            let all = zip(weights, judges).reduce(0) { $0 + ($1.1 == judges[place] ? $1.0 : 0) }
            return Bars(
                site: models[judges[place]], view: view, share: weights[place] / all, budget: budgets[place])
        }
    }

    /// Counts the windows and alarms of one reading, by place.
    mutating func count(windows: [Int], alarms: [Int], at time: Timestamp) {
        for place in budgets.indices {
            self.windows[place] += Double(windows[place])
            budgets[place].count(alarms: alarms[place], at: time)
        }
    }

    /// Takes an operator's word on a verdict.
    mutating func learn(from verdict: Verdict, wasRight: Bool, at time: Timestamp) {
        let place = place(of: verdict)
        if wasRight { budgets[place].forgive() } else { budgets[place].count(alarms: 1, at: time) }
    }

    /// How many a day are accepted in these places together.
    func accepted(in places: [Int]) -> Double { places.reduce(0) { $0 + budgets[$1].accepted } }

    /// What is accepted in each group, and what came: alarms by score without countable evidence.
    var rates: [(group: String?, accepted: Double, realised: AlarmRate)] {
        zip(names, budgets).map { ($0, $1.accepted, $1.realised) }
    }

    var count: Int { budgets.count }
}
