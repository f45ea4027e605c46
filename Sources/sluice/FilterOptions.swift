import API
import ArgumentParser
import Traffic

/// Which entries of a list.
///
/// The agent picks them out, but for lists that it gives as a whole: what is allowed and what is protected.
struct FilterOptions: ParsableArguments, EntryFilter {
    @Option(help: "Only later ones: how long ago (1h), or a time.", transform: parseSince)
    var since: Timestamp?

    @Option(
        help: ArgumentHelp(
            "Only those on a source that has an address in common with this.", valueName: "prefix"),
        transform: parsePrefix)
    var source: Prefix?

    @Option(help: ArgumentHelp("Only those with exactly this reason, such as scan.", valueName: "word"))
    var reason: String?

    @Option(help: "How many at most.", transform: parseLimit)
    var limit: Int?

    func query<Order>(_ order: Order) -> ListQuery<Order> {
        ListQuery(since: since, source: source, reason: reason, limit: limit, order: order)
    }

    /// What is asked for, of a list that the agent gives as a whole.
    func select<Entry>(
        _ entries: [Entry], since time: (Entry) -> Timestamp?, source prefix: (Entry) -> Prefix,
        reason words: (Entry) -> String?
    ) -> [Entry] {
        let wanted = entries.filter {
            admits(time: time($0), prefix: prefix($0), reason: words($0))
        }
        return Array(wanted.prefix(limit ?? .max))
    }

    /// The sentence for an empty list, unless it is empty because of what was asked for.
    func nothing(_ sentence: String) -> String {
        since == nil && source == nil && reason == nil ? sentence : "Nothing that fits."
    }
}
