/// A service outside, whoever calls it.
struct Callee {
    /// Sources that have called it so far.
    var callers: Int32 = 0
    /// When the last of them turned up, in seconds.
    var updated: Int64 = 0

    /// So many of a site may have been taken over by the same stranger; what more of them call is a service that the site uses.
    static let few: Int32 = 3

    /// Those with many callers stay longer.
    var worth: Int64 { updated + 60 * Int64(min(callers, 60)) }
}
