import Features
package import Traffic

extension Grouping {
    /// Whose models there are: everybody's who has none of his own (`nil`) first, then each group's that has.
    var modelGroups: [String?] { [nil] + groups.filter(\.hasOwnModel).map(\.name) }

    /// The place of the group that a verdict belongs to: who does it, and to whom most of it goes.
    package func place(of verdict: Verdict) -> Int? {
        place(of: verdict.entity, target: verdict.target?.address)
    }

    /// The same of a window, so that it is judged by the threshold of the group that would act on it.
    func place(of window: Window) -> Int? {
        groups.isEmpty ? nil : place(of: window.entity, target: window.evidence.largestFlow?.destination)
    }

    private func place(of entity: Entity, target: Address?) -> Int? {
        switch entity.view {
        case .source: place(from: entity.prefix.address, to: target)
        case .destination: place(from: nil, to: target ?? entity.prefix.address)
        }
    }
}
